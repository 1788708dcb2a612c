"""What desks can say to each other, and what is no message."""

from datetime import date

import pytest

from ledger.encoding import enc, split_enc
from ledger.errors import MalformedError
from ledger.exchange.item import MAX_MESSAGE_BYTES
from ledger.exchange.message import (
    MAX_TEXT,
    Content,
    Coordinate,
    Grant,
    Message,
    Refuse,
    Request,
    Text,
)
from ledger.exchange.words import Necessity, Refusal, Release
from tests.support.exchanging import ASKED, CONTENTS, DISCLOSURE, MATCH, message

each_content = pytest.mark.parametrize("content", CONTENTS, ids=lambda content: content.TYPE)


@each_content
def test_message_of_every_kind_is_read_as_it_was_said(content: Content) -> None:
    assert Message.decode(message(content).encode()) == message(content)


def test_the_bytes_of_a_message_are_its_fields() -> None:
    raw = message(CONTENTS[3]).encode()

    assert split_enc(raw) == [
        b"request",
        MATCH,
        b"uwv/maatwerkplaats",
        b"multiproblematiek",
        b"wetsvoorstel-36799",
        b"acute-nood",
        b"theme",
        b"period",
    ]


@each_content
def test_message_with_a_field_more_or_less_or_spoilt_is_refused(content: Content) -> None:
    fields = split_enc(message(content).encode())

    for spoilt in (fields[:3], [*fields, b""], [*fields[:-1], fields[-1] + b"\xff"]):
        with pytest.raises(MalformedError):
            Message.decode(enc(*spoilt))


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (b"confirm",),
        (b"shout", MATCH, b"uwv/desk", b"1d"),
        (b"Confirm", MATCH, b"uwv/desk", b"1d"),
        (b"confirm", MATCH[:15], b"uwv/desk", b"1d"),
        (b"confirm", MATCH, b"uwv", b"1d"),
        (b"confirm", MATCH, b"uwv/a/b", b"1d"),
        (b"confirm", MATCH, b"UWV/desk", b"1d"),
        (b"confirm", MATCH, b"uwv/desk", b"2d"),
        (b"coordinate", MATCH, b"uwv/desk", b"svb"),
        (b"outcome", MATCH, b"uwv/desk", b"fraud"),
        (b"request", MATCH, b"uwv/desk", b"hulp", b"wet", b"acute-nood"),
        (b"request", MATCH, b"uwv/desk", b"hulp", b"wet", b"acute-nood", b"bsn"),
        (b"request", MATCH, b"uwv/desk", b"hulp", b"wet", b"acute-nood", b"theme", b"theme"),
        (b"request", MATCH, b"uwv/desk", b"hulp", b"wet", b"acute-nood", b"period", b"theme"),
        (b"request", MATCH, b"uwv/desk", b"hulp", b"wet", b"omdat het kan", b"theme"),
        (b"request", MATCH, b"uwv/desk", b"Hulp!", b"wet", b"acute-nood", b"theme"),
        (b"refuse", MATCH, b"uwv/desk", b"short", b"niet-noodzakelijk"),
        (b"refuse", MATCH, b"uwv/desk", ASKED, b"geen zin"),
        (b"grant", MATCH, b"uwv/desk", ASKED, b"ordinary", b"2027-1-31", DISCLOSURE.encode()),
        (b"grant", MATCH, b"uwv/desk", ASKED, b"often", b"2027-01-31", DISCLOSURE.encode()),
        (b"grant", MATCH, b"uwv/desk", ASKED[:1], b"ordinary", b"2027-01-31", DISCLOSURE.encode()),
        (b"grant", MATCH, b"uwv/desk", ASKED, b"ordinary", b"2027-01-31", b""),
        (b"text", MATCH, b"uwv/desk", b"\xff"),
    ],
)
def test_what_no_desk_says_is_refused(fields: tuple[bytes, ...]) -> None:
    with pytest.raises(MalformedError):
        Message.decode(enc(*fields))


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n\n", "a" * (MAX_TEXT + 1), "a\x00", "a\tb", "a\r\nb", "a\u202eb", "a\u200bb"],
)
def test_text_that_is_empty_long_or_not_what_it_seems_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="text"):
        Text(text)


def test_longest_of_every_kind_fits_into_the_pieces_of_a_message() -> None:
    longest: list[Content] = [
        Text("😀" * MAX_TEXT),
        Grant(ASKED, Release.BREAK_GLASS, date(2027, 1, 31), DISCLOSURE),
    ]

    assert max(len(message(content).encode()) for content in longest) < MAX_MESSAGE_BYTES


@pytest.mark.parametrize(
    "make",
    [
        lambda: Coordinate("szw"),
        lambda: Request("hulp", "wet", Necessity.ACUTE, ()),
        lambda: Refuse(b"", Refusal.NO_BASIS),
        lambda: Message(b"", "uwv/desk", CONTENTS[0]),
    ],
)
def test_what_could_not_be_read_cannot_be_made(make: object) -> None:
    with pytest.raises(MalformedError):
        make()  # type: ignore[operator]


def test_no_error_and_no_representation_repeats_free_text() -> None:
    secret = "mevrouw Jansen"
    assert secret not in repr(message(Text(secret)))

    with pytest.raises(MalformedError) as refused:
        Message.decode(message(Text(secret)).encode() + enc(secret))

    assert secret not in f"{refused.value} {refused.value.__cause__}"
