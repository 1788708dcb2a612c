"""Sealing; the KEM's published vectors are in tests/vectors."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as encrypt

from ledger.encoding import enc, sha256
from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.seal import (
    MAX_RECIPIENTS,
    SealContext,
    SealingKey,
    SealingPublicKey,
    open_sealed,
    seal,
)

CONTEXT = SealContext("o", "signal", "uwv", "2026-11-24")
KEYS = [SealingKey(bytes([i]) * 32) for i in range(3)]
HEADER = 2 + 16
STEP = 8 + 1136 + 32
TEXT = b"what is sealed"


def _random() -> Callable[[int], bytes]:
    drawn = iter(range(256))
    return lambda size: bytes([next(drawn)]) * size


def _seal(text: bytes = TEXT, recipients: int = 2) -> bytes:
    return seal(
        text,
        recipients=[key.public for key in KEYS[:recipients]],
        context=CONTEXT,
        random=_random(),
    )


SEALED = _seal()


def test_each_recipient_opens_what_was_sealed_and_nobody_else() -> None:
    for key in KEYS[:2]:
        assert open_sealed(SEALED, key=key, context=CONTEXT) == TEXT
    with pytest.raises(VerificationError, match="not for this key"):
        open_sealed(SEALED, key=KEYS[2], context=CONTEXT)


def test_a_sealed_text_names_its_recipients_by_key_id_only() -> None:
    assert SEALED[:HEADER] == b"\x01\x02" + b"\x01" * 16
    for i, key in enumerate(KEYS[:2]):
        assert SEALED[HEADER + i * STEP :][:8] == key.public.id == key.public.hash[:8]


@pytest.mark.parametrize("field", ["origin", "kind", "author", "date"])
def test_a_sealed_text_opens_under_no_other_context(field: str) -> None:
    other = replace(CONTEXT, **{field: "other"})

    with pytest.raises(VerificationError, match="for something else"):
        open_sealed(SEALED, key=KEYS[0], context=other)


def test_the_key_is_wrapped_for_one_message_and_one_recipient() -> None:
    message_id, key_id = SEALED[2:HEADER], KEYS[0].public.id
    wrapped = SEALED[HEADER + 8 : HEADER + STEP]
    binding = enc("o", "signal", "uwv", "2026-11-24", message_id, key_id)

    assert CONTEXT.bind(message_id, key_id) == binding
    assert KEYS[0].unwrap(wrapped, binding) == b"\x00" * 32
    for other in (CONTEXT.bind(bytes(16), key_id), CONTEXT.bind(message_id, bytes(8))):
        with pytest.raises(VerificationError, match="for something else"):
            KEYS[0].unwrap(wrapped, other)


@given(st.binary(max_size=300))
def test_any_text_survives_sealing(text: bytes) -> None:
    assert open_sealed(_seal(text, 1), key=KEYS[0], context=CONTEXT) == text


@pytest.mark.parametrize("text", [b"", b"\x80", b"\x80\x00", b"\x00", b"text\x80\x00\x00"])
def test_a_text_that_ends_like_padding_survives(text: bytes) -> None:
    assert open_sealed(_seal(text, 1), key=KEYS[0], context=CONTEXT) == text


@pytest.mark.parametrize(
    ("size", "padded"),
    [(0, 256), (255, 256), (256, 512), (4_095, 4_096), (4_096, 8_192), (8_191, 8_192)],
)
def test_only_a_rough_size_shows(size: int, padded: int) -> None:
    overhead = HEADER + STEP + 32 + 24 + 16

    assert len(_seal(bytes(size), 1)) == overhead + padded


@pytest.mark.parametrize("count", [0, MAX_RECIPIENTS + 1])
def test_a_text_is_sealed_for_one_to_sixteen(count: int) -> None:
    with pytest.raises(MalformedError, match="1 to 16 recipients"):
        seal(TEXT, recipients=[KEYS[0].public] * count, context=CONTEXT, random=_random())


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        pytest.param(b"", "version 1", id="nothing"),
        pytest.param(b"\x01", "version 1", id="one byte"),
        pytest.param(b"\x03" + SEALED[1:], "version 1", id="another version"),
        pytest.param(b"\x01\x00" + SEALED[2:], "version 1", id="no recipients"),
        pytest.param(b"\x01\x11" + SEALED[2:], "version 1", id="seventeen recipients"),
        pytest.param(b"\x01\x10" + SEALED[2:], "cut off", id="more recipients than follow"),
        pytest.param(SEALED[: HEADER + 2 * STEP + 55], "cut off", id="cut in the nonce"),
    ],
)
def test_what_is_no_sealed_text_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        open_sealed(raw, key=KEYS[0], context=CONTEXT)


@pytest.mark.parametrize("end", [HEADER + 2 * STEP + 56, len(SEALED) - 16, len(SEALED) - 1])
def test_a_ciphertext_that_is_cut_off_is_refused(end: int) -> None:
    with pytest.raises(VerificationError, match="altered"):
        open_sealed(SEALED[:end], key=KEYS[0], context=CONTEXT)


def test_a_recipient_cannot_be_added_dropped_or_moved() -> None:
    first, second = SEALED[HEADER : HEADER + STEP], SEALED[HEADER + STEP : HEADER + 2 * STEP]
    rest = SEALED[HEADER + 2 * STEP :]
    forged = {
        "dropped": b"\x01\x01" + SEALED[2:HEADER] + first + rest,
        "moved": SEALED[:HEADER] + second + first + rest,
        "twice": b"\x01\x03" + SEALED[2:HEADER] + first + second + second + rest,
    }

    for raw in forged.values():
        with pytest.raises(VerificationError, match="altered"):
            open_sealed(raw, key=KEYS[0], context=CONTEXT)


def _made_by_hand(padded: bytes, *, committed: bytes, used: bytes) -> bytes:
    """Return a sealed text whose sender does not keep the rules."""
    public = KEYS[0].public
    wrapped = public.wrap(used, CONTEXT.bind(bytes(16), public.id))
    header = (
        b"\x01\x01"
        + bytes(16)
        + public.id
        + wrapped
        + sha256(enc("signaalketen/seal-key/v1", committed))
    )
    return header + bytes(24) + encrypt(padded, header, bytes(24), used)


def test_one_ciphertext_cannot_be_given_a_key_that_it_does_not_commit_to() -> None:
    raw = _made_by_hand(b"\x80" + bytes(255), committed=b"\x01" * 32, used=b"\x02" * 32)

    with pytest.raises(VerificationError, match="not the one committed to"):
        open_sealed(raw, key=KEYS[0], context=CONTEXT)


@pytest.mark.parametrize(
    "padded",
    [
        pytest.param(bytes(256), id="no mark"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"text\x80" + bytes(250) + b"\x01", id="not zeros after the mark"),
        pytest.param(b"text\x80" + bytes(507), id="a step too many"),
        pytest.param(b"text\x80", id="no padding"),
    ],
)
def test_a_text_padded_otherwise_is_refused(padded: bytes) -> None:
    key = b"\x01" * 32
    sound = _made_by_hand(b"text\x80" + bytes(251), committed=key, used=key)
    assert open_sealed(sound, key=KEYS[0], context=CONTEXT) == b"text"

    with pytest.raises(VerificationError, match="padding"):
        open_sealed(_made_by_hand(padded, committed=key, used=key), key=KEYS[0], context=CONTEXT)


@given(st.binary(max_size=64), st.booleans())
def test_arbitrary_bytes_raise_nothing_but_what_the_ledger_refuses(
    tail: bytes, is_addressed: bool
) -> None:
    raw = b"\x01\x01" + bytes(16) + KEYS[0].public.id + tail * 30 if is_addressed else tail

    with pytest.raises(LedgerError):
        open_sealed(raw, key=KEYS[0], context=CONTEXT)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_sealing_seed_has_32_bytes(size: int) -> None:
    with pytest.raises(MalformedError, match="32 bytes"):
        SealingKey(bytes(size))


@pytest.mark.parametrize("size", [0, 1184, 1215, 1217])
def test_a_sealing_key_has_1216_bytes(size: int) -> None:
    with pytest.raises(MalformedError, match="1216 bytes"):
        SealingPublicKey(bytes(size))


def test_a_sealing_key_with_coefficients_that_are_not_reduced_is_refused() -> None:
    # FIPS 203, 7.2: the modulus check.
    with pytest.raises(MalformedError, match="not a sealing key"):
        SealingPublicKey(b"\xff" * 1184 + KEYS[0].public.raw[1184:])


@pytest.mark.parametrize(
    "point",
    [
        pytest.param("00" * 32, id="order 4"),
        pytest.param("01" + "00" * 31, id="order 1"),
        pytest.param("ec" + "ff" * 30 + "7f", id="order 2"),
        pytest.param(
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", id="order 8"
        ),
        pytest.param(
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", id="order 8 as well"
        ),
    ],
)
def test_a_sealing_key_of_low_order_is_refused_and_not_only_on_use(point: str) -> None:
    with pytest.raises(MalformedError, match="not a sealing key"):
        SealingPublicKey(KEYS[0].public.raw[:1184] + bytes.fromhex(point))


def test_no_representation_shows_a_seed() -> None:
    assert repr(KEYS[1].seed) not in repr(KEYS[1])
