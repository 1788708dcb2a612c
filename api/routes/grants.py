"""Granting what another desk asked: prepared by one, decided by a second, reviewed by a third.

None of these needs a key: each comes to the same done twice, or is denied the second time.
"""

from fastapi import APIRouter, Response

from api.callers import Approver, CaseworkDep, Reviewer, Worker
from api.case_acts import ApprovalIn, BrokenGlassIn, PreparationIn, ReviewIn
from api.problems import responses
from api.routes.messages import SAID
from api.routes.parameters import CaseId, RequestId

router = APIRouter(tags=["casework"], prefix="/cases/{caseId}/requests/{requestId}")
DONE = {204: {"description": "Done"}, **responses(400, 401, 403, 404, 409, 413, 507)}


@router.post(
    "/preparations",
    status_code=204,
    response_class=Response,
    summary="Prepare a grant",
    responses=DONE,
)
async def prepare(
    case_id: CaseId,
    request_id: RequestId,
    body: PreparationIn,
    actor: Worker,
    casework: CaseworkDep,
) -> Response:
    """Lay before an approver which fields to grant, and to which day; it replaces what was."""
    await casework.prepare(
        actor,
        case_id,
        body.match_id,
        bytes.fromhex(request_id),
        fields=body.fields,
        last_day=body.until(),
    )
    return Response(status_code=204)


@router.post(
    "/approvals",
    status_code=202,
    response_class=Response,
    summary="Grant what was prepared",
    responses=SAID,
)
async def approve(
    case_id: CaseId,
    request_id: RequestId,
    body: ApprovalIn,
    actor: Approver,
    casework: CaseworkDep,
) -> Response:
    """Grant exactly what somebody else prepared; it is sealed to the desk that asked."""
    await casework.approve(
        actor, case_id, body.match_id, bytes.fromhex(request_id), seen=body.seen()
    )
    return Response(status_code=202)


@router.post(
    "/broken-glasses",
    status_code=202,
    response_class=Response,
    summary="Break the glass",
    responses=SAID,
)
async def break_glass(
    case_id: CaseId,
    request_id: RequestId,
    body: BrokenGlassIn,
    actor: Approver,
    casework: CaseworkDep,
) -> Response:
    """Grant an acute request at once, fixed fields only; reviewed the next working day."""
    await casework.break_glass(
        actor, case_id, body.match_id, bytes.fromhex(request_id), last_day=body.until()
    )
    return Response(status_code=202)


@router.post(
    "/reviews",
    status_code=204,
    response_class=Response,
    summary="Review a broken glass",
    responses=DONE,
)
async def review(
    case_id: CaseId, request_id: RequestId, body: ReviewIn, actor: Reviewer, casework: CaseworkDep
) -> Response:
    """Say whether what one person alone granted was justified."""
    await casework.review(
        actor,
        case_id,
        body.match_id,
        bytes.fromhex(request_id),
        is_justified=body.is_justified,
    )
    return Response(status_code=204)
