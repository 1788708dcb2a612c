"""Member documents: one text for one meaning."""

from types import MappingProxyType

import pytest

from ledger.encoding import Digest
from ledger.errors import MalformedError
from ledger.member import MemberDocument

KEY = "07" * 32
TEXT = f"""\
format = "signaalketen/member/v1"
version = 3
url = "https://uwv.example:8443"
engine_key = ""
post_quantum = ["{KEY}", "{KEY}"]

[sealing]
node = "{KEY}"
recovery = "{KEY}"
"""


def test_a_document_is_read_as_it_is_written() -> None:
    digest = Digest(bytes.fromhex(KEY))

    document = MemberDocument.decode(TEXT)

    assert document == MemberDocument(
        version=3,
        url="https://uwv.example:8443",
        engine_key="",
        post_quantum=(digest, digest),
        sealing=MappingProxyType({"node": digest, "recovery": digest}),
    )
    assert document.encode() == TEXT


def _replaced(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "expected engine_key", id="nothing"),
        pytest.param("[", "not TOML", id="no TOML"),
        pytest.param(_replaced('engine_key = ""\n', ""), "expected engine_key", id="field missing"),
        pytest.param(_replaced("url", "more = 1\nurl"), "expected engine_key", id="field too many"),
        pytest.param(
            TEXT[: TEXT.index("\n[")] + "sealing = 3\n", "expected engine_key", id="no table"
        ),
        pytest.param(_replaced("member/v1", "member/v2"), "canonical", id="another format"),
        pytest.param(_replaced("= 3", "= +3"), "canonical", id="plus sign"),
        pytest.param(_replaced("= 3", "= 0x3"), "canonical", id="hexadecimal"),
        pytest.param(_replaced("= 3", "=3"), "canonical", id="another spacing"),
        pytest.param(_replaced("= 3", "= 3 # third"), "canonical", id="a comment"),
        pytest.param(_replaced('"https', "'https").replace('8443"', "8443'"), "canonical", id="'"),
        pytest.param(_replaced("uwv", "\\u0075wv"), "canonical", id="an escape"),
        pytest.param(_replaced("uwv", '\\"'), "canonical", id="a quotation mark"),
        pytest.param(_replaced(KEY, KEY.replace("7", "A")), "wrong type", id="capital hex"),
        pytest.param(_replaced(KEY, KEY[2:]), "wrong type", id="a hash too short"),
        pytest.param(_replaced(f'"{KEY}"', "7"), "wrong type", id="a number for a hash"),
        pytest.param(_replaced(f'"{KEY}"', f'["{KEY}"]'), "wrong type", id="a list for a hash"),
        pytest.param(_replaced("node =", '"node" ='), "canonical", id="a quoted name"),
        pytest.param(_replaced("node =", "a.b ="), "wrong type", id="a table in the table"),
        pytest.param(TEXT.replace("\n", "\r\n"), "canonical", id="other line ends"),
        pytest.param(TEXT[:-1], "canonical", id="no newline at the end"),
        pytest.param(TEXT + "\n", "canonical", id="a blank line at the end"),
    ],
)
def test_what_is_no_document_or_another_spelling_of_one_is_refused(text: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        MemberDocument.decode(text)


@pytest.mark.parametrize(
    "version",
    ["0", "-3", "3.0", "inf", "true", "[]", "[3]", '"3"', "1979-05-27", "07:32:00", "10" * 6],
)
def test_a_version_is_a_whole_number_from_one(version: str) -> None:
    # 3.0 and a date are written back as they were read: a second document with one meaning.
    with pytest.raises(MalformedError, match="wrong type"):
        MemberDocument.decode(_replaced("= 3", f"= {version}"))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(_replaced("= 3", "= " + "9" * 5_000), id="number of thousands of digits"),
        pytest.param(_replaced("= 3", "= 0x" + "f" * 5_000), id="the same in hexadecimal"),
        pytest.param(_replaced("= 3", "= " + "[" * 25_000 + "]" * 25_000), id="deep list"),
        pytest.param(_replaced("= 3", "= " + "[" * 50_000), id="deep list never closed"),
        pytest.param(_replaced("= 3", "= " + "{a=" * 15_000), id="deep table"),
    ],
)
def test_no_text_breaks_the_reader_itself(text: str) -> None:
    with pytest.raises(MalformedError):
        MemberDocument.decode(text)
