"""Whose a case is: assignment, handover to another desk, absence."""

from fastapi import APIRouter, Response

from api.callers import Anybody, CaseworkDep, LeadOrWorker, StaffDep, WorkerOrLead
from api.case_acts import AbsenceIn, AssigneeIn, HandoverIn
from api.problems import responses
from api.routes.grants import DONE
from api.routes.parameters import CaseId

router = APIRouter(tags=["casework"])


@router.put(
    "/cases/{caseId}/assignee",
    status_code=204,
    response_class=Response,
    summary="Assign a case",
    responses=DONE,
)
async def assign(
    case_id: CaseId, body: AssigneeIn, actor: LeadOrWorker, casework: CaseworkDep
) -> Response:
    """Take a case or give it back; the desk's lead gives it to anybody."""
    await casework.assign(actor, case_id, person=body.person)
    return Response(status_code=204)


@router.post(
    "/cases/{caseId}/handovers",
    status_code=204,
    response_class=Response,
    summary="Hand over to another desk",
    responses=DONE,
)
async def hand_over(
    case_id: CaseId, body: HandoverIn, actor: WorkerOrLead, casework: CaseworkDep
) -> Response:
    """Give a case, or one match of it, to another desk of your agency."""
    await casework.hand_over(actor, case_id, desk=body.desk, match=body.match_id)
    return Response(status_code=204)


@router.post(
    "/absences",
    status_code=204,
    response_class=Response,
    summary="Note an absence",
    responses={204: {"description": "Noted"}, **responses(400, 401, 403, 404, 409, 413, 507)},
)
async def be_away(
    body: AbsenceIn, actor: Anybody, casework: CaseworkDep, staff: StaffDep
) -> Response:
    """Say from when to when you are away, and who stands in; a lead of anybody at its desk."""
    first, last = body.days()
    staff.verify_absence(body.person, by=actor)
    await casework.be_away(actor, person=body.person, first=first, last=last, deputy=body.deputy)
    return Response(status_code=204)
