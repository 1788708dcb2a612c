"""Worklists: whose cases a desk sees, in pages however many there are, carried by whom."""

import time
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest

from ledger.bsn import synthetic_numbers
from ledger.case.people import Actor, Role
from ledger.exchange.message import Close, Confirm, Text
from ledger.exchange.words import Ending, Within
from nodes.errors import InputError
from nodes.logbook import Act
from nodes.settings import DeskSettings
from nodes.store.casework import START
from nodes.store.matches import Case
from tests.support.consortium import Founded, found
from tests.support.desks import (
    MATCH,
    OTHER,
    PERSON,
    Meeting,
    count,
    denied,
    place,
    story,
    watched,
    with_second_desks,
)
from tests.support.logbook import logged
from tests.support.parties import seeded

MANY = 10_000


def test_desk_sees_its_own_cases_and_no_others(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        uwv, case = met.uwv, await met.uwv.case_id()
        elsewhere = Actor("x", Role.CASEWORKER, "uwv/werkbedrijf")
        abroad = Actor("x", Role.CASEWORKER, "svb/de-bedoeling")
        (seen,) = await uwv.casework.worklist(uwv.worker)
        assert (seen.id, [pair.other_desk for pair in seen.pairs]) == (case, [met.svb.desk])
        for actor in (uwv.lead, uwv.approver, replace(uwv.officer, desk=uwv.desk)):
            assert [seen.id for seen in await uwv.casework.worklist(actor)] == [case]
        assert await uwv.casework.worklist(elsewhere) == []
        assert await denied(uwv.casework.worklist(elsewhere, desk=uwv.desk)) == "desk"
        assert [s.id for s in await uwv.casework.worklist(uwv.officer, desk=uwv.desk)] == [case]
        for actor in (elsewhere, abroad):
            for attempt in (
                uwv.casework.show(actor, case),
                uwv.casework.confirm(actor, case, within=Within.DAY),
                uwv.casework.say(actor, case, MATCH, Text("Hallo")),
                uwv.casework.shown(actor, case, MATCH, bytes(16)),
                uwv.casework.hand_over(actor, case, desk="uwv/werkbedrijf"),
                uwv.casework.assign(actor, case, person=actor.id),
            ):
                assert await denied(attempt) == "not-found"
        for role in (Role.POLICY, Role.AUDITOR, Role.OPERATOR):
            actor = Actor("x", role, uwv.desk)
            assert await denied(uwv.casework.worklist(actor)) == "role"
            assert await denied(uwv.casework.show(actor, case)) == "role"
            assert await denied(uwv.casework.queue(actor)) == "role"
        for unknown in ("0" * 32, "no hex", "", "A" * 32):
            assert await denied(uwv.casework.show(uwv.worker, unknown)) == "not-found"

    story(founded, tale)


def test_file_shows_own_reference_desks_and_how_to_reach_them(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    whole = 'mailbox = "de-bedoeling@svb.example"\nhours = "ma-vr 9-17"\n'
    founded = found(
        tmp_path_factory.mktemp("contacts"),
        change=lambda rules: rules.replace(whole, 'hours = "ma-vr"\n', 1),
    )

    async def tale(met: Meeting) -> None:
        uwv = met.uwv
        own = DeskSettings(phone="088 898 00 00", mailbox="maatwerk@uwv.example")
        uwv.casework._reading._directory._own = {uwv.desk: own}

        shown = await uwv.casework.show(uwv.worker, await uwv.case_id())

        (pair,) = shown.pairs
        assert (pair.own.case_reference, pair.own.local_id) == ("W-1", uwv.local_id)
        assert (pair.other.phone, pair.other.hours, pair.other.mailbox) == (
            "020 555 01 02",
            "ma-vr",
            "",
        )
        (desk,) = shown.desks
        assert (desk.phone, desk.mailbox) == ("088 898 00 00", "maatwerk@uwv.example")
        assert (pair.member, pair.height) == ("svb", met.svb.height)
        assert "W-1" not in repr(shown)

    story(founded, tale)


def test_two_own_desks_with_signals_about_one_person_see_each_their_own_pairs(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    founded = found(tmp_path_factory.mktemp("two"), change=with_second_desks)

    async def tale(met: Meeting) -> None:
        svb, uwv = met.svb, met.uwv
        await place([uwv, svb], OTHER, key="second")
        second = seeded(16, "second")
        await svb.meet(uwv, match=second, digits=PERSON.digits)
        case = await svb.case_id()
        await svb.casework.hand_over(svb.lead, case, desk="svb/aio", match=second)
        there = Actor("aio-w1", Role.CASEWORKER, "svb/aio")

        seen = await svb.casework.show(svb.worker, case)
        seen_there = await svb.casework.show(there, case)
        seen_by_officer = await svb.casework.show(svb.officer, case)

        assert [pair.match for pair in seen.pairs] == [MATCH.hex()]
        assert [pair.match for pair in seen_there.pairs] == [second.hex()]
        assert {pair.match for pair in seen_by_officer.pairs} == {MATCH.hex(), second.hex()}
        for actor, of_it in ((svb.worker, MATCH), (there, second)):
            (row,) = await svb.casework.worklist(actor)
            assert (row.id, [pair.match for pair in row.pairs]) == (case, [of_it.hex()])
        await svb.casework.assign(there, case, person=there.id)
        assert (await svb.casework.worklist(there))[0].carried_by == there.id
        assert (await svb.casework.worklist(svb.worker))[0].carried_by is None
        assert await denied(svb.casework.say(there, case, MATCH, Text("Ik"))) == "not-found"
        await svb.casework.confirm(there, case, within=Within.DAY)
        (posted,) = svb.bag.sent
        assert posted.read.desk == "svb/aio"
        assert (
            await denied(svb.casework.hand_over(there, case, desk="uwv/maatwerkplaats")) == "desk"
        )

    story(founded, tale)


def test_case_is_assigned_and_worked_on_by_deputies_while_somebody_is_away(
    founded: Founded,
) -> None:
    async def tale(met: Meeting) -> None:
        uwv, case, today = met.uwv, await met.uwv.case_id(), met.clock.today()

        async def seen() -> tuple[str | None, str | None]:
            (one,) = await uwv.casework.worklist(uwv.worker)
            return one.carried_by, one.worked_by

        async def away(person: str, deputy: str | None, days: int = 0) -> None:
            await uwv.casework.be_away(
                uwv.lead,
                person=person,
                first=today,
                last=today + timedelta(days=days),
                deputy=deputy,
            )

        assert await seen() == (None, None)
        assert await denied(uwv.casework.assign(uwv.worker, case, person="w9")) == "role"
        await uwv.casework.assign(uwv.worker, case, person=uwv.worker.id)
        await uwv.casework.assign(uwv.lead, case, person="w5")
        assert await seen() == ("w5", "w5")
        await away("w5", "w6")
        assert await seen() == ("w5", "w6")
        await away("w6", "w7")
        assert await seen() == ("w5", "w7")
        await away("w7", "w5")
        assert await seen() == ("w5", None)
        await met.days(1)
        assert await seen() == ("w5", "w5")
        await uwv.casework.confirm(uwv.worker, case, within=Within.DAY)
        assert await seen() == ("w5", "w5")
        await uwv.casework.assign(uwv.lead, case, person=None)
        assert await seen() == (None, None)

    story(founded, tale)


def test_absence_is_entered_by_the_person_or_a_lead_and_makes_sense(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        uwv, today = met.uwv, met.clock.today()
        be_away = uwv.casework.be_away
        day = timedelta(days=1)
        own = uwv.worker.id
        await be_away(uwv.worker, person=own, first=today, last=today, deputy="w9")
        assert (
            await denied(be_away(uwv.worker, person="w9", first=today, last=today, deputy=None))
            == "role"
        )
        for first, last, deputy in (
            (today, today - day, None),
            (today, today + 400 * day, None),
            (today, today, own),
            (today, today, ""),
            (today, today, "x" * 101),
        ):
            with pytest.raises(InputError):
                await be_away(uwv.worker, person=own, first=first, last=last, deputy=deputy)

    story(founded, tale)


def test_closed_case_leaves_the_worklist_and_a_new_match_brings_it_back(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        svb, case = met.svb, await met.svb.case_id()
        await svb.casework.say(svb.worker, case, MATCH, Close(Ending.DONE))
        assert await svb.casework.worklist(svb.worker) == []
        assert count(svb, "work") == 0
        assert await denied(svb.casework.assign(svb.worker, case, person="w1")) == "closed"
        assert await denied(svb.casework.hand_over(svb.worker, case, desk="svb/aio")) == "closed"
        assert (await svb.casework.show(svb.worker, case)).pairs[0].pair.closed is Ending.DONE
        await place([met.uwv, svb], OTHER, key="second")
        await svb.meet(met.uwv, match=seeded(16, "new"))

        (seen,) = await svb.casework.worklist(svb.worker)

        assert [pair.state for pair in seen.pairs] == ["closed", "new"]

    story(founded, tale)


def test_every_act_leaves_its_record(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        request = await met.granted()
        await met.pump()
        svb, case = met.svb, await met.svb.case_id()
        await svb.casework.shown(svb.worker, case, MATCH, request)
        await svb.casework.show(svb.worker, case)
        await svb.casework.worklist(svb.worker)
        await svb.casework.assign(svb.worker, case, person=svb.worker.id)
        await met.days(31)
        await svb.node.office.timekeeper.turn()
        await met.say(svb, Close(Ending.DONE))

        at_svb = [one for one in logged(svb.node) if one.digits == PERSON.digits]
        at_uwv = [one.name for one in logged(met.uwv.node) if one.digits == PERSON.digits]

        assert [one.name for one in at_svb if one.name != Act.POST] == [
            *(Act.HEAR, Act.CONFIRM, Act.ASK, Act.HEAR, Act.SHOW_GRANTED, Act.SHOW_CASE),
            *(Act.SHOW_CASE, Act.ASSIGN, Act.ERASE_GRANTED, Act.CLOSE_CASE),
        ]
        assert {one.processor for one in at_svb if one.name == Act.HEAR} == {"http://uwv.test"}
        assert [n for n in at_uwv if n in {Act.PREPARE, Act.GRANT}] == [Act.PREPARE, Act.GRANT]

    story(founded, tale)


def test_ten_thousand_cases_are_paged_without_playing_any(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = list(islice(synthetic_numbers(), 2, 2002))

    def fill(met: Meeting) -> None:
        node = met.uwv.node
        store = node.office.timekeeper._store
        day = met.clock.today().toordinal()
        with node.database.begin() as connection:
            (_, first), *_ = store.of_desk(connection, met.uwv.desk, after=START, count=1)
            for number in range(MANY):
                # No more than 2,000 people: each has a case for five purposes.
                purpose, person = f"p{number // len(people)}", people[number % len(people)]
                case = Case(seeded(16, "case", number).hex(), purpose, ("00",), person.digits)
                node.matches.put_case(connection, case)
                work = replace(first, case=case.id, purpose=purpose)
                store.put_work(
                    connection, work, is_closed=False, due=day + 3 + number % 9, awaits=0
                )

    async def tale(met: Meeting) -> None:
        uwv = met.uwv
        fill(met)
        loaded = watched(monkeypatch)
        seen: set[str] = set()
        after: str | None = None
        slowest = 0.0
        while True:
            begun = time.perf_counter()
            page = await uwv.casework.worklist(uwv.worker, after=after, count=100)
            slowest = max(slowest, time.perf_counter() - begun)
            if not page:
                break
            assert not seen & {one.id for one in page}
            seen |= {one.id for one in page}
            after = page[-1].place
        await uwv.node.office.timekeeper.turn()
        assert loaded == []
        assert len(seen) == MANY + 1
        assert slowest < 5.0
        await uwv.casework.show(uwv.worker, await uwv.case_id())
        assert len(loaded) == 1
        with pytest.raises(InputError):
            await uwv.casework.worklist(uwv.worker, after="nowhere")

    story(founded, tale)


def test_lists_are_found_by_index(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        queries = {
            "ix_work_desk": "SELECT key FROM work WHERE desk = x'00' AND (due, key) > (1, x'00') "
            "ORDER BY due, key LIMIT 5",
            "ix_work_due": "SELECT key FROM work WHERE due <= 9 AND (due, key) > (1, x'00') "
            "ORDER BY due, key LIMIT 5",
            "ix_work_awaits": "SELECT key FROM work WHERE awaits = 1 AND key > x'00' "
            "ORDER BY key LIMIT 5",
        }
        for index, query in queries.items():
            with met.uwv.node.database.read() as connection:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
            words = " ".join(str(row) for row in plan)
            assert index in words, words
            assert "SEARCH" in words, words
            assert "TEMP B-TREE" not in words, words

    story(founded, tale)


def test_confirming_a_case_confirms_every_match_that_is_not(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        await place([met.uwv, met.svb], OTHER, key="second")
        second = seeded(16, "second")
        for side in met.sides:
            await side.meet(met.across(side), match=second)
        await met.uwv.casework.confirm(
            met.uwv.worker, await met.uwv.case_id(), within=Within.DAY, match=second
        )
        await met.say(met.uwv, Confirm(Within.DAY))

        assert [(await met.svb.file(match=m)).pair.other_confirmed for m in (MATCH, second)] == [
            met.clock.now()
        ] * 2

    story(founded, tale)
