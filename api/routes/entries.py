"""Governance entries: what members signed is handed in at any node."""

from fastapi import APIRouter, Request, Response

from api.callers import NodeDep, Operator
from api.entry import EntryOut
from api.epoch import AgreementIn, EpochsOut, GenerationIn, GenerationOut
from api.problems import responses

router = APIRouter(tags=["governance"])

_NOTE = {
    "requestBody": {
        "required": True,
        "content": {"text/plain": {"schema": {"type": "string", "maxLength": 65_535}}},
    }
}


@router.post(
    "/entries",
    status_code=202,
    summary="Submit a consortium, epoch or member entry",
    responses={
        202: {"description": "Submitted; it is on the chain once the order has it"},
        **responses(400, 401, 403, 413, 503),
    },
    openapi_extra=_NOTE,
)
async def submit_entry(request: Request, caller: Operator, node: NodeDep) -> EntryOut:
    """Submit an entry note that all who must have signed; the operator's act."""
    del caller
    return EntryOut.of(await node.governance.submit(await request.body()))


@router.get("/epochs", summary="The epochs of pseudonym keys", responses=responses(503))
async def epochs(node: NodeDep) -> EpochsOut:
    """Return which epochs there are and which of them are open; public."""
    return EpochsOut.of(node.governance.epochs())


@router.post(
    "/generations",
    status_code=202,
    summary="Generate the next epoch's key",
    responses={
        202: {"description": "Begun; the holders generate it together"},
        **responses(400, 401, 403, 409, 413, 503),
    },
)
async def generate(body: GenerationIn, caller: Operator, node: NodeDep) -> GenerationOut:
    """Let all holders generate the key of the next epoch of a purpose; the operator's act."""
    del caller
    return GenerationOut.of(node.leader.begin(body.purpose, replaces=body.replaces))


@router.post(
    "/agreements",
    status_code=202,
    response_class=Response,
    summary="Agree that an epoch is replaced",
    responses={
        202: {"description": "Noted for seven days; this node then signs the replacement"},
        **responses(400, 401, 403, 413, 503),
    },
)
async def agree(body: AgreementIn, caller: Operator, node: NodeDep) -> Response:
    """Agree that the key of an open epoch is lost; the operator's act, at every key holder."""
    del caller
    node.agreements.agree(body.purpose, body.replaces)
    return Response(status_code=202)


@router.get(
    "/generations/newest",
    summary="The newest generation of a key",
    responses=responses(401, 403, 404),
)
async def generation(caller: Operator, node: NodeDep) -> GenerationOut:
    """Return how far the generation is that this node leads, or how its last one ended."""
    del caller
    return GenerationOut.of(node.leader.latest())
