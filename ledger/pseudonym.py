"""What follows from a person's pseudonym, for one purpose and epoch (MATCHING, "Bytes").

`y` is the 64-byte output of the VOPRF. Everything here is derived from it as

    KDF(label, fields, n) =
        HKDF-Expand-SHA-512(y, enc("signaalketen/<label>/v1", origin, fields…), n)

    locators    ("locator", purpose, epoch, author; 256): 16 locators of 16 bytes
    card key    ("card", purpose, epoch, author, signal's entry id; 32)
    answer key  ("answer", purpose, epoch, answering issuer, located signal's entry id,
                 locate's entry id; 32)
    match id    ("match", purpose, epoch, lower signal's entry id, higher signal's entry id; 16)

Without y each of them looks like random bytes.
"""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ledger.encoding import Digest, enc
from ledger.errors import MalformedError
from ledger.voprf import OUTPUT_BYTES

SLOTS = 16
"""How many signals about one person an author can place in one epoch."""
LOCATOR_BYTES = 16
MATCH_ID_BYTES = 16
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """A person under (`purpose`, `epoch`) of the ledger `origin`; `y` is never printed."""

    origin: str
    purpose: str
    epoch: int
    y: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse an output of another size."""
        if len(self.y) != OUTPUT_BYTES:
            raise MalformedError(f"pseudonym: expected {OUTPUT_BYTES} bytes")

    def locators(self, author: str) -> tuple[bytes, ...]:
        """Return the 16 locators under which `author` may place signals about this person."""
        joined = self._derive("locator", author, size=SLOTS * LOCATOR_BYTES)
        return tuple(joined[at : at + LOCATOR_BYTES] for at in range(0, len(joined), LOCATOR_BYTES))

    def card_key(self, *, author: str, signal: Digest) -> bytes:
        """Return the key of the card of `author`'s signal with that entry id."""
        return self._derive("card", author, signal, size=_KEY_BYTES)

    def answer_key(self, *, answerer: str, signal: Digest, locate: Digest) -> bytes:
        """Return the key under which `answerer` answers the signal placed by `locate`."""
        return self._derive("answer", answerer, signal, locate, size=_KEY_BYTES)

    def match_id(self, *, lower: Digest, higher: Digest) -> bytes:
        """Return the id of the match of two signals, given by entry id in order of height."""
        return self._derive("match", lower, higher, size=MATCH_ID_BYTES)

    def _derive(self, label: str, *fields: bytes | str, size: int) -> bytes:
        context = enc(f"signaalketen/{label}/v1", self.origin, self.purpose, self.epoch, *fields)
        return HKDFExpand(SHA512(), size, context).derive(self.y)
