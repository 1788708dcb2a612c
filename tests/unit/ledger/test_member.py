"""Member documents: one text for one meaning."""

from types import MappingProxyType

import pytest

from ledger.encoding import Digest, to_base64
from ledger.errors import MalformedError
from ledger.member import MemberDocument

KEY = "07" * 32
ENGINE_KEY = to_base64(b"\x07" * 32)
ENGINE_PEER = f"{'7a' * 20}@uwv.example:26656"
TEXT = f"""\
format = "signaalketen/member/v1"
version = 3
url = "https://uwv.example:8443"
engine_key = ""
engine_peer = ""
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
        engine_peer="",
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
    ("key", "peer"),
    [
        pytest.param("", "", id="embedded order"),
        pytest.param("", ENGINE_PEER, id="one that listens"),
        pytest.param(ENGINE_KEY, ENGINE_PEER, id="one that decides"),
        pytest.param("", ENGINE_PEER.replace("26656", "65535"), id="the last port"),
    ],
)
def test_an_engine_has_a_place_and_perhaps_a_key(key: str, peer: str) -> None:
    text = _replaced('engine_key = ""\nengine_peer = ""', _engine(key, peer))

    assert MemberDocument.decode(text).encode() == text


@pytest.mark.parametrize(
    ("key", "peer"),
    [
        pytest.param(ENGINE_KEY, "", id="a key that nobody can reach"),
        pytest.param(ENGINE_KEY[4:], ENGINE_PEER, id="a key too short"),
        pytest.param("no key", ENGINE_PEER, id="no key"),
        pytest.param(ENGINE_KEY.rstrip("="), ENGINE_PEER, id="a key without padding"),
        pytest.param("", ENGINE_PEER.upper(), id="capital hex"),
        pytest.param("", ENGINE_PEER[1:], id="an id too short"),
        pytest.param("", ENGINE_PEER[41:], id="no id"),
        pytest.param("", ENGINE_PEER.replace("26656", "65536"), id="a port that is none"),
        pytest.param("", ENGINE_PEER.replace("26656", "0"), id="port 0"),
        pytest.param("", ENGINE_PEER.replace("26656", "026656"), id="a port with a zero before it"),
        pytest.param("", ENGINE_PEER.replace(":26656", ""), id="no port"),
        pytest.param("", ENGINE_PEER.replace("uwv.example", "::1"), id="IPv6"),
        pytest.param("", f"{ENGINE_PEER},{ENGINE_PEER}", id="two"),
        pytest.param("", ENGINE_PEER + "\\n", id="a line end"),
        pytest.param(
            "", ENGINE_PEER.replace("26656", "2665\u0666"), id="a digit of another script"
        ),
    ],
)
def test_a_line_that_would_keep_others_engines_from_starting_is_refused(
    key: str, peer: str
) -> None:
    with pytest.raises(MalformedError):
        MemberDocument.decode(_replaced('engine_key = ""\nengine_peer = ""', _engine(key, peer)))


def _engine(key: str, peer: str) -> str:
    return f'engine_key = "{key}"\nengine_peer = "{peer}"'


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
