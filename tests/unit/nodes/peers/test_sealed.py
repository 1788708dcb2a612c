"""What members send each other opens for the one addressed, as what it was sent for, or not."""

from typing import Any

import pytest

from ledger.encoding import enc, split_enc
from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.seal import SealContext, SealingKey, seal
from nodes.peers.sealed import open_fields, seal_fields

KEY, OTHER = (SealingKey(bytes([i]) * 32) for i in (1, 2))
FIELDS = [b"multiproblematiek", b"", bytes(300)]


def sealed(fields: list[bytes] = FIELDS, **changed: Any) -> bytes:
    context = {"origin": "o.test/x", "operation": "evaluate", "sender": "uwv", "day": "2026-12-01"}
    return seal_fields(fields, to=KEY.public, **(context | changed))


def opened(raw: bytes, *, key: SealingKey = KEY, **changed: Any) -> list[bytes]:
    context = {"origin": "o.test/x", "operation": "evaluate", "sender": "uwv"}
    return open_fields(raw, key=key, **(context | changed))


FRAME = sealed()


@pytest.mark.parametrize("fields", [FIELDS, [], [b""], [b""] * 3, [bytes(100_000)]])
def test_fields_come_out_as_they_went_in(fields: list[bytes]) -> None:
    assert opened(sealed(fields)) == fields


def test_frame_shows_the_day_and_nothing_of_the_fields() -> None:
    day, text = split_enc(FRAME)

    assert day == b"2026-12-01"
    assert b"multiproblematiek" not in text
    assert len(split_enc(sealed([b"other", bytes(300)]))[1]) == len(text)


def test_same_fields_are_sealed_otherwise_each_time() -> None:
    assert split_enc(sealed())[1] != split_enc(FRAME)[1]


@pytest.mark.parametrize(
    "changed",
    [{"origin": "o.test/y"}, {"operation": "items"}, {"sender": "szw"}, {"key": OTHER}],
    ids=["origin", "operation", "sender", "key"],
)
def test_frame_opens_for_nothing_else(changed: dict[str, Any]) -> None:
    with pytest.raises(VerificationError):
        opened(FRAME, **changed)


def test_day_cannot_be_changed_on_the_way() -> None:
    _, text = split_enc(FRAME)

    for day in ("2026-12-02", "", "2026-12-01\n"):
        with pytest.raises(VerificationError):
            opened(enc(day, text))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0\0\0",
        FRAME[:-1],
        FRAME + b"\0",
        FRAME + enc(b""),
        enc("2026-12-01"),
        enc("2026-12-01", b""),
        enc("2026-12-01", b"\x01\x01" + bytes(40)),
        enc(b"\xff\xfe", split_enc(FRAME)[1]),
    ],
)
def test_bytes_that_are_no_frame_are_refused_and_nothing_worse(raw: bytes) -> None:
    with pytest.raises(LedgerError):
        opened(raw)


def test_text_without_fields_is_refused_although_it_opens() -> None:
    # Whoever seals may still be wrong about what it seals.
    context = SealContext("o.test/x", "evaluate", "uwv", "2026-12-01")
    text = seal(b"\xff" * 9, recipients=[KEY.public], context=context, random=bytes)

    with pytest.raises(MalformedError, match="runs past the end"):
        opened(enc("2026-12-01", text))


def test_no_altered_byte_goes_unnoticed() -> None:
    unnoticed = []
    for at in range(len(FRAME)):
        altered = FRAME[:at] + bytes([FRAME[at] ^ 1 << at % 8]) + FRAME[at + 1 :]
        try:
            opened(altered)
        except LedgerError:
            continue
        unnoticed.append(at)

    assert unnoticed == []
