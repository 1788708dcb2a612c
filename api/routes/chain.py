"""What anybody may read of the chain, and what the privacy officer may see behind a block."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import PlainTextResponse

from api.body import BodyOut
from api.callers import IsInside, NodeDep, PrivacyOfficer
from api.contradiction import ContradictionOut, ContradictionsOut
from api.problems import responses
from api.routes.log import TEXT

router = APIRouter(tags=["chain"])

Height = Annotated[int, Path(ge=0, le=2**53)]
_TOML = "application/toml"
# Beside the requirement that the dependency brings: strangers may ask too, and see less.
_OR_NO_TOKEN: dict[str, Any] = {"security": [{}]}


def _plain(description: str, media_type: str = "text/plain") -> dict[int | str, dict[str, object]]:
    content = {media_type: {"schema": {"type": "string"}}}
    return {200: {"description": description, "content": content}}


@router.get(
    "/checkpoint",
    summary="The newest final checkpoint",
    response_class=PlainTextResponse,
    responses={**_plain("A signed note (c2sp.org/tlog-checkpoint)"), **responses(401, 404)},
    openapi_extra=_OR_NO_TOKEN,
)
async def checkpoint(is_inside: IsInside, node: NodeDep) -> PlainTextResponse:
    """Return the checkpoint; with a token the newest, without one the newest that is public."""
    return PlainTextResponse(node.log.checkpoint(is_inside=is_inside).encode(), media_type=TEXT)


@router.get(
    "/consortium",
    summary="The consortium document in force",
    response_class=PlainTextResponse,
    responses={**_plain("The document, byte for byte as signed", _TOML), **responses(404)},
)
async def consortium(node: NodeDep) -> PlainTextResponse:
    """Return who takes part, with which keys, under which rules, in which words."""
    return PlainTextResponse(node.log.document().raw, media_type=_TOML)


@router.get(
    "/consortium/chain",
    summary="Every consortium document, with the proof of where it came into force",
    response_class=PlainTextResponse,
    responses={**_plain("Blocks, their paths and a checkpoint"), **responses(401, 404)},
    openapi_extra=_OR_NO_TOKEN,
)
async def consortium_chain(is_inside: IsInside, node: NodeDep) -> PlainTextResponse:
    """Return what leads from any version of the document that a reader trusts to all others."""
    return PlainTextResponse(
        node.log.consortium_chain(is_inside=is_inside).encode(), media_type=TEXT
    )


@router.get(
    "/contradictions",
    summary="Proofs that somebody shows two histories",
    responses=responses(507),
)
async def contradictions(node: NodeDep) -> ContradictionsOut:
    """Return every checkpoint that contradicts this node's, beside its own of the same size."""
    found = node.log.contradictions()
    return ContradictionsOut(contradictions=[ContradictionOut.of(one) for one in found])


@router.get(
    "/receipts/{height}",
    summary="The receipt of a block",
    response_class=PlainTextResponse,
    responses={**_plain("A c2sp.org/tlog-proof"), **responses(400, 401, 404)},
    openapi_extra=_OR_NO_TOKEN,
)
async def receipt(height: Height, is_inside: IsInside, node: NodeDep) -> PlainTextResponse:
    """Return proof that convinces offline: the block, its path, and a quorum's cosignatures."""
    return PlainTextResponse(
        node.log.receipt(height, is_inside=is_inside).encode(), media_type=TEXT
    )


@router.get(
    "/blocks/{height}/body",
    summary="What this node holds behind a block",
    responses=responses(400, 401, 403, 404, 410),
)
async def body(height: Height, caller: PrivacyOfficer, node: NodeDep) -> BodyOut:
    """Return the items held of a block's body; for this agency's privacy officer only."""
    del caller
    return BodyOut.of(await node.counter.show_body(height))
