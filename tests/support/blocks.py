"""Blocks that stand for themselves: signed by nobody in particular, linked to nothing.

For readers of a chain that take it as audited already.
"""

from ledger.block import NO_PREVIOUS, Block
from ledger.entry import Entry, SignedEntry
from ledger.heights import Heights
from ledger.key import KeyType, SigningKey
from ledger.note import SignatureLine
from tests.support.parties import DAY
from tests.support.signers import ORIGIN


def make_block(height: int, author: str, kind: str, *named: int, lines: int = 2) -> Block:
    """Return a block by `author` that names heights, with so many signature lines."""
    further = Heights(named).encode() if named else ""
    entry = Entry(ORIGIN, author, kind, DAY, bytes([height % 256]) * 32, further)
    signed = tuple(_sign(entry, by) for by in (author, "bzk", "szw", "svb")[:lines])
    return Block(height, NO_PREVIOUS, SignedEntry.of(entry, signed))


def _sign(entry: Entry, member: str) -> SignatureLine:
    key = SigningKey(f"{ORIGIN}/{member}", KeyType.ED25519, member.encode().ljust(32))
    return key.sign(entry.encode())
