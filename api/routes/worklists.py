"""What waits for whom: a desk's cases, an approver's decisions, a privacy officer's reviews."""

from fastapi import APIRouter

from api.callers import Approver, CaseworkDep, Reader, Reviewer, Worker, WorkerOrLead
from api.case_acts import MatchIn
from api.case_file import CaseFileOut
from api.problems import responses
from api.request import ShownOut
from api.routes.parameters import After, CaseId, PageSize, RequestId
from api.worklist import QueueOut, WorklistOut

router = APIRouter(tags=["casework"])


@router.get("/worklist", summary="The desk's cases", responses=responses(400, 401, 403, 404, 507))
async def worklist(
    actor: WorkerOrLead, casework: CaseworkDep, after: After = None, page_size: PageSize = 20
) -> WorklistOut:
    """Return the open cases of your own desk, what is due first first, and whose they are today."""
    found = await casework.worklist(actor, after=after, count=page_size)
    return WorklistOut.of(found, size=page_size)


@router.get(
    "/approvals", summary="Requests to decide", responses=responses(400, 401, 403, 404, 507)
)
async def approvals(
    actor: Approver, casework: CaseworkDep, after: After = None, page_size: PageSize = 20
) -> QueueOut:
    """Return the requests of other agencies that somebody prepared, and all acute ones."""
    found = await casework.queue(actor, after=after, count=page_size)
    return QueueOut.of(found, size=page_size)


@router.get(
    "/reviews", summary="Broken glasses to review", responses=responses(400, 401, 403, 404, 507)
)
async def reviews(
    actor: Reviewer, casework: CaseworkDep, after: After = None, page_size: PageSize = 20
) -> QueueOut:
    """Return what one person alone granted, with the time by which it is to be reviewed."""
    found = await casework.queue(actor, after=after, count=page_size)
    return QueueOut.of(found, size=page_size)


@router.get(
    "/cases/{caseId}/file",
    summary="The file of a case",
    responses=responses(400, 401, 403, 404, 507),
)
async def case_file(case_id: CaseId, actor: Reader, casework: CaseworkDep) -> CaseFileOut:
    """Return a whole case: its matches, requests, contacts, and everything that happened."""
    return CaseFileOut.of(await casework.show(actor, case_id))


@router.post(
    "/cases/{caseId}/requests/{requestId}/readings",
    summary="Read what was granted",
    responses=responses(400, 401, 403, 404, 409, 413, 507),
)
async def read_granted(
    case_id: CaseId, request_id: RequestId, body: MatchIn, actor: Worker, casework: CaseworkDep
) -> ShownOut:
    """Return the fields that an own request was granted, to their last day, with the proof."""
    request = bytes.fromhex(request_id)
    return ShownOut.of(await casework.shown(actor, case_id, body.match_id, request))
