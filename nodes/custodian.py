"""The custodian: holds its part of others' bodies, and signs that it does.

A push is enc(entry note, share, entry note, share, …), sealed to this node. Each pair is checked;
all that pass are stored in one transaction; only then are stored-lines made. The answer is
enc(word, word, …) in the same order: a signature line, or "code: detail" of a refusal.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection

from ledger.body import Share
from ledger.consortium import Consortium
from ledger.encoding import Digest, enc, split_enc
from ledger.entry import SignedEntry
from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.note import SignatureLine
from ledger.parts import verify_part
from ledger.rules.kind import verify_commitment_point, verify_line
from ledger.seal import SealContext, SealingPublicKey, open_sealed, seal
from nodes.clock import Clock
from nodes.keyring import Keyring
from nodes.logbook import CUSTODY, Act, Logbook, Processing
from nodes.peers.port import PULL, PUSH
from nodes.replica import Replica
from nodes.store import chain
from nodes.store.custody import Custody, Held
from nodes.store.database import Database
from nodes.store.writer import Writer
from nodes.tracing import Trace, current

MAX_PUSH = 64
_DAY = timedelta(days=1)
_LATE = RefusedError("late", "the entry's block has taken effect here")
_KINDS = frozenset({"signal", "locate", "answer", "erasure", "exchange"})
Parcel = tuple[bytes, bytes]
"""An entry note and its encoded share."""


def seal_push(
    parcels: Sequence[Parcel], *, to: SealingPublicKey, origin: str, sender: str, day: str
) -> bytes:
    """Return the payload that pushes up to 64 `parcels` to the holder of the key `to`."""
    fields = [part for parcel in parcels for part in parcel]
    context = SealContext(origin=origin, kind=PUSH, author=sender, date=day)
    payload = seal(enc(*fields), recipients=[to], context=context, random=secrets.token_bytes)
    return enc(day, payload)


def read_answers(raw: bytes, *, count: int) -> list[SignatureLine | RefusedError]:
    """Return a push's answers, in the order of its parcels.

    Raises:
        MalformedError: not `count` answers.
    """
    words = [word.decode(errors="replace") for word in split_enc(raw)]
    if len(words) != count:
        raise MalformedError("push: another number of answers than of parcels")
    answers: list[SignatureLine | RefusedError] = []
    for word in words:
        if word.startswith("— "):
            answers.append(SignatureLine.decode(word))
        else:
            code, _, detail = word.partition(": ")
            answers.append(RefusedError(code, detail))
    return answers


def verify_answer(
    answer: SignatureLine | RefusedError, signed: SignedEntry, *, by: str, document: Consortium
) -> SignatureLine | RefusedError:
    """Return `by`'s answer to a push; a line that the state machine would skip is a refusal."""
    if isinstance(answer, SignatureLine):
        try:
            signer = verify_line(answer, signed.text, document, reason="stored-line")
            if signer != by:
                raise RefusedError("stored-line", f"{by} answers with a line by {signer}")
        except RefusedError as refusal:
            return refusal
    return answer


class Custodian:
    """Answers `push` and `pull`."""

    def __init__(
        self,
        *,
        member: str,
        keyring: Keyring,
        replica: Replica,
        database: Database,
        writer: Writer,
        custody: Custody,
        clock: Clock,
        logbook: Logbook,
    ) -> None:
        """Sign stored-lines, and open pushes, with the keys of `keyring`."""
        self._member = member
        self._keyring = keyring
        self._sealing = keyring.sealing
        self._replica = replica
        self._database = database
        self._writer = writer
        self._custody = custody
        self._clock = clock
        self._logbook = logbook

    async def push(self, payload: bytes, *, sender: str, document: Consortium) -> bytes:
        """Store what holds of a push by `sender` and return the answers.

        Raises:
            MalformedError, VerificationError: the payload as a whole is not such a push.
            StorageError: nothing was stored.
        """
        parcels = self._open(payload, sender=sender, origin=document.origin)
        return enc(*await self.take(parcels, sender=sender, document=document))

    async def take(
        self, parcels: Sequence[Parcel], *, sender: str, document: Consortium
    ) -> list[str]:
        """Store what holds of `parcels` and return a word on each: a line, or why there is none.

        Raises:
            StorageError: nothing was stored.
        """
        outcomes: list[Held | RefusedError] = []
        for entry, share in parcels:
            try:
                outcomes.append(self._verify(entry, share, sender=sender, document=document))
            except RefusedError as refusal:
                outcomes.append(refusal)
        held = [outcome for outcome in outcomes if isinstance(outcome, Held)]
        if held:
            trace = current()
            late = await self._writer.do(lambda connection: self._hold(connection, held, trace))
            outcomes = [
                _LATE if isinstance(o, Held) and o.signed.id in late else o for o in outcomes
            ]
        # Signed only now: a stored-line says that the share is on this disk.
        return [self._word(outcome) for outcome in outcomes]

    async def pull(
        self, payload: bytes, *, sender: str, to: SealingPublicKey, origin: str
    ) -> bytes:
        """Return the shares of the entry ids in `payload` that are held for `sender`, sealed.

        Raises:
            MalformedError: not a list of up to 64 entry ids.
            StorageError: it could not be recorded; nothing is given.
        """
        ids = split_enc(payload)
        if not 1 <= len(ids) <= MAX_PUSH:
            raise MalformedError(f"pull: expected 1 to {MAX_PUSH} entry ids")
        with self._database.read() as connection:
            shares = [self._custody.give_back(connection, i, author=sender) or b"" for i in ids]
        given = [Processing(Act.GIVE_BACK, CUSTODY, asked_by=sender) for share in shares if share]
        await self._logbook.record(given, trace=current())
        day = self._clock.today().isoformat()
        context = SealContext(origin=origin, kind=PULL, author=sender, date=day)
        sealed = seal(enc(*shares), recipients=[to], context=context, random=secrets.token_bytes)
        return enc(day, sealed)

    def _hold(
        self, connection: Connection, held: Sequence[Held], trace: Trace | None
    ) -> set[Digest]:
        """Store shares, and return the ids of those that come after their block took effect here.

        Nobody would take these up any more: items of others would lie here for ever.
        """
        late = {h.signed.id for h in held if self._has_taken_effect(connection, h.signed)}
        kept = [h for h in held if h.signed.id not in late]
        self._custody.hold(connection, kept)
        self._logbook.write(
            connection,
            [Processing(Act.HOLD, CUSTODY, asked_by=h.signed.entry.author) for h in kept],
            trace=trace,
        )
        return late

    def _has_taken_effect(self, connection: Connection, signed: SignedEntry) -> bool:
        day = signed.entry.day
        if signed.id not in self._replica.state.recent.get(day, ()):
            return False
        height = chain.height_of(connection, signed.id, day=day)
        return height is not None and height < chain.cursor(connection, "effects")

    def _open(self, payload: bytes, *, sender: str, origin: str) -> list[Parcel]:
        fields = split_enc(payload)
        if len(fields) != 2:
            raise MalformedError("push: expected a day and a sealed frame")
        context = SealContext(
            origin=origin, kind=PUSH, author=sender, date=fields[0].decode(errors="replace")
        )
        parts = split_enc(open_sealed(fields[1], key=self._sealing, context=context))
        if not parts or len(parts) % 2 or len(parts) > 2 * MAX_PUSH:
            raise MalformedError(f"push: expected 1 to {MAX_PUSH} entries, each with its share")
        return list(zip(parts[::2], parts[1::2], strict=True))

    def _verify(self, raw: bytes, share: bytes, *, sender: str, document: Consortium) -> Held:
        try:
            signed = SignedEntry.decode(raw)
            entry = signed.entry
            if (entry.origin, entry.author) != (document.origin, sender):
                raise RefusedError("not-stored", "only the author's own entries are stored")
            if entry.kind not in _KINDS:
                raise RefusedError("not-stored", f"a {entry.kind} has no items for others")
            if entry.kind == "locate" and self._member not in self._replica.state.issuers:
                raise RefusedError("not-stored", "locators are for issuers alone")
            if len(signed.lines) != 1:
                raise RefusedError("signature", "expected the author's line and no other")
            if verify_line(signed.lines[0], signed.text, document, reason="signature") != sender:
                raise RefusedError("signature", "the line is not the author's")
            if abs(entry.day - self._clock.today()) > _DAY:
                raise RefusedError("date", f"{entry.day} is over a day from this node's clock")
            verify_commitment_point(signed)
            opened = Share.decode(share)
            with self._database.read() as connection:
                verify_part(
                    opened,
                    entry,
                    receiver=self._member,
                    locate_at=lambda height: chain.locate_at(connection, height),
                )
        except RefusedError:
            raise
        except LedgerError as cause:
            raise RefusedError("malformed", str(cause)) from cause
        return Held(signed, share)

    def _word(self, outcome: Held | RefusedError) -> str:
        if isinstance(outcome, RefusedError):
            return f"{outcome.reason}: {outcome.detail}"
        return self._keyring.entry.sign(outcome.signed.text).encode()
