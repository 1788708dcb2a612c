"""Two persons decide, whatever their roles and whoever stands in for them."""

from collections.abc import Awaitable
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from ledger.case.people import Actor, Role
from ledger.exchange.message import Confirm, Grant, Refuse, Request
from ledger.exchange.words import Necessity, Refusal, Within
from nodes.errors import StorageError
from tests.support.consortium import Founded, found
from tests.support.desks import (
    ACUTE,
    ASK,
    BASIS,
    MATCH,
    PURPOSE,
    Meeting,
    Side,
    denied,
    story,
)
from tests.support.logbook import logged


async def asked(met: Meeting, request: Request = ASK) -> bytes:
    await met.confirmed()
    return await met.ask(met.svb, request)


async def approving(side: Side, actor: Actor, request: bytes) -> str:
    return await denied(side.casework.approve(actor, await side.case_id(), MATCH, request))


def test_whoever_prepared_it_cannot_decide_in_any_role(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        request = await asked(met)
        uwv = met.uwv
        await met.prepare(uwv, request)
        for role, deputy_of in product(Role, (None, uwv.worker.id, "somebody")):
            for person in (uwv.worker.id, "other"):
                actor = Actor(person, role, uwv.desk, deputy_of)
                if role is not Role.APPROVER:
                    continue
                is_one_hand = uwv.worker.id in {person, deputy_of}
                if is_one_hand:
                    assert await approving(uwv, actor, request) == "four-eyes"
        for role in set(Role) - {Role.APPROVER}:
            assert await approving(uwv, Actor("other", role, uwv.desk), request) == "role"
        refuse = Refuse(request, Refusal.NOT_NEEDED)
        same = replace(uwv.worker, role=Role.APPROVER)
        assert (
            await denied(uwv.casework.say(same, await uwv.case_id(), MATCH, refuse)) == "four-eyes"
        )
        assert uwv.bag.sent == []

    story(founded, told)


@pytest.mark.parametrize("is_away", ["worker", "approver"])
@pytest.mark.parametrize("days", [0, 20])
def test_deputies_by_absence_are_one_pair_of_eyes_with_whom_they_stand_in_for(
    founded: Founded, is_away: str, days: int
) -> None:
    async def told(met: Meeting) -> None:
        request = await asked(met)
        uwv, today = met.uwv, met.clock.today()
        people = {"worker": uwv.worker.id, "approver": uwv.approver.id}
        away = people.pop(is_away)
        (deputy,) = people.values()
        await uwv.casework.be_away(uwv.lead, person=away, first=today, last=today, deputy=deputy)
        await met.prepare(uwv, request, days=60)

        await met.days(days)

        assert await approving(uwv, uwv.approver, request) == "four-eyes"
        assert await approving(uwv, replace(uwv.approver, id="third"), request) == "allowed"

    story(founded, told)


def test_grant_is_made_and_sent_in_the_transaction_that_approves_it(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        request = await asked(met)
        uwv = met.uwv
        await met.prepare(uwv, request)
        before = await uwv.file()
        records = len(logged(uwv.node))
        uwv.bag.is_full = True

        with pytest.raises(StorageError):
            await uwv.casework.approve(uwv.approver, await uwv.case_id(), MATCH, request)

        assert len(logged(uwv.node)) == records
        assert (await uwv.file()).timeline == before.timeline
        assert [one.what for one in await uwv.casework.queue(uwv.approver)] == ["decide"]
        uwv.bag.is_full = False
        assert await approving(uwv, uwv.approver, request) == "allowed"
        (posted,) = uwv.bag.sent
        assert isinstance(posted.read.content, Grant)
        assert (posted.to, posted.desks, posted.is_urgent) == ("svb", (met.svb.desk,), False)

    story(founded, told)


def test_grant_that_cannot_be_made_approves_nothing(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        request = await asked(met)
        uwv = met.uwv
        await met.prepare(uwv, request)
        node = uwv.node
        with node.database.begin() as connection:
            connection.exec_driver_sql("UPDATE disclosure SET sdjwt_box = ?", (b"x",))

        with pytest.raises(StorageError):
            await uwv.casework.approve(uwv.approver, await uwv.case_id(), MATCH, request)

        assert uwv.bag.sent == []
        assert (await uwv.file()).pair.asked(request, is_own=False).is_open

    story(founded, told)


@pytest.mark.parametrize(
    ("fields", "days", "reason"),
    [
        (("theme", "helpQuestion"), 30, "fields"),
        (("severity",), 30, "fields"),
        ((), 30, "fields"),
        (("theme", "theme"), 30, "fields"),
        (("theme",), -1, "term"),
        (("theme",), 367, "term"),
    ],
)
def test_grant_of_what_was_not_asked_or_past_its_end_is_not_prepared(
    founded: Founded, fields: tuple[str, ...], days: int, reason: str
) -> None:
    async def told(met: Meeting) -> None:
        request = await asked(met)

        assert await denied(met.prepare(met.uwv, request, fields=fields, days=days)) == reason

    story(founded, told)


def test_what_was_prepared_to_a_day_that_is_over_is_not_granted(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        request = await asked(met)
        await met.prepare(met.uwv, request, days=1)
        await met.days(2)

        assert await approving(met.uwv, met.uwv.approver, request) == "term"
        assert met.uwv.bag.sent == []

    story(founded, told)


def test_what_is_refused_or_not_prepared_is_not_granted(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        request = await asked(met)
        uwv = met.uwv
        assert await approving(uwv, uwv.approver, request) == "not-prepared"
        await met.say(uwv, Refuse(request, Refusal.NO_BASIS), by=uwv.approver)
        assert await approving(uwv, uwv.approver, request) == "answered"
        assert await approving(uwv, uwv.approver, b"\0" * 16) == "unknown-request"

    story(founded, told)


def test_acute_requests_are_shown_to_an_approver_before_anybody_prepared_them(
    founded: Founded,
) -> None:
    async def told(met: Meeting) -> None:
        uwv = met.uwv

        async def queue() -> list[tuple[str, str]]:
            found = await uwv.casework.queue(uwv.approver)
            return [(one.what, one.request) for one in found]

        await asked(met)
        await met.ask(met.svb, Request(PURPOSE, BASIS, Necessity.ACUTE, ("period",)))
        assert await queue() == []
        acute = await met.ask(met.svb, ACUTE)
        assert await queue() == [("acute", acute.hex())]
        today = met.clock.today()
        await uwv.casework.prepare(
            uwv.worker, await uwv.case_id(), MATCH, acute, fields=("theme",), last_day=today
        )
        assert await queue() == [("decide", acute.hex())]
        await met.say(uwv, Refuse(acute, Refusal.NO_BASIS), by=uwv.approver)
        assert await queue() == []

    story(founded, told)


def test_glass_is_broken_in_an_emergency_only_and_reviewed_by_another(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        uwv = met.uwv
        ordinary = await asked(met)
        acute = await met.ask(met.svb, ACUTE)
        case, today = await uwv.case_id(), met.clock.today()

        def breaking(request: bytes, actor: Actor) -> Awaitable[None]:
            return uwv.casework.break_glass(actor, case, MATCH, request, last_day=today)

        assert await denied(breaking(ordinary, uwv.approver)) == "not-acute"
        assert await denied(breaking(acute, uwv.worker)) == "role"
        assert await denied(breaking(acute, uwv.approver)) == "allowed"
        same = replace(uwv.officer, id=uwv.approver.id)
        review = uwv.casework.review(same, case, MATCH, acute, is_justified=False)
        assert await denied(review) == "four-eyes"
        await uwv.casework.be_away(
            uwv.lead, person=uwv.approver.id, first=today, last=today, deputy=uwv.officer.id
        )
        review = uwv.casework.review(uwv.officer, case, MATCH, acute, is_justified=False)
        assert await denied(review) == "four-eyes"

    story(founded, told)


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (Request("handhaving", BASIS, Necessity.ACUTE, ("theme",)), "purpose"),
        (Request(PURPOSE, "wams", Necessity.ACUTE, ("theme",)), "basis"),
        (Request(PURPOSE, BASIS, Necessity.ACUTE, ("severity",)), "fields"),
    ],
)
def test_what_may_not_be_asked_is_refused_at_home_and_by_whoever_is_asked(
    founded: Founded, request_: Request, reason: str
) -> None:
    async def told(met: Meeting) -> None:
        await met.confirmed()

        assert await denied(met.ask(met.svb, request_)) == reason
        await met.uwv.hear(request_, of=met.svb)

        assert met.uwv.refusals() == {f"message-{reason} svb": 1}

    story(founded, told)


def in_production(rules: str) -> str:
    """Return rules outside the demonstration, with one basis in force and one that is a bill."""
    basis = '[[basis]]\nname = "wet"\ntitle = "Een wet"\nstatus = "in-force"\n\n[[disclosure]]'
    rules = rules.replace('profile = "demo"', 'profile = "production"')
    rules = rules.replace('["wetsvoorstel-36799"]', '["wet", "wetsvoorstel-36799"]')
    return rules.replace("[[disclosure]]", basis, 1)


def test_outside_the_demonstration_only_a_basis_in_force_carries_a_request(
    tmp_path: Path,
) -> None:
    async def told(met: Meeting) -> None:
        await met.confirmed()

        assert await denied(met.ask(met.svb, ASK)) == "basis"
        assert await denied(met.ask(met.svb, replace(ASK, basis="wet"))) == "allowed"
        await met.uwv.hear(ASK, of=met.svb)

        assert met.uwv.refusals() == {"message-basis svb": 1}

    story(found(tmp_path, change=in_production), told)


def test_nothing_is_asked_before_both_have_confirmed(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        assert await denied(met.ask(met.svb)) == "not-confirmed"
        await met.say(met.svb, Confirm(Within.DAY))
        assert await denied(met.ask(met.svb)) == "not-confirmed"
        assert await denied(met.say(met.svb, Confirm(Within.DAY))) == "confirmed"

    story(founded, told)
