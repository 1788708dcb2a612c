"""What a desk says to the other about a match; each goes out with the next beat."""

from fastapi import APIRouter, Response

from api.callers import Approver, CaseworkDep, Worker
from api.case_acts import (
    ConfirmationIn,
    ContentionIn,
    CoordinatorIn,
    EndingIn,
    MessageIn,
    OutcomeIn,
    RefusalIn,
    RequestIn,
    SaidOut,
)
from api.problems import responses
from api.routes.parameters import CaseId, RequestId, SayingKey

router = APIRouter(tags=["casework"], prefix="/cases/{caseId}")
SAFE = {"description": "Safe at this node, and sealed and sent with the next beat"}
SAID = {202: SAFE, **responses(400, 401, 403, 404, 409, 413, 503, 507)}


@router.post(
    "/confirmations",
    status_code=202,
    response_class=Response,
    summary="Take up a case",
    responses=SAID,
)
async def confirm(
    case_id: CaseId, body: ConfirmationIn, actor: Worker, casework: CaseworkDep
) -> Response:
    """Confirm one match, or all that your desk has not, and ask for a response within a time."""
    await casework.confirm(actor, case_id, within=body.within, match=body.match_id)
    return Response(status_code=202)


@router.post("/outcomes", status_code=202, summary="Say what came of it", responses=SAID)
async def conclude(
    case_id: CaseId, body: OutcomeIn, key: SayingKey, actor: Worker, casework: CaseworkDep
) -> SaidOut:
    """Tell the other desk what came of it at yours."""
    said = await casework.say(actor, case_id, body.match_id, body.to_domain(), key=key)
    return SaidOut(id=said.hex())


@router.post("/coordinators", status_code=202, summary="Name who takes the lead", responses=SAID)
async def coordinate(
    case_id: CaseId, body: CoordinatorIn, key: SayingKey, actor: Worker, casework: CaseworkDep
) -> SaidOut:
    """Name the desk of the two that takes the lead, the regievoerder."""
    said = await casework.say(actor, case_id, body.match_id, body.to_domain(), key=key)
    return SaidOut(id=said.hex())


@router.post("/messages", status_code=202, summary="Write to the other desk", responses=SAID)
async def write(
    case_id: CaseId, body: MessageIn, key: SayingKey, actor: Worker, casework: CaseworkDep
) -> SaidOut:
    """Write free text; a BSN, IBAN or date of birth is found by its place, and refused."""
    said = await casework.say(
        actor, case_id, body.match_id, body.to_domain(), is_urgent=body.is_urgent, key=key
    )
    return SaidOut(id=said.hex())


@router.post("/contentions", status_code=202, summary="Contest", responses=SAID)
async def contest(
    case_id: CaseId, body: ContentionIn, key: SayingKey, actor: Worker, casework: CaseworkDep
) -> SaidOut:
    """Say what your desk does not agree with."""
    said = await casework.say(actor, case_id, body.match_id, body.to_domain(), key=key)
    return SaidOut(id=said.hex())


@router.post("/endings", status_code=202, summary="Close a match", responses=SAID)
async def close(
    case_id: CaseId, body: EndingIn, key: SayingKey, actor: Worker, casework: CaseworkDep
) -> SaidOut:
    """Close a match; nothing can be said about it any more, by either desk."""
    said = await casework.say(actor, case_id, body.match_id, body.to_domain(), key=key)
    return SaidOut(id=said.hex())


@router.post("/requests", status_code=202, summary="Ask for fields", responses=SAID)
async def ask(
    case_id: CaseId, body: RequestIn, key: SayingKey, actor: Worker, casework: CaseworkDep
) -> SaidOut:
    """Ask the other desk for fields of its signal; the disclosure matrix says which may be."""
    said = await casework.say(
        actor, case_id, body.match_id, body.to_domain(), is_urgent=body.is_urgent, key=key
    )
    return SaidOut(id=said.hex())


@router.post(
    "/requests/{requestId}/refusals",
    status_code=202,
    summary="Refuse a request",
    responses=SAID,
)
async def refuse(
    case_id: CaseId,
    request_id: RequestId,
    body: RefusalIn,
    key: SayingKey,
    actor: Approver,
    casework: CaseworkDep,
) -> SaidOut:
    """Refuse what the other desk asked for, with one of the reasons."""
    content = body.to_domain(request_id)
    said = await casework.say(actor, case_id, body.match_id, content, key=key)
    return SaidOut(id=said.hex())
