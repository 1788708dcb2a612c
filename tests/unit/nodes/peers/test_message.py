from dataclasses import replace

import pytest

from ledger.consortium import Consortium
from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.key import SigningKey
from ledger.note import Note
from nodes.peers import message
from nodes.peers.message import OK, PeerMessage
from tests.support.consortium import ORIGIN, Founded, found

NOW = 1_796_126_400
REQUEST = PeerMessage(
    origin=ORIGIN,
    is_answer=False,
    sender="uwv",
    recipient="bzk",
    operation="push",
    state=str(NOW),
    id=bytes(range(16)),
    payload=b"sealed",
)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Founded:
    return found(tmp_path_factory.mktemp("consortium"))


@pytest.fixture(scope="module")
def document(founded: Founded) -> Consortium:
    return founded.document


@pytest.fixture(scope="module")
def uwv(founded: Founded) -> SigningKey:
    return founded.keyring("uwv").entry


@pytest.fixture(scope="module")
def bzk(founded: Founded) -> SigningKey:
    return founded.keyring("bzk").entry


@pytest.mark.parametrize("payload", [b"", b"sealed", bytes(100_000)])
@pytest.mark.parametrize("is_answer", [False, True])
def test_a_message_reads_back_as_it_was(
    document: Consortium, uwv: SigningKey, payload: bytes, is_answer: bool
) -> None:
    sent = replace(REQUEST, payload=payload, is_answer=is_answer, state=OK if is_answer else "7")

    assert PeerMessage.decode(sent.encode(uwv), document) == sent


def test_no_altered_byte_goes_unnoticed(document: Consortium, uwv: SigningKey) -> None:
    raw = REQUEST.encode(uwv)

    for at in range(len(raw)):
        altered = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(LedgerError):
            PeerMessage.decode(altered, document)


@pytest.mark.parametrize("payload", [b"", b"sealed?", b"sealed\n", b"other."])
def test_another_payload_under_the_same_note_is_refused(
    document: Consortium, uwv: SigningKey, payload: bytes
) -> None:
    raw = REQUEST.encode(uwv)

    with pytest.raises(MalformedError, match="another payload"):
        PeerMessage.decode(raw.removesuffix(b"sealed") + payload, document)


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", bytes(99)])
def test_bytes_that_are_no_message_are_malformed(document: Consortium, raw: bytes) -> None:
    with pytest.raises(MalformedError):
        PeerMessage.decode(raw, document)


def test_a_message_over_the_limit_is_refused_unread(
    document: Consortium, uwv: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = REQUEST.encode(uwv)
    monkeypatch.setattr(message, "MAX_MESSAGE_BYTES", len(raw) - 1)

    with pytest.raises(MalformedError, match="a length is wrong"):
        PeerMessage.decode(raw, document)


def test_a_sender_signs_for_itself_alone(document: Consortium, bzk: SigningKey) -> None:
    with pytest.raises(VerificationError, match="not signed by the member it names"):
        PeerMessage.decode(REQUEST.encode(bzk), document)


def test_a_stranger_has_no_say(document: Consortium) -> None:
    stranger = SigningKey(f"{ORIGIN}/uwv", document.members[0].entry_keys[0].type, bytes(32))

    with pytest.raises(VerificationError, match="not signed by the member"):
        PeerMessage.decode(REQUEST.encode(stranger), document)


def test_a_message_of_another_ledger_is_refused(document: Consortium, uwv: SigningKey) -> None:
    with pytest.raises(VerificationError):
        PeerMessage.decode(replace(REQUEST, origin="elsewhere").encode(uwv), document)


@pytest.mark.parametrize("count", [0, 2])
def test_one_signature_is_expected(document: Consortium, uwv: SigningKey, count: int) -> None:
    text = REQUEST._text()
    note = Note(text, (uwv.sign(text),) * count).encode()
    raw = len(note).to_bytes(4, "big") + note + REQUEST.payload

    with pytest.raises(MalformedError):
        PeerMessage.decode(raw, document)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text + "more\n",
        lambda text: text.replace("/peer/v1", "/peer/v2"),
        lambda text: text.replace("\nbzk\n", "\n"),
        lambda text: text.replace("AAEC", "AAE"),
    ],
)
def test_a_text_of_another_shape_is_refused(
    document: Consortium, uwv: SigningKey, spoil: object
) -> None:
    assert callable(spoil)
    text = spoil(REQUEST._text())
    note = Note(text, (uwv.sign(text),)).encode()

    with pytest.raises(MalformedError):
        PeerMessage.decode(len(note).to_bytes(4, "big") + note + REQUEST.payload, document)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_clocks_may_be_five_minutes_off(seconds: int) -> None:
    REQUEST.verify_request(recipient="bzk", now=NOW + seconds)


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_an_old_request_cannot_be_played_again(seconds: int) -> None:
    with pytest.raises(VerificationError, match="set clocks"):
        REQUEST.verify_request(recipient="bzk", now=NOW + seconds)


def test_a_request_cannot_be_played_to_another(founded: Founded) -> None:
    with pytest.raises(VerificationError, match="not a request to this member"):
        REQUEST.verify_request(recipient="szw", now=NOW)


def test_an_answer_is_no_request() -> None:
    with pytest.raises(VerificationError, match="not a request"):
        replace(REQUEST, is_answer=True).verify_request(recipient="bzk", now=NOW)


@pytest.mark.parametrize("state", ["", "now", "-1", "1e9", "9" * 20, "9" * 5000, "٣" * 5000])
def test_a_time_that_is_none_is_refused(state: str) -> None:
    with pytest.raises(VerificationError, match="set clocks"):
        replace(REQUEST, state=state).verify_request(recipient="bzk", now=NOW)


def test_the_answer_to_a_request_is_known_as_such() -> None:
    REQUEST.answer(OK, b"line").verify_answers(REQUEST)
    REQUEST.answer("refused", b"why").verify_answers(REQUEST)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": bytes(16)},
        {"sender": "szw"},
        {"recipient": "svb"},
        {"operation": "pull"},
        {"origin": "elsewhere"},
        {"is_answer": False},
    ],
)
def test_an_answer_to_anything_else_is_none(changed: dict[str, object]) -> None:
    answer = replace(REQUEST.answer(OK, b"line"), **changed)  # type: ignore[arg-type]

    with pytest.raises(VerificationError, match="not the answer"):
        answer.verify_answers(REQUEST)
