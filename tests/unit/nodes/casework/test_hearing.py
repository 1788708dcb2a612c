"""What comes in is believed of whom it is by, about what they share, and of nothing else."""

from dataclasses import replace

import pytest

from ledger.errors import MalformedError
from ledger.exchange.message import Close, Confirm, Coordinate, Outcome, Text
from ledger.exchange.words import Ending, Result, Within
from nodes.casework import hearing
from nodes.store import parked
from tests.support.bench import run
from tests.support.consortium import Founded, found
from tests.support.desks import (
    MATCH,
    Meeting,
    Side,
    count,
    denied,
    meeting,
    story,
    with_second_desks,
)
from tests.support.mailbag import Posted
from tests.support.parties import seeded


def test_message_is_heard_and_told_with_its_block(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        await met.uwv.casework.confirm(met.uwv.worker, await met.uwv.case_id(), within=Within.DAY)
        (posted,) = met.uwv.bag.take()

        await met.svb.receive(posted, author="uwv", height=41)

        line = await met.svb.last_line()
        assert (line.kind, line.height, line.by) == ("heard-confirm", 41, None)
        assert line.message == posted.message.hex()
        assert line.text == "uwv/maatwerkplaats: takes up the match, asks for a response within 1d"
        assert (await met.uwv.last_line()).height is None
        met.uwv.bag.heights[posted.message] = 41
        assert (await met.uwv.last_line()).height == 41

    story(founded, told)


@pytest.mark.parametrize(
    ("author", "desk", "to", "reason"),
    [
        ("szw", None, None, "author"),
        ("szw", "szw/maatwerk", None, "author"),
        ("uwv", "szw/maatwerk", None, "author"),
        ("uwv", None, "svb/unknown", "desk"),
        ("uwv", None, "uwv/maatwerkplaats", "desk"),
    ],
)
def test_message_of_a_third_party_or_to_another_desk_stands_nowhere(
    founded: Founded, author: str, desk: str | None, to: str | None, reason: str
) -> None:
    async def told(met: Meeting) -> None:
        said = met.svb.hear(Confirm(Within.DAY), of=met.uwv, author=author, desk=desk, to=to)

        assert await denied(said) == reason
        assert (await met.svb.file()).timeline == ()

    story(founded, told)


def test_message_by_a_policy_desk_is_refused(founded: Founded) -> None:
    async def within() -> None:
        async with meeting(founded) as met:
            szw = Side("szw", met.uwv.bench, met.uwv.bag, met.uwv.bell, "", met.uwv.height)
            match = seeded(16, "with szw")
            await met.svb.meet(szw, match=match)

            await met.svb.hear(Confirm(Within.DAY), of=szw, desk="szw/beleid", match=match)

            assert met.svb.refusals() == {"message-desk szw": 1}

    run(within())


def test_message_to_another_own_desk_than_the_matchs_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    founded = found(tmp_path_factory.mktemp("two"), change=with_second_desks)

    async def told(met: Meeting) -> None:
        assert await denied(met.svb.hear(Confirm(Within.DAY), of=met.uwv, to="svb/aio")) == "desk"
        await met.svb.casework.hand_over(met.svb.worker, await met.svb.case_id(), desk="svb/aio")
        # Who has not heard of it yet writes to the desk that had it.
        await met.svb.hear(Confirm(Within.DAY), of=met.uwv, to="svb/aio", named=1)
        await met.svb.hear(Text("Bel ons."), of=met.uwv, to=met.svb.desk, named=2)
        assert met.svb.refusals() == {}

    story(founded, told)


def test_message_from_another_desk_of_the_other_agency_says_that_it_was_handed_over(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    founded = found(tmp_path_factory.mktemp("two"), change=with_second_desks)

    async def told(met: Meeting) -> None:
        await met.confirmed()
        await met.uwv.casework.hand_over(
            met.uwv.worker, await met.uwv.case_id(), desk="uwv/werkbedrijf"
        )
        there = replace(met.uwv.worker, desk="uwv/werkbedrijf")
        assert await denied(met.uwv.casework.show(met.uwv.worker, await met.uwv.case_id())) == (
            "not-found"
        )
        await met.uwv.casework.say(there, await met.uwv.case_id(), MATCH, Text("Wij doen het."))
        await met.pump()

        assert (await met.svb.file()).pair.other_desk == "uwv/werkbedrijf"
        await met.svb.casework.say(met.svb.worker, await met.svb.case_id(), MATCH, Text("Goed."))
        assert met.svb.bag.sent[0].desks == ("uwv/werkbedrijf",)

    story(founded, told)


def test_message_to_a_closed_case_is_refused_and_told(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        await met.confirmed()
        case = await met.svb.case_id()
        await met.say(met.svb, Close(Ending.DONE))

        await met.svb.hear(Text("Nog iets."), of=met.uwv)

        assert met.svb.refusals() == {"message-closed uwv": 1}
        shown = await met.svb.casework.show(met.svb.worker, case)
        assert shown.pairs[0].timeline[-1].text == (
            "refused: a text of the other desk: the case is closed"
        )
        assert (
            await denied(met.svb.casework.say(met.svb.worker, case, MATCH, Text("Hallo?")))
            == "closed"
        )

    story(founded, told)


def test_what_cannot_be_read_is_refused_without_a_line(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        bad = Posted("svb", (met.svb.desk,), seeded(16, "x"), b"\0\0\0\1x")

        with pytest.raises(MalformedError):
            await met.svb.receive(bad, author="uwv")

    story(founded, told)


def test_message_that_comes_before_the_match_waits_for_it(founded: Founded) -> None:
    async def within() -> None:
        async with meeting(founded, svb_later=True) as met:
            await met.uwv.casework.confirm(
                met.uwv.worker, await met.uwv.case_id(), within=Within.FOUR_HOURS
            )
            await met.pump()

            await met.svb.meet(met.uwv)

            file = await met.svb.file()
            assert [line.kind for line in file.timeline] == ["heard-confirm"]
            assert file.pair.asked_within is Within.FOUR_HOURS
            assert met.svb.refusals() == {}

    run(within())


def test_what_waited_is_judged_like_any_other_once_its_match_is_there(founded: Founded) -> None:
    async def within() -> None:
        async with meeting(founded, svb_later=True) as met:
            await met.svb.hear(Confirm(Within.DAY), of=met.uwv, named=1)
            # By nobody who is a party, but first: then the match is nobody's to wait for.
            assert (
                await denied(
                    met.svb.hear(
                        Confirm(Within.DAY), of=met.uwv, author="szw", desk="szw/maatwerk", named=2
                    )
                )
                == "parked"
            )
            await met.svb.hear(Outcome(Result.CONTACTED), of=met.uwv, named=3)
            await met.svb.hear(Confirm(Within.DAY), of=met.uwv, named=4)

            await met.svb.meet(met.uwv)

            kinds = [line.kind for line in (await met.svb.file()).timeline]
            assert kinds == ["heard-confirm", "heard-outcome", "refused"]
            assert met.svb.refusals() == {"message-confirmed uwv": 1}

    run(within())


def test_third_partys_message_that_waited_does_not_keep_the_match_away(founded: Founded) -> None:
    async def within() -> None:
        async with meeting(founded, svb_later=True) as met:
            await met.svb.hear(Confirm(Within.DAY), of=met.uwv, author="szw", desk="szw/maatwerk")

            await met.svb.meet(met.uwv)

            assert (await met.svb.file()).timeline == ()
            assert met.svb.refusals() == {"message-author szw": 1}

    run(within())


def test_what_waits_too_long_or_too_much_goes(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parked, "MAX_MATCHES", 3)

    async def within() -> None:
        async with meeting(founded, svb_later=True) as met:
            for number in range(3):
                await met.svb.hear(
                    Confirm(Within.DAY), of=met.uwv, match=seeded(16, "n", number), named=number
                )
            more = met.svb.hear(Confirm(Within.DAY), of=met.uwv, named="more")
            assert await denied(more) == "parked"
            other = met.svb.hear(
                Confirm(Within.DAY), of=met.uwv, author="szw", desk="szw/maatwerk", named="other"
            )
            assert await denied(other) == "allowed"
            known = seeded(16, "n", 0)
            for number in range(parked.MAX_MESSAGES - 1):
                await met.svb.hear(Text("."), of=met.uwv, match=known, named=f"again {number}")
            again = met.svb.hear(Text("."), of=met.uwv, match=known, named="last")
            assert await denied(again) == "parked"

            await met.days(14)
            await met.svb.node.office.timekeeper.turn()
            assert await denied(met.svb.hear(Text("."), of=met.uwv, named="x")) == "parked"
            await met.days(1)
            await met.svb.node.office.timekeeper.turn()

            assert await denied(met.svb.hear(Text("."), of=met.uwv, named="x")) == "allowed"

    run(within())


def test_same_message_waits_once(founded: Founded) -> None:
    async def within() -> None:
        async with meeting(founded, svb_later=True) as met:
            await met.svb.hear(Confirm(Within.DAY), of=met.uwv)

            assert await denied(met.svb.hear(Confirm(Within.DAY), of=met.uwv)) == "repeated"

    run(within())


def test_number_of_events_and_of_lines_about_refusals_is_bounded(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "MAX_REFUSED", 3)
    monkeypatch.setattr(hearing, "MAX_EVENTS", 5)

    async def told(met: Meeting) -> None:
        for number in range(6):
            await met.svb.hear(Text("Te vroeg."), of=met.uwv, named=number)
        assert len((await met.svb.file()).timeline) == 3
        assert met.svb.refusals() == {"message-not-confirmed uwv": 6}
        await met.svb.hear(Confirm(Within.DAY), of=met.uwv, named="c")
        await met.svb.hear(Coordinate(met.svb.desk), of=met.uwv, named="d")

        assert await denied(met.svb.hear(Text("Vol."), of=met.uwv, named="e")) == "full"

    story(founded, told)


def test_with_a_withdrawn_signal_goes_everything_that_happened_to_its_matches(
    founded: Founded,
) -> None:
    async def told(met: Meeting) -> None:
        await met.granted()
        await met.pump()
        svb, case = met.svb, await met.svb.case_id()
        tables = ("pair", "pair_event", "work")
        assert all(count(svb, table) for table in tables)

        await svb.node.withdrawal.withdraw(svb.local_id)

        assert not any(count(svb, table) for table in (*tables, "parked"))
        assert await denied(svb.casework.show(svb.worker, case)) == "not-found"
        assert await svb.casework.worklist(svb.worker) == []
        assert await denied(svb.hear(Text("En nu?"), of=met.uwv, named="late")) == "withdrawn"
        assert (
            await denied(svb.casework.say(svb.worker, case, MATCH, Text("Hallo?"))) == "not-found"
        )

    story(founded, told)


def test_with_the_others_erasure_goes_everything_that_happened_to_the_match(
    founded: Founded,
) -> None:
    async def told(met: Meeting) -> None:
        await met.granted()
        await met.pump()
        node = met.svb.node
        with node.database.begin() as connection:
            (match,) = node.matches.of_other(connection, "uwv", met.uwv.height)
            node.matches.remove(connection, match)

        assert not any(count(met.svb, table) for table in ("pair", "pair_event", "work"))

    story(founded, told)


@pytest.mark.parametrize("to", ["svb/unknown", "uwv/maatwerkplaats", "szw/beleid"])
def test_message_for_no_desk_of_this_agency_does_not_even_wait(founded: Founded, to: str) -> None:
    async def within() -> None:
        async with meeting(founded, svb_later=True) as met:
            assert await denied(met.svb.hear(Confirm(Within.DAY), of=met.uwv, to=to)) == "desk"
            assert count(met.svb, "parked") == 0

    run(within())


def test_matches_of_an_older_version_get_their_dossiers_once(founded: Founded) -> None:
    async def within() -> None:
        async with meeting(founded, svb_later=True) as met:
            svb, hearing_ = met.svb, met.svb.node.office.hearing
            svb.node.matches.listener = None
            case = await svb.meet(met.uwv)
            assert await denied(svb.casework.show(svb.worker, case)) == "not-found"

            await svb.node.writer.do(hearing_.adopt)
            await svb.casework.confirm(svb.worker, case, within=Within.DAY)
            await svb.node.writer.do(hearing_.adopt)

            assert [line.kind for line in (await svb.file()).timeline] == ["confirm"]

    run(within())
