"""Checkpoints: a log's signed statement of its size and root hash.

The text of a checkpoint is three lines, each ended by a newline:

    signaalketen.test/demo
    4096
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

One checkpoint has exactly one text, so a signature has exactly one meaning.
Follows c2sp.org/tlog-checkpoint, without extension lines.
"""

from dataclasses import dataclass
from typing import Self

from ledger.encoding import Digest, from_base64, to_base64
from ledger.errors import MalformedError
from ledger.note import is_key_name

MAX_SIZE_DIGITS = 19


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log named `origin` holds `size` blocks whose Merkle root is `root`."""

    origin: str
    size: int
    root: Digest

    def __post_init__(self) -> None:
        """Refuse what has no canonical text."""
        if not is_key_name(self.origin):
            raise MalformedError("checkpoint: the origin must be fit to name a key")
        if not 0 <= self.size < 10**MAX_SIZE_DIGITS:
            raise MalformedError(f"checkpoint: the size has 1 to {MAX_SIZE_DIGITS} digits")
        if len(self.root) != 32:
            raise MalformedError("checkpoint: the root has 32 bytes")

    def encode(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read a checkpoint; the exact inverse of `encode`.

        Raises:
            MalformedError: `text` is not what `encode` returns.
        """
        try:
            origin, size, root, _ = text.split("\n")
            checkpoint = cls(origin, int(size), Digest(from_base64(root, size=32)))
        except ValueError as cause:
            raise MalformedError("checkpoint: expected origin, size and root") from cause
        # int() also reads "042", "+42" and "4_2". Encoding again admits the one
        # canonical spelling.
        if checkpoint.encode() != text:
            raise MalformedError("checkpoint is not canonical")
        return checkpoint
