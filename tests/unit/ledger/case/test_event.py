"""Stored events: every act survives, and nothing but what was written is read."""

from datetime import timedelta, timezone

import pytest

from ledger.case.acts import (
    Act,
    Approve,
    BreakGlass,
    Escalate,
    Event,
    HandOver,
    Hear,
    Prepare,
    Refused,
    Remind,
    Review,
    Say,
)
from ledger.case.event import decode_event, encode_event
from ledger.case.people import Actor, Role
from ledger.case.rules import play
from ledger.encoding import enc, split_enc
from ledger.errors import MalformedError
from ledger.exchange.message import decode_content, encode_content
from tests.support.casework import (
    APPROVER,
    LAST_DAY,
    SETTING,
    START,
    UWV,
    WORKER,
    act,
    denied,
    identity,
    new_pair,
)
from tests.support.exchanging import CONTENTS, message

ID = identity("one")
DEPUTY = Actor("w2", Role.CASEWORKER, UWV, deputy_of="w1")
ACTS: tuple[Act, ...] = (
    *(Say(ID, content) for content in CONTENTS),
    *(Hear(ID, message(content)) for content in CONTENTS),
    Refused(ID, "grant", "disclosure"),
    Prepare(ID, ("theme", "period"), LAST_DAY),
    Approve(ID),
    BreakGlass(ID, LAST_DAY),
    Review(ID, is_justified=True),
    Review(ID, is_justified=False),
    HandOver(UWV),
    Remind(),
    Escalate(),
)
EVENT = encode_event(Event(START, ACTS[0], WORKER))


@pytest.mark.parametrize("by", [None, WORKER, APPROVER, DEPUTY])
@pytest.mark.parametrize("what", ACTS)
def test_every_event_survives_its_encoding(what: Act, by: Actor | None) -> None:
    event = Event(START + timedelta(microseconds=7), what, by)

    assert decode_event(encode_event(event)) == event


def test_time_is_stored_in_utc() -> None:
    elsewhere = START.astimezone(timezone(timedelta(hours=2)))

    assert encode_event(Event(elsewhere, Remind())) == encode_event(Event(START, Remind()))


@pytest.mark.parametrize("content", CONTENTS)
def test_what_is_said_survives_without_its_match(content: object) -> None:
    assert decode_content(encode_content(content)) == content  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        EVENT[:-1],
        EVENT + enc("more"),
        enc("unheard-of", START.isoformat(timespec="microseconds"), b""),
        enc("remind", START.isoformat(), b""),
        enc("remind", "2026-12-01T09:00:00.000000", b""),
        enc("remind", "2026-12-01T10:00:00.000000+01:00", b""),
        enc("remind", "gisteren", b""),
        enc("remind", *split_enc(EVENT)[1:2], enc("w1", "koning", UWV)),
        enc("remind", *split_enc(EVENT)[1:2], enc("w1", "lead", UWV, "a", "b")),
        enc("review", *split_enc(EVENT)[1:2], b"", ID, "2"),
        enc("prepare", *split_enc(EVENT)[1:2], b"", ID, "2026-02-30"),
        enc("say", *split_enc(EVENT)[1:2], b"", ID, enc("text", "a\u202eb")),
    ],
)
def test_what_no_event_encodes_to_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError) as refused:
        decode_event(raw)

    assert "koning" not in str(refused.value)


def test_flipped_bit_of_an_event_does_not_go_unnoticed() -> None:
    for at in range(len(EVENT)):
        flipped = bytearray(EVENT)
        flipped[at] ^= 1
        try:
            assert encode_event(decode_event(bytes(flipped))) == bytes(flipped)
        except MalformedError:
            continue


def test_what_was_refused_changes_nothing_and_stands_even_in_a_closed_case() -> None:
    refused = Refused(ID, "grant", "disclosure")
    pair = new_pair()

    played = play(pair, Event(START, refused), SETTING)

    assert played == pair
    assert denied(lambda: act(pair, refused, by=WORKER)) == "role"
