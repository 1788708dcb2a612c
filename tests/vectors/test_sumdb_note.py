"""The values of golang.org/x/mod's own tests of signed notes (sumdb/note, note_test.go)."""

import pytest

from ledger.encoding import from_base64
from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.key import KeyType, SigningKey, VerifierKey
from ledger.note import Note

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
# The type byte 01 and the seed, as in PRIVATE+KEY+PeterNeumann+c74f20a3+….
PETER_SECRET = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"

TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpR"
    "Zb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33"
    "WWd1RvMc+QQ=\n"
)
MALFORMED = {
    "no signatures": TEXT,
    "nothing after the blank line": TEXT + "\n",
    "last newline missing": TEXT + "\n" + PETER_LINE[:-1],
    "control character": "\x01" + TEXT + "\n" + PETER_LINE,
    "name with a space": TEXT + "\n" + PETER_LINE.replace("PeterNeumann", "Bad Name"),
    "line that is no signature": TEXT + "\n" + PETER_LINE + "Unexpected line.\n",
    "too many signatures": TEXT + "\n" + PETER_LINE * 201,
}


def test_a_key_written_by_go_reads_as_its_name_id_and_type() -> None:
    key = VerifierKey.decode(PETER)

    assert (key.name, key.id.hex(), key.type) == ("PeterNeumann", "c74f20a3", KeyType.ED25519)
    assert key.encode() == PETER


def test_a_note_signed_by_two_keys_verifies_under_each_and_under_no_other() -> None:
    note = Note.decode((TEXT + "\n" + PETER_LINE + ENOCH_LINE).encode())
    peter, enoch = VerifierKey.decode(PETER), VerifierKey.decode(ENOCH)

    assert note.text == TEXT
    peter.verify(note.signatures[0], note.text)
    enoch.verify(note.signatures[1], note.text)
    for key, line in ((peter, note.signatures[1]), (enoch, note.signatures[0])):
        with pytest.raises(VerificationError, match="not a signature by"):
            key.verify(line, note.text)


def test_the_published_seed_signs_the_published_note() -> None:
    secret = from_base64(PETER_SECRET, size=33)
    key = SigningKey("PeterNeumann", KeyType(secret[0]), secret[1:])

    assert key.verifier.encode() == PETER
    assert Note(TEXT, (key.sign(TEXT),)).encode().decode() == TEXT + "\n" + PETER_LINE


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_what_go_calls_a_malformed_note_is_malformed(raw: str) -> None:
    with pytest.raises(MalformedError):
        Note.decode(raw.encode())


def test_bytes_that_are_not_utf8_are_malformed() -> None:
    with pytest.raises(MalformedError, match="UTF-8"):
        Note.decode(b"\xff" + (TEXT + "\n" + PETER_LINE).encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("PeterNeumann", "CarmenSandiego", id="another name"),
        pytest.param("x08g", "xxxx", id="another key id"),
        pytest.param("KvqfqdngotpR", "KvqfqdngotpRABCD", id="longer signature"),
        pytest.param("ZJkuBS", "ZJkuBT", id="another signature"),
    ],
)
def test_a_line_that_go_refuses_is_refused(old: str, new: str) -> None:
    note = Note.decode((TEXT + "\n" + PETER_LINE.replace(old, new)).encode())

    with pytest.raises(VerificationError):
        VerifierKey.decode(PETER).verify(note.signatures[0], note.text)


def test_no_piece_of_a_key_is_a_key() -> None:
    for start in range(len(PETER)):
        for end in range(start + 1, len(PETER) + 1):
            if (start, end) != (0, len(PETER)):
                with pytest.raises(LedgerError):
                    VerifierKey.decode(PETER[start:end])


@pytest.mark.parametrize("at", range(len(PETER)))
def test_a_key_with_any_character_raised_by_one_is_no_key(at: int) -> None:
    raised = PETER[:at] + chr(ord(PETER[at]) + 1) + PETER[at + 1 :]

    with pytest.raises(MalformedError):
        VerifierKey.decode(raised)


@pytest.mark.parametrize(
    "vkey",
    [
        pytest.param(
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
            id="wrong length, with an adjusted key id",
        ),
        pytest.param(
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            id="unknown algorithm, with an adjusted key id",
        ),
    ],
)
def test_a_key_whose_id_fits_what_it_may_not_be_is_no_key(vkey: str) -> None:
    with pytest.raises(MalformedError):
        VerifierKey.decode(vkey)
