"""A whole case between two nodes: from the match to coordination, one granted, one refused."""

from datetime import timedelta

from ledger.exchange.message import Close, Confirm, Coordinate, Outcome, Refuse, Request
from ledger.exchange.words import Ending, Necessity, Refusal, Result, Within
from tests.support.bench import run
from tests.support.cluster import FIELDS
from tests.support.consortium import Founded
from tests.support.desks import BASIS, MATCH, PURPOSE, meeting


def test_case_goes_from_match_to_coordination_with_one_granted_and_one_refused(
    founded: Founded,
) -> None:
    async def story() -> None:
        async with meeting(founded) as met:
            uwv, svb = met.sides
            await met.say(uwv, Confirm(Within.FOUR_HOURS))
            assert (await svb.file()).pair.asked_within is Within.FOUR_HOURS
            await met.say(svb, Confirm(Within.DAY))
            asked = Request(PURPOSE, BASIS, Necessity.AGREE_HELP, ("theme", "period"))
            other = Request(PURPOSE, BASIS, Necessity.AGREE_HELP, ("regulation",))
            request, refused = await met.ask(svb, asked), await met.ask(svb, other)
            await met.prepare(uwv, request, fields=["theme"])
            case = await uwv.case_id()
            await uwv.casework.approve(uwv.approver, case, MATCH, request)
            await met.pump()
            await met.say(uwv, Refuse(refused, Refusal.NOT_NEEDED), by=uwv.approver)
            shown = await svb.casework.shown(svb.worker, await svb.case_id(), MATCH, request)
            await met.say(svb, Coordinate(uwv.desk))
            for side in met.sides:
                await met.say(side, Outcome(Result.COORDINATED))
            assert [(await side.file()).pair.is_coordinated for side in met.sides] == [True, True]
            for side in met.sides:
                await met.say(side, Close(Ending.DONE)) if side is uwv else None

            assert shown.fields == {"theme": FIELDS["theme"]}
            assert shown.last_day == met.clock.today() + timedelta(days=30)
            assert (shown.proof.author, shown.proof.height) == ("uwv", uwv.height)
            assert len(shown.proof.digests) == 3
            block = svb.bench.block_of(svb.local_id)
            assert block is not None
            assert [line.kind for line in (await svb.file()).timeline] == [
                *("heard-confirm", "confirm", "request", "request", "heard-grant", "heard-refuse"),
                *("coordinate", "heard-outcome", "outcome", "heard-close"),
            ]
            assert await svb.casework.worklist(svb.worker) == []
            assert svb.refusals() == uwv.refusals() == {}

    run(story())
