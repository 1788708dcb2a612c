"""What is said again under its key is said once; and granted is what the approver was shown."""

from dataclasses import replace

import pytest

from ledger.exchange.message import Close, Content, Outcome, Text
from ledger.exchange.words import Ending, Result
from nodes.casework.decisions import Prepared
from nodes.errors import ConflictError
from tests.support.consortium import Founded
from tests.support.desks import MATCH, Meeting, denied, story

TEXT = Text("Bel ons morgen.")


@pytest.mark.parametrize("content", [TEXT, Outcome(Result.CONTACTED), Close(Ending.DONE)])
def test_what_is_said_again_under_its_key_is_sent_once(founded: Founded, content: Content) -> None:
    async def told(met: Meeting) -> None:
        await met.confirmed()
        uwv, case = met.uwv, await met.uwv.case_id()
        before = len(uwv.bag.sent)

        ids = {
            await uwv.casework.say(uwv.worker, case, MATCH, content, key="mine") for _ in range(3)
        }

        assert len(ids) == 1
        assert [posted.message for posted in uwv.bag.sent[before:]] == list(ids)

    story(founded, told)


def test_a_key_that_was_used_for_something_else_says_nothing(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        await met.confirmed()
        uwv, case = met.uwv, await met.uwv.case_id()
        await uwv.casework.say(uwv.worker, case, MATCH, TEXT, key="mine")
        before = len(uwv.bag.sent)

        with pytest.raises(ConflictError):
            await uwv.casework.say(uwv.worker, case, MATCH, Text("Toch niet."), key="mine")

        assert len(uwv.bag.sent) == before

    story(founded, told)


def test_keys_are_their_owners_and_nobody_sees_them_in_an_id(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        await met.confirmed()
        uwv, case = met.uwv, await met.uwv.case_id()

        ids = [
            await uwv.casework.say(who, case, MATCH, TEXT, key=key)
            for who, key in ((uwv.worker, "1"), (uwv.worker, "2"), (uwv.colleague, "1"))
        ]
        at_svb = await met.svb.casework.say(
            replace(met.svb.worker, id=uwv.worker.id),
            await met.svb.case_id(),
            MATCH,
            TEXT,
            key="1",
        )

        # Of one name, match and key, and yet the other agency could not have computed it.
        assert len({*ids, at_svb}) == 4
        assert {len(one) for one in ids} == {16}

    story(founded, told)


def test_an_approver_grants_what_it_was_shown_and_nothing_that_replaced_it(
    founded: Founded,
) -> None:
    async def told(met: Meeting) -> None:
        await met.confirmed()
        request, uwv = await met.ask(met.svb), met.uwv
        await met.prepare(uwv, request)
        (asked,) = (await uwv.file(uwv.approver)).pair.requests
        assert asked.last_day is not None
        shown = Prepared(asked.fields, asked.last_day)

        await met.prepare(uwv, request, fields=("theme", "period"))
        case = await uwv.case_id()
        replaced = await denied(
            uwv.casework.approve(uwv.approver, case, MATCH, request, seen=shown)
        )
        sent = len(uwv.bag.sent)
        await met.prepare(uwv, request, days=29)
        later = await denied(uwv.casework.approve(uwv.approver, case, MATCH, request, seen=shown))
        await met.prepare(uwv, request)
        same = await denied(uwv.casework.approve(uwv.approver, case, MATCH, request, seen=shown))

        assert (replaced, later, same) == ("changed", "changed", "allowed")
        assert len(uwv.bag.sent) == sent + 1

    story(founded, told)
