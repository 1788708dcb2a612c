import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding import enc
from ledger.errors import MalformedError
from nodes.sequencer.cometbft.transaction import (
    decode_transaction,
    encode_transaction,
    entries_of,
)


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=64))
def test_transactions_survive_their_encoding(entries: list[bytes]) -> None:
    assert decode_transaction(encode_transaction(entries)) == entries


@given(st.binary(max_size=60))
def test_a_transaction_decodes_canonically_or_is_refused(raw: bytes) -> None:
    try:
        entries = decode_transaction(raw)
    except MalformedError:
        return
    assert encode_transaction(entries) == raw


@pytest.mark.parametrize("count", [0, 65])
def test_no_transaction_carries_none_or_more_than_a_submission(count: int) -> None:
    with pytest.raises(MalformedError):
        decode_transaction(enc(*[b"entry"] * count))


def test_what_is_no_transaction_counts_as_one_entry_in_its_place() -> None:
    block = [encode_transaction([b"a", b"b"]), b"junk", encode_transaction([b"c"])]

    assert entries_of(block) == (b"a", b"b", b"junk", b"c")
