"""The door for the other members' nodes: signed messages in, signed answers out."""

from fastapi import APIRouter, Request, Response

from api.callers import running_node


async def peer(request: Request) -> Response:
    """Answer one message of a peer (`nodes.peers.message`)."""
    node = await running_node(request)
    answer = await node.service.answer(await request.body())
    return Response(answer, media_type="application/octet-stream")


router = APIRouter()
# A plain route: seven such messages make a post final, and nothing in them is for FastAPI to read.
router.add_route("/peer", peer, methods=["POST"])
