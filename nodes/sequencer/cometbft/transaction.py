"""Transactions: what the engine orders. One carries one submission.

enc(entry, entry, …)        1 to 64 entry notes; see `ledger.encoding`
"""

from collections.abc import Sequence

from ledger.encoding import enc, split_enc
from ledger.errors import MalformedError
from nodes.sequencer.port import MAX_SUBMISSION

MAX_TRANSACTION_BYTES = 64 * (64 * 1024 + 4)
MAX_BLOCK_ENTRIES = 10 * MAX_SUBMISSION
"""How many entries a proposal may carry: checking them must not take longer than a step."""


def encode_transaction(entries: Sequence[bytes]) -> bytes:
    """Return the transaction that carries `entries`."""
    return enc(*entries)


def decode_transaction(raw: bytes) -> list[bytes]:
    """Return the entries in a transaction.

    Raises:
        MalformedError: not a transaction of 1 to 64 entries.
    """
    entries = split_enc(raw)
    if not 1 <= len(entries) <= MAX_SUBMISSION:
        raise MalformedError(f"a transaction carries 1 to {MAX_SUBMISSION} entries")
    return entries


def entries_of(block: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the entries of a decided block's transactions, in order.

    What is no transaction counts as one entry, which every node then skips alike.
    """
    entries: list[bytes] = []
    for raw in block:
        try:
            entries += decode_transaction(raw)
        except MalformedError:
            entries.append(raw)
    return tuple(entries)
