"""Cosignatures of type 06, and how they count beside those of type 04."""

from dataclasses import replace

import pytest

from ledger.checkpoint import Checkpoint
from ledger.cosignature import (
    MAX_TIME,
    SignedCheckpoint,
    cosign,
    post_quantum_cosigners,
    verify_cosignature,
    verify_exact_lines,
    verify_quorum,
)
from ledger.encoding import sha256
from ledger.errors import MalformedError, VerificationError
from ledger.key import VerifierKey
from ledger.mldsa import PostQuantumKey, verify_ml_dsa
from ledger.note import Note, SignatureLine
from tests.support.signers import (
    NAMES,
    NOON,
    ORIGIN,
    QUORUM,
    Witness,
    cosigned,
    cosigning_key,
    log_key,
    post_quantum_key,
)

CHECKPOINT = Checkpoint(ORIGIN, 4096, sha256(b"root"))
TEXT = CHECKPOINT.encode()
KEY = post_quantum_key("uwv")
LINE = cosign(TEXT, key=KEY, time=NOON)
BOTH = tuple(
    Witness(name, (cosigning_key(name).verifier, post_quantum_key(name).verifier)) for name in NAMES
)
CLASSIC = tuple(Witness(name, (cosigning_key(name).verifier,)) for name in NAMES)


def signed_by(
    *, classic: tuple[str, ...] = (), post_quantum: tuple[str, ...] = ()
) -> SignedCheckpoint:
    lines = [cosign(TEXT, key=post_quantum_key(name), time=NOON) for name in post_quantum]
    return cosigned(CHECKPOINT, by=classic, extra=lines)


def test_what_is_signed_names_cosigner_time_and_tree() -> None:
    # c2sp.org/tlog-cosignature, "ML-DSA-44 signed message"
    name = f"{ORIGIN}/uwv".encode()
    message = (
        b"subtree/v1\n\x00"
        + bytes([len(name)])
        + name
        + NOON.to_bytes(8, "big")
        + bytes([len(ORIGIN)])
        + ORIGIN.encode()
        + (0).to_bytes(8, "big")
        + (4096).to_bytes(8, "big")
        + CHECKPOINT.root
    )

    assert LINE.signature[:8] == NOON.to_bytes(8, "big")
    verify_ml_dsa(public=KEY.verifier.public, message=message, signature=LINE.signature[8:])


@pytest.mark.parametrize("time", [0, NOON, MAX_TIME])
def test_a_cosignature_returns_the_time_it_states(time: int) -> None:
    line = cosign(TEXT, key=KEY, time=time)

    assert verify_cosignature(line, checkpoint_text=TEXT, key=KEY.verifier) == time


@pytest.mark.parametrize(
    ("line", "text", "key"),
    [
        pytest.param(LINE, TEXT, post_quantum_key("svb").verifier, id="other key"),
        pytest.param(replace(LINE, key_id=bytes(4)), TEXT, KEY.verifier, id="key id"),
        pytest.param(replace(LINE, signature=LINE.signature[:-1]), TEXT, KEY.verifier, id="short"),
        pytest.param(
            replace(LINE, signature=(NOON - 1).to_bytes(8, "big") + LINE.signature[8:]),
            TEXT,
            KEY.verifier,
            id="another time",
        ),
        pytest.param(LINE, replace(CHECKPOINT, size=4097).encode(), KEY.verifier, id="size"),
        pytest.param(
            LINE, replace(CHECKPOINT, root=sha256(b"fork")).encode(), KEY.verifier, id="root"
        ),
        pytest.param(
            LINE, replace(CHECKPOINT, origin="other.test").encode(), KEY.verifier, id="origin"
        ),
    ],
)
def test_what_is_no_cosignature_by_the_key_is_refused(
    line: SignatureLine, text: str, key: VerifierKey
) -> None:
    with pytest.raises(VerificationError, match=r"not a cosignature|wrong size|does not verify"):
        verify_cosignature(line, checkpoint_text=text, key=key)


def test_one_key_under_another_name_is_another_cosigner() -> None:
    # What type 04 signs does not name the cosigner; type 06 does.
    renamed = VerifierKey(f"{ORIGIN}/svb", KEY.type, KEY.verifier.public)
    moved = replace(LINE, name=renamed.name, key_id=renamed.id)

    with pytest.raises(VerificationError, match="does not verify"):
        verify_cosignature(moved, checkpoint_text=TEXT, key=renamed)


def test_a_name_that_has_no_length_byte_is_refused() -> None:
    with pytest.raises(MalformedError, match="at most 255 bytes"):
        cosign(TEXT, key=PostQuantumKey("n" * 256, bytes(32)), time=NOON)


def test_a_text_that_is_no_checkpoint_has_no_such_signature() -> None:
    with pytest.raises(MalformedError, match="checkpoint"):
        cosign(TEXT + "extension\n", key=KEY, time=NOON)


@pytest.mark.parametrize(
    ("classic", "post_quantum", "counted"),
    [
        pytest.param(NAMES, NAMES, NAMES, id="both of all"),
        pytest.param(NAMES[:3], (), NAMES[:3], id="none"),
        pytest.param((), NAMES[:3], NAMES[:3], id="post-quantum only"),
        pytest.param(NAMES[:2], NAMES[2:], NAMES, id="one each"),
    ],
)
def test_members_count_once_by_either_type(
    classic: tuple[str, ...], post_quantum: tuple[str, ...], counted: tuple[str, ...]
) -> None:
    signed = signed_by(classic=classic, post_quantum=post_quantum)

    assert verify_quorum(signed, members=BOTH, quorum=QUORUM) == dict.fromkeys(counted, NOON)
    assert post_quantum_cosigners(signed, members=BOTH) == set(post_quantum)


def test_two_types_of_one_member_are_no_two_members() -> None:
    signed = signed_by(classic=NAMES[:2], post_quantum=NAMES[:2])

    with pytest.raises(VerificationError, match="cosigned by 2 members, 3 are needed"):
        verify_quorum(signed, members=BOTH, quorum=QUORUM)


def test_a_post_quantum_line_that_fails_is_not_passed_over() -> None:
    forged = replace(LINE, signature=LINE.signature[:-1] + bytes([LINE.signature[-1] ^ 1]))
    signed = cosigned(CHECKPOINT, extra=[forged])

    with pytest.raises(VerificationError, match="does not verify"):
        verify_quorum(signed, members=BOTH, quorum=QUORUM)
    with pytest.raises(VerificationError, match="does not verify"):
        post_quantum_cosigners(signed, members=BOTH)


def test_a_document_without_such_keys_passes_their_lines_over() -> None:
    signed = signed_by(classic=NAMES[:3], post_quantum=NAMES)

    assert set(verify_quorum(signed, members=CLASSIC, quorum=QUORUM)) == set(NAMES[:3])
    assert post_quantum_cosigners(signed, members=CLASSIC) == frozenset()


def test_one_post_quantum_key_held_by_two_members_makes_no_quorum() -> None:
    shared = Witness("svb", (VerifierKey(f"{ORIGIN}/svb", KEY.type, KEY.verifier.public),))
    own = Witness("uwv", (KEY.verifier,))

    with pytest.raises(VerificationError, match="shares a cosigning key"):
        verify_quorum(signed_by(post_quantum=("uwv",)), members=[own, shared], quorum=1)


def test_exact_lines_may_be_of_both_types_and_of_logs() -> None:
    lines = [cosign(TEXT, key=post_quantum_key(name), time=NOON) for name in NAMES]
    signed = cosigned(CHECKPOINT, extra=[*lines, log_key("uwv").sign(TEXT)])
    logs = [log_key("uwv").verifier]

    times = verify_exact_lines(signed, members=BOTH, log_keys=logs, quorum=QUORUM)

    assert times == dict.fromkeys(NAMES, NOON)
    with pytest.raises(VerificationError, match="whose key is not known"):
        verify_exact_lines(signed, members=CLASSIC, log_keys=logs, quorum=QUORUM)


def test_each_bit_of_a_cosignature_counts() -> None:
    # Every bit of the time, and one in each 64 bytes of the signature: all would take a minute.
    places = [*range(64), *range(64, len(LINE.signature) * 8, 513)]

    for place in places:
        raw = bytearray(LINE.signature)
        raw[place // 8] ^= 1 << place % 8
        spoilt = Note(TEXT, (replace(LINE, signature=bytes(raw)),))
        with pytest.raises(VerificationError):
            verify_quorum(SignedCheckpoint(CHECKPOINT, spoilt), members=BOTH, quorum=1)
