"""Digests, base64 and length-prefixed fields."""

import pytest

from ledger.encoding import enc, from_base64, sha256, split_enc, to_base64
from ledger.errors import MalformedError


def test_a_digest_is_sha256() -> None:
    # FIPS 180-4's example "abc".
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    assert sha256(b"abc").hex() == expected


def test_fields_stand_behind_their_length_and_numbers_are_eight_bytes() -> None:
    assert enc("é", b"\xff", 258, b"") == (
        b"\x00\x00\x00\x02\xc3\xa9"
        b"\x00\x00\x00\x01\xff"
        b"\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x01\x02"
        b"\x00\x00\x00\x00"
    )


def test_fields_that_run_together_alike_are_encoded_differently() -> None:
    assert len({enc("ab", "c"), enc("a", "bc"), enc("abc"), enc("abc", ""), enc("", "abc")}) == 5


@pytest.mark.parametrize(
    "raw", [b"\x00", b"\x00\x00\x00", b"\x00\x00\x00\x02a", enc("a") + b"\x00", b"\xff" * 8]
)
def test_fields_whose_length_runs_past_the_end_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError, match="past the end"):
        split_enc(raw)


def test_base64_has_padding_and_the_standard_alphabet() -> None:
    assert to_base64(b"\xfb\xff\xfe\xff") == "+//+/w=="


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("QQ", "padding"),
        ("QQ=", "padding"),
        ("QQ===", "padding|canonical"),
        ("QR==", "canonical"),
        ("QQ==\n", "character"),
        (" QQ==", "character"),
        ("Q Q==", "character"),
        ("-_8=", "character"),
        ("QQ==QQ==", "character|padding"),
        ("＝＝", "character"),
    ],
)
def test_base64_in_any_other_spelling_is_refused(text: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        from_base64(text)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_base64_of_another_size_than_asked_is_refused(size: int) -> None:
    with pytest.raises(MalformedError, match=f"expected 32 bytes of base64, got {size}"):
        from_base64(to_base64(bytes(size)), size=32)
