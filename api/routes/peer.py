"""The door for the other members' nodes: signed messages in, signed answers out."""

from fastapi import APIRouter, Request, Response

from api.callers import NodeDep

router = APIRouter()


@router.post("/peer")
async def peer(request: Request, node: NodeDep) -> Response:
    """Answer one message of a peer (`nodes.peers.message`)."""
    answer = await node.service.answer(await request.body())
    return Response(answer, media_type="application/octet-stream")
