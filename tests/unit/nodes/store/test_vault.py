import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.errors import StorageError
from nodes.store.vault import Vault

VAULT = Vault(box_key=bytes(32), mac_key=bytes([1]) * 32)


@given(st.binary(max_size=2000))
def test_a_box_opens_where_it_was_locked(value: bytes) -> None:
    box = VAULT.lock(value, table="signal", row="a1", column="case_box")

    assert VAULT.unlock(box, table="signal", row="a1", column="case_box") == value


@pytest.mark.parametrize(
    "place",
    [
        {"table": "orphan", "row": "a1", "column": "case_box"},
        {"table": "signal", "row": "a2", "column": "case_box"},
        {"table": "signal", "row": "a1", "column": "body_box"},
        # Places must not run together either.
        {"table": "signa", "row": "la1", "column": "case_box"},
    ],
)
def test_a_box_that_was_moved_does_not_open(place: dict[str, str]) -> None:
    box = VAULT.lock(b"value", table="signal", row="a1", column="case_box")

    with pytest.raises(StorageError, match=f"{place['table']}.{place['column']} does not open"):
        VAULT.unlock(box, table=place["table"], row=place["row"], column=place["column"])


def test_no_altered_byte_goes_unnoticed() -> None:
    box = VAULT.lock(b"value", table="signal", row="a1", column="case_box")

    for at in range(len(box)):
        altered = box[:at] + bytes([box[at] ^ 1]) + box[at + 1 :]
        with pytest.raises(StorageError):
            VAULT.unlock(altered, table="signal", row="a1", column="case_box")


@pytest.mark.parametrize("box", [b"", bytes(10), bytes(24), bytes(39)])
def test_what_is_too_short_for_a_box_does_not_open(box: bytes) -> None:
    with pytest.raises(StorageError):
        VAULT.unlock(box, table="signal", row="a1", column="case_box")


def test_a_box_does_not_open_under_another_key() -> None:
    box = VAULT.lock(b"value", table="signal", row="a1", column="case_box")
    other = Vault(box_key=bytes([2]) * 32, mac_key=bytes([1]) * 32)

    with pytest.raises(StorageError):
        other.unlock(box, table="signal", row="a1", column="case_box")


def test_one_value_has_another_box_every_time() -> None:
    boxes = {VAULT.lock(b"value", table="t", row="r", column="c") for _ in range(10)}

    assert len(boxes) == 10


def test_a_refusal_repeats_nothing_of_the_value_or_its_place() -> None:
    box = VAULT.lock(b"value", table="signal", row="secret-row", column="case_box")

    with pytest.raises(StorageError) as refusal:
        VAULT.unlock(box[:-1], table="signal", row="secret-row", column="case_box")

    assert "secret-row" not in str(refusal.value)


def test_an_index_depends_on_its_key_label_and_every_field() -> None:
    other = Vault(box_key=bytes(32), mac_key=bytes([9]) * 32)

    macs = {
        VAULT.mac("label", "a", "b"),
        VAULT.mac("label", "ab", ""),
        VAULT.mac("other", "a", "b"),
        VAULT.mac("label", "a"),
        other.mac("label", "a", "b"),
    }

    assert len(macs) == 5
    assert VAULT.mac("label", "a", "b") in macs
