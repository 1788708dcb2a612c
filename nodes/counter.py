"""The counter: what this agency's own people ask of their node."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from weakref import WeakValueDictionary

from sqlalchemy import Connection

from ledger.block import Block
from ledger.body import Share
from ledger.disclosure import BSN
from ledger.encoding import Digest
from ledger.errors import LedgerError
from ledger.sdjwt import SdJwt, own_claims
from nodes.cases import Cases, Standing
from nodes.errors import GoneError, InputError, NodeError, NotFoundError
from nodes.intake import Intake
from nodes.keyring import Keyring
from nodes.log import Log
from nodes.logbook import CUSTODY, Act, Logbook, Processing
from nodes.outbox import Outbox
from nodes.signal import Posting
from nodes.store import chain as store
from nodes.store.custody import Custody
from nodes.store.database import Database
from nodes.store.signals import OwnSignal, Signals
from nodes.tracing import current

MAX_BATCH = 100
# Drafting is a millisecond of work each; between handfuls others get their turn.
_HANDFUL = 16


@dataclass(frozen=True, slots=True)
class Posted:
    """An own signal in its present state, with its receipt once it is final.

    `waits_for` says why it is not on the chain yet, where this node knows.
    """

    signal: OwnSignal
    receipt: bytes | None
    standing: Standing
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class HeldItem:
    """An item of a body as the privacy officer sees it; `content` is None where not held."""

    index: int
    digest: Digest
    content: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class HeldBody:
    """What this node holds of one block's body, and as what."""

    height: int
    author: str
    kind: str
    holder: str
    items: tuple[HeldItem, ...]
    claims: dict[str, str] = field(repr=False)


class Counter:
    """Posts, and shows what this agency may see of its own."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        log: Log,
        intake: Intake,
        outbox: Outbox,
        signals: Signals,
        custody: Custody,
        database: Database,
        cases: Cases,
        logbook: Logbook,
        wait_seconds: float,
        order_trouble: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Let a post wait `wait_seconds` for its receipt; ask `order_trouble` why none comes."""
        self._order_trouble = order_trouble
        self._keyring = keyring
        self._log = log
        self._intake = intake
        self._outbox = outbox
        self._signals = signals
        self._custody = custody
        self._database = database
        self._cases = cases
        self._logbook = logbook
        self._wait_seconds = wait_seconds
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def post(self, posting: Posting, *, caller: str, key: str, request: bytes) -> Posted:
        """Post a signal and wait for its receipt, or for as long as the settings say.

        Raises:
            NodeError: as `Outbox.post`.
        """
        local_id = await self._intake.post(posting, caller=caller, key=key, request=request)
        await self._outbox.wait_final(local_id, timeout=self._wait_seconds)
        return self.signal(local_id)

    async def post_batch(
        self,
        postings: Sequence[Posting | NodeError],
        *,
        caller: str,
        key: str,
        request: bytes,
    ) -> list[Posted | NodeError]:
        """Post what is sound of up to 100 `postings`; each gets its own outcome, in their order.

        Raises:
            ConflictError: the key was used for another batch; nothing was posted.
        """
        places = [_place(key, request, at) for at in range(MAX_BATCH)]
        outcomes: list[str | NodeError] = []
        # Two batches under one key take turns, so that the second finds what the first took.
        async with self._turns.setdefault((caller, key), asyncio.Lock()):
            self._intake.verify_keys(caller=caller, requests=dict(places))
            for start in range(0, len(postings), _HANDFUL):
                handful = zip(postings, places, strict=False)
                outcomes += await asyncio.gather(
                    *(
                        self._take(posting, caller=caller, place=place)
                        for posting, place in islice(handful, start, start + _HANDFUL)
                    )
                )
        local_ids = [outcome for outcome in outcomes if isinstance(outcome, str)]
        await asyncio.gather(
            *(self._outbox.wait_final(i, timeout=self._wait_seconds) for i in local_ids)
        )
        return [self._outcome(o) if isinstance(o, str) else o for o in outcomes]

    def signal(self, local_id: str) -> Posted:
        """Return an own signal, or what stands in its place, under the id that callers know.

        Raises:
            NotFoundError: none of that local id.
            GoneError: it was withdrawn.
        """
        with self._database.read() as connection:
            signal = self._signals.get(connection, self._signals.anew.present(connection, local_id))
            known_as = self._signals.anew.first(connection, local_id)
        if signal is None:
            raise NotFoundError("no signal of this agency has that local id")
        if signal.is_withdrawn:
            raise GoneError("this signal was withdrawn")
        standing, shown = self._cases.standing(signal), replace(signal, local_id=known_as)
        if not signal.is_final or signal.height is None:
            return Posted(shown, None, standing, self._waits_for(signal))
        receipt = self._log.receipt(signal.height, is_inside=True)
        return Posted(shown, receipt.encode(), standing)

    async def show(self, local_id: str) -> Posted:
        """Record that an own signal is shown, and return it.

        Raises:
            NotFoundError: none of that local id.
            GoneError: it was withdrawn.
            StorageError: it could not be recorded.
        """
        with self._database.read() as connection:
            known = self._signals.get(connection, local_id)
            shown = self._shown(connection, [] if known is None else [known])
        posted = self.signal(local_id)
        await self._logbook.record(shown, trace=current())
        return posted

    def _shown(self, connection: Connection, signals: Sequence[OwnSignal]) -> list[Processing]:
        """Return what showing `signals` is to the logbook."""
        return [
            Processing(
                Act.SHOW,
                signal.purpose,
                self._signals.posting(connection, signal.local_id).bsn.digits,
            )
            for signal in signals
            if not signal.is_withdrawn
        ]

    def _waits_for(self, signal: OwnSignal) -> str | None:
        if signal.height is not None:
            return None
        refused = self._outbox.skipped.get(signal.local_id)
        return refused or self._order_trouble() or self._outbox.trouble

    def _outcome(self, local_id: str) -> Posted | NodeError:
        try:
            return self.signal(local_id)
        except GoneError as gone:
            return gone

    async def show_page(self, *, before: int | None, count: int) -> list[OwnSignal]:
        """Record that own signals are shown, and return up to `count` older than `before`.

        Newest first; `before` is a sequence.

        Raises:
            StorageError: it could not be recorded.
        """
        with self._database.read() as connection:
            signals = self._signals.page(connection, before=before, count=count)
            shown = self._shown(connection, signals)
            seen = [
                replace(signal, local_id=self._signals.anew.first(connection, signal.local_id))
                for signal in signals
            ]
        await self._logbook.record(shown, trace=current())
        return seen

    async def show_body(self, height: int) -> HeldBody:
        """Record that what is held behind a block is shown, and return it; as `body`.

        Raises:
            NotFoundError, GoneError: as `body`.
            StorageError: it could not be recorded.
        """
        held = self.body(height)
        with self._database.read() as connection:
            own = self._signals.at_height(connection, height)
            if own is None or own.is_withdrawn:
                shown = Processing(Act.SHOW_BODY, CUSTODY)
            else:
                digits = self._signals.posting(connection, own.local_id).bsn.digits
                shown = Processing(Act.SHOW_BODY, own.purpose, digits)
        await self._logbook.record([shown], trace=current())
        return held

    def body(self, height: int) -> HeldBody:
        """Return what this node holds of a block's body, for its own privacy officer.

        Raises:
            NotFoundError: no such block, or nothing of its body is held here.
            GoneError: what was held was erased, because its author withdrew the signal.
        """
        with self._database.read() as connection:
            raw = store.block_at(connection, height)
            if raw is not None:
                self._verify_not_erased(connection, height, Block.decode(raw).signed.entry.author)
            own = self._signals.at_height(connection, height)
            if own is not None:
                share = self._signals.body(connection, own.local_id)
                sdjwt: str | None = self._signals.disclosures.sdjwt(connection, own.local_id)
                holder = "author"
            else:
                held = self._custody.at_height(connection, height)
                share, sdjwt, holder = held or b"", None, "custodian"
        if raw is None or not share:
            raise NotFoundError("nothing of that block's body is held here")
        entry = Block.decode(raw).signed.entry
        return HeldBody(
            height=height,
            author=entry.author,
            kind=entry.kind,
            holder=holder,
            items=_held_items(Share.decode(share)),
            claims={} if sdjwt is None else self._claims(sdjwt, height),
        )

    def _verify_not_erased(self, connection: Connection, height: int, author: str) -> None:
        own = self._signals.at_height(connection, height)
        is_erased = self._cases.is_erased(connection, author, height)
        if is_erased or (own is not None and own.is_withdrawn):
            raise GoneError("the signal was withdrawn, and what was held of it is erased")

    async def _take(
        self, posting: Posting | NodeError, *, caller: str, place: tuple[str, bytes]
    ) -> str | NodeError:
        if isinstance(posting, NodeError):
            return posting
        key, request = place
        try:
            return await self._intake.post(posting, caller=caller, key=key, request=request)
        except InputError as refusal:
            return refusal

    def _claims(self, sdjwt: str, height: int) -> dict[str, str]:
        author = self._log.document_at(height).by_name.get(self._keyring.member)
        try:
            # Signed with the key of its day, which may have been rotated since.
            if author is None:
                return {}
            claims = own_claims(SdJwt.decode(sdjwt), key=author.sdjwt_key)
            # The page may show what was said, and not about whom.
            return {name: value for name, value in claims.items() if name != BSN}
        except LedgerError:
            # The items themselves still stand.
            return {}


def _place(key: str, request: bytes, at: int) -> tuple[str, bytes]:
    """Return key and request of the signal at place `at` of a batch."""
    # A caller's own key holds no space, so none for a signal alone is the same.
    return f"{key} {at}", request + f" {at}".encode()


def _held_items(share: Share) -> tuple[HeldItem, ...]:
    contents = {item.index: item.content for item in share.items}
    return tuple(
        HeldItem(index, digest, contents.get(index)) for index, digest in enumerate(share.digests)
    )
