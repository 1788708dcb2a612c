"""Cosignatures, and the quorum that makes a checkpoint final."""

from dataclasses import replace

import pytest
from nacl.bindings import crypto_sign_open

from ledger.checkpoint import Checkpoint
from ledger.cosignature import (
    MAX_TIME,
    SignedCheckpoint,
    cosign,
    verify_cosignature,
    verify_exact_lines,
    verify_quorum,
)
from ledger.encoding import sha256
from ledger.errors import MalformedError, VerificationError
from ledger.key import KeyType, SigningKey, VerifierKey
from ledger.note import Note, SignatureLine
from tests.support.signers import (
    NAMES,
    NOON,
    ORIGIN,
    QUORUM,
    WITNESSES,
    Witness,
    cosigned,
    cosigning_key,
    entry_key,
    log_key,
)

CHECKPOINT = Checkpoint(ORIGIN, 4096, sha256(b"root"))
TEXT = CHECKPOINT.encode()
KEY = cosigning_key("uwv")
LINE = cosign(TEXT, key=KEY, time=NOON)
STRANGER = SigningKey("stranger", KeyType.COSIGNATURE, b"\x09" * 32)
LOG_LINE = log_key("uwv").sign(TEXT)
LOG_KEYS = [log_key(name).verifier for name in NAMES]


def _with_lines(*lines: SignatureLine) -> SignedCheckpoint:
    return SignedCheckpoint(CHECKPOINT, Note(TEXT, lines))


def test_what_is_signed_names_the_time_and_the_whole_checkpoint() -> None:
    # c2sp.org/tlog-cosignature
    signed = f"cosignature/v1\ntime {NOON}\n{ORIGIN}\n4096\n{TEXT.splitlines()[2]}\n".encode()

    assert LINE.signature[:8] == NOON.to_bytes(8, "big")
    assert crypto_sign_open(LINE.signature[8:] + signed, KEY.verifier.public) == signed


def test_a_cosignature_returns_the_time_it_states() -> None:
    assert verify_cosignature(LINE, checkpoint_text=TEXT, key=KEY.verifier) == NOON


@pytest.mark.parametrize("time", [0, MAX_TIME])
def test_the_first_and_the_last_time_can_be_signed(time: int) -> None:
    line = cosign(TEXT, key=KEY, time=time)

    assert verify_cosignature(line, checkpoint_text=TEXT, key=KEY.verifier) == time


@pytest.mark.parametrize("time", [-1, MAX_TIME + 1])
def test_no_other_time_can_be_signed(time: int) -> None:
    with pytest.raises(MalformedError, match="1970 to 9998"):
        cosign(TEXT, key=KEY, time=time)


def test_only_a_cosigning_key_cosigns() -> None:
    with pytest.raises(MalformedError, match="only a cosigning key"):
        cosign(TEXT, key=entry_key("uwv"), time=NOON)


def test_a_time_after_9998_is_refused_although_it_was_signed() -> None:
    time = MAX_TIME + 1
    raw = KEY.sign_bytes(f"cosignature/v1\ntime {time}\n{TEXT}".encode())
    line = replace(LINE, signature=time.to_bytes(8, "big") + raw)

    with pytest.raises(VerificationError, match="after 9998"):
        verify_cosignature(line, checkpoint_text=TEXT, key=KEY.verifier)


_AS_ENTRY_KEY = VerifierKey(KEY.name, KeyType.ED25519, KEY.verifier.public)
_EARLIER = (NOON - 1).to_bytes(8, "big") + LINE.signature[8:]


@pytest.mark.parametrize(
    ("line", "key", "why"),
    [
        pytest.param(LINE, cosigning_key("svb").verifier, "not a cosignature by", id="other key"),
        pytest.param(replace(LINE, name="x"), KEY.verifier, "not a cosignature by", id="name"),
        pytest.param(
            replace(LINE, key_id=bytes(4)), KEY.verifier, "not a cosignature by", id="key id"
        ),
        pytest.param(
            replace(LINE, key_id=_AS_ENTRY_KEY.id), _AS_ENTRY_KEY, "not a cosignature by", id="type"
        ),
        pytest.param(
            replace(LINE, signature=LINE.signature[:-1]), KEY.verifier, "wrong size", id="short"
        ),
        pytest.param(
            replace(LINE, signature=LINE.signature + b"\0"), KEY.verifier, "wrong size", id="long"
        ),
        pytest.param(
            replace(LINE, signature=_EARLIER), KEY.verifier, "does not verify", id="another time"
        ),
    ],
)
def test_what_is_no_cosignature_by_the_key_is_refused(
    line: SignatureLine, key: VerifierKey, why: str
) -> None:
    with pytest.raises(VerificationError, match=why):
        verify_cosignature(line, checkpoint_text=TEXT, key=key)


def test_a_cosignature_is_of_one_checkpoint_only() -> None:
    other = replace(CHECKPOINT, size=4097).encode()

    with pytest.raises(VerificationError, match="does not verify"):
        verify_cosignature(LINE, checkpoint_text=other, key=KEY.verifier)


def test_a_signature_over_a_note_is_no_cosignature_of_it() -> None:
    as_note_key = SigningKey(KEY.name, KeyType.ED25519, KEY.seed)
    moved = NOON.to_bytes(8, "big") + as_note_key.sign(TEXT).signature

    with pytest.raises(VerificationError, match="does not verify"):
        verify_cosignature(replace(LINE, signature=moved), checkpoint_text=TEXT, key=KEY.verifier)


def test_a_signed_checkpoint_holds_the_note_of_its_own_text() -> None:
    with pytest.raises(MalformedError, match="another text"):
        SignedCheckpoint(CHECKPOINT, Note("other\n", (LINE,)))


def test_a_quorum_returns_each_members_newest_time() -> None:
    later = cosign(TEXT, key=KEY, time=NOON + 5)
    earlier = cosigned(CHECKPOINT, by=("bzk", "svb", "uwv")).note.signatures

    for lines in ((*earlier, later), (later, *earlier)):
        times = verify_quorum(_with_lines(*lines), members=WITNESSES, quorum=QUORUM)
        assert times == {"bzk": NOON, "svb": NOON, "uwv": NOON + 5}


def test_two_signatures_of_one_member_count_once() -> None:
    second = SigningKey("uwv/second", KeyType.COSIGNATURE, b"\x08" * 32)
    members = [*WITNESSES[:3], Witness("uwv", (KEY.verifier, second.verifier))]
    lines = [LINE, cosign(TEXT, key=second, time=NOON), cosign(TEXT, key=KEY, time=NOON + 1)]

    with pytest.raises(VerificationError, match="cosigned by 1 members, 3 are needed"):
        verify_quorum(_with_lines(*lines), members=members, quorum=QUORUM)


@pytest.mark.parametrize("count", range(QUORUM))
def test_fewer_than_a_quorum_is_not_enough(count: int) -> None:
    signed = cosigned(CHECKPOINT, by=NAMES[:count], extra=[LOG_LINE])

    with pytest.raises(VerificationError, match=f"cosigned by {count} members, 3 are needed"):
        verify_quorum(signed, members=WITNESSES, quorum=QUORUM)


def test_a_quorum_of_none_is_refused() -> None:
    with pytest.raises(VerificationError, match="cosigned by 0"):
        verify_quorum(_with_lines(LOG_LINE), members=WITNESSES, quorum=0)


def test_lines_of_strangers_are_passed_over() -> None:
    strangers = [cosign(TEXT, key=STRANGER, time=NOON), replace(LINE, key_id=bytes(4))]

    times = verify_quorum(cosigned(CHECKPOINT, extra=strangers), members=WITNESSES, quorum=QUORUM)

    assert set(times) == set(NAMES)


def test_a_line_of_a_member_that_does_not_verify_is_not_passed_over() -> None:
    forged = replace(LINE, signature=bytes(72))
    signed = cosigned(CHECKPOINT, by=("bzk", "svb", "szw"), extra=[forged])

    with pytest.raises(VerificationError, match="does not verify"):
        verify_quorum(signed, members=WITNESSES, quorum=QUORUM)


def test_one_key_held_by_two_members_makes_no_quorum() -> None:
    shared = Witness("svb", (VerifierKey("svb", KeyType.COSIGNATURE, KEY.verifier.public),))

    with pytest.raises(VerificationError, match="shares a cosigning key"):
        verify_quorum(
            cosigned(CHECKPOINT), members=[*WITNESSES[:1], shared, WITNESSES[3]], quorum=1
        )


def test_a_members_key_that_does_not_cosign_is_no_part_of_a_quorum() -> None:
    members = [Witness("uwv", (_AS_ENTRY_KEY,))]

    with pytest.raises(VerificationError, match="cosigned by 0"):
        verify_quorum(cosigned(CHECKPOINT), members=members, quorum=1)


def test_exact_lines_are_sorted_cosignatures_and_log_signatures() -> None:
    signed = cosigned(CHECKPOINT, extra=[LOG_LINE])

    times = verify_exact_lines(signed, members=WITNESSES, log_keys=LOG_KEYS, quorum=QUORUM)

    assert times == dict.fromkeys(NAMES, NOON)


_LINES = cosigned(CHECKPOINT, extra=[LOG_LINE]).note.signatures


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        pytest.param(_LINES[::-1], "not sorted", id="turned round"),
        pytest.param((*_LINES, _LINES[-1]), "one for each key", id="a line twice"),
        pytest.param(
            tuple(
                sorted((*_LINES, cosign(TEXT, key=KEY, time=NOON + 9)), key=SignatureLine.encode)
            ),
            "one for each key",
            id="a second line by a key",
        ),
        pytest.param(
            tuple(sorted((*_LINES, entry_key("uwv").sign(TEXT)), key=SignatureLine.encode)),
            "whose key is not known",
            id="a line by a key that is for something else",
        ),
        pytest.param(
            (replace(LOG_LINE, signature=bytes(64)), *(x for x in _LINES if x != LOG_LINE)),
            "does not verify|not sorted",
            id="a log signature that fails",
        ),
        pytest.param(_LINES[1:3], "3 are needed", id="too few"),
    ],
)
def test_where_every_byte_matters_no_line_proves_nothing(
    lines: tuple[SignatureLine, ...], why: str
) -> None:
    with pytest.raises(VerificationError, match=why):
        verify_exact_lines(_with_lines(*lines), members=WITNESSES, log_keys=LOG_KEYS, quorum=QUORUM)
