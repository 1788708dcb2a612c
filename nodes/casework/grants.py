"""Grants: what is handed over of an own signal, and whether what was received is what was posted.

Nothing received is believed: the share must open the commitment in the block of the very signal of
the match, which is final; the JWT be its author's, by the key of the document in force there; its
BSN that of our own signal. It is checked before anything of it is stored, and again when shown.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from sqlalchemy import Connection

from ledger.block import Block
from ledger.body import Body, Share
from ledger.bsn import Bsn
from ledger.disclosure import Disclosure, disclose, verify_disclosure
from ledger.encoding import to_base64
from ledger.errors import DeniedError, MalformedError, VerificationError
from ledger.exchange.message import Grant
from ledger.sdjwt import SdJwt, disclosure_digest, read_disclosure
from nodes.casework.documents import Documents
from nodes.casework.moment import Moment
from nodes.store import chain
from nodes.store.matches import Match
from nodes.store.signals import Signals


@dataclass(frozen=True, slots=True)
class Proof:
    """What shows that fields are those that `author` committed to when it posted its signal.

    The block at `height` holds the entry of that `entry_id`, dated `day`, with the `commitment`
    (base64). `digests` are those of the body's items, which open it; `claims` the digests in the
    SD-JWT of what is shown, by field; `key` is the name of the key that signed it.
    """

    author: str
    height: int
    day: date
    entry_id: str
    commitment: str
    digests: tuple[str, ...]
    claims: dict[str, str]
    key: str


@dataclass(frozen=True, slots=True)
class Verified:
    """Fields that were checked, and what proves them."""

    fields: dict[str, str] = field(repr=False)
    proof: Proof


class Grants:
    """Makes and checks disclosures."""

    def __init__(
        self,
        *,
        signals: Signals,
        documents: Documents,
        moment: Moment,
        final: Callable[[], int],
    ) -> None:
        """Disclose own `signals`; `final` tells how many blocks are final here."""
        self._signals = signals
        self._documents = documents
        self._moment = moment
        self._final = final

    def disclose(
        self, connection: Connection, match: Match, *, fields: Collection[str]
    ) -> Disclosure:
        """Return what of the own signal in a match is handed over.

        Raises:
            DeniedError: the signal was withdrawn, or is not whole here any more.
        """
        own = self._signals.get(connection, match.own_local_id)
        if own is None or own.is_withdrawn or not own.purpose:
            raise DeniedError("withdrawn", "the signal was withdrawn; there is nothing to grant")
        share = Share.decode(self._signals.body(connection, own.local_id))
        sdjwt = SdJwt.decode(self._signals.disclosures.sdjwt(connection, own.local_id))
        try:
            return disclose(Body(share.items, share.r), sdjwt, fields=fields)
        except MalformedError as cause:
            raise DeniedError(
                "not-there", "the signal lacks a field; refuse the request, or grant less"
            ) from cause

    def verify(self, connection: Connection, match: Match, grant: Grant) -> Verified:
        """Return the fields that a grant shows of the other signal in a match.

        Raises:
            MalformedError: bytes that no honest author sends.
            VerificationError: not what was posted, of another signal, issuer or person, expired.
        """
        raw = None if match.height >= self._final() else chain.block_at(connection, match.height)
        if raw is None:
            raise VerificationError("disclosure: the block of the signal is not final here")
        signed = Block.decode(raw).signed
        heights = self._documents.heights(connection)
        document = self._documents.at(connection, match.height, heights=heights)
        author = document.by_name.get(match.member)
        if author is None or signed.entry.author != match.member:
            raise VerificationError("disclosure: its signal is by another agency")
        texts = {read_disclosure(text).name: text for text in grant.disclosure.disclosures}
        fields = verify_disclosure(
            grant.disclosure,
            entry=signed.entry,
            key=author.sdjwt_key,
            bsn=Bsn(match.digits),
            granted=set(texts) - {"bsn"},
            now=_seconds(self._moment.now(), since=signed.entry.day),
        )
        commitment = signed.entry.commitment
        proof = Proof(
            author=match.member,
            height=match.height,
            day=signed.entry.day,
            entry_id=signed.id.hex(),
            commitment="" if commitment is None else to_base64(commitment),
            digests=tuple(digest.hex() for digest in grant.disclosure.share.digests),
            claims={name: disclosure_digest(texts[name]) for name in fields},
            key=author.sdjwt_key.name,
        )
        return Verified(fields, proof)


def _seconds(now: datetime, *, since: date) -> int:
    """Return the time for its terms: a clock set back makes nothing invalid that is final."""
    return int(max(now, datetime.combine(since, time(), UTC)).timestamp())
