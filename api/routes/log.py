"""The log for machines: checkpoint and tiles, the one bulk read path (c2sp.org/tlog-tiles)."""

from fastapi import APIRouter, Response

from api.callers import IsInside, NodeDep

router = APIRouter()
TEXT = "text/plain; charset=utf-8"
_OCTETS = "application/octet-stream"
_FOR_EVER = "public, max-age=31536000, immutable"


@router.get("/checkpoint")
async def checkpoint(is_inside: IsInside, node: NodeDep) -> Response:
    """Return the newest final checkpoint that the reader may see."""
    return Response(node.log.checkpoint(is_inside=is_inside).encode(), media_type=TEXT)


@router.get("/tile/{path:path}")
async def tile(path: str, is_inside: IsInside, node: NodeDep) -> Response:
    """Return a tile; its content never changes."""
    content = node.log.tile(f"tile/{path}", is_inside=is_inside)
    # A shared cache must not hand strangers what only members may see yet.
    kept = "private, max-age=31536000, immutable" if is_inside else _FOR_EVER
    return Response(content, media_type=_OCTETS, headers={"Cache-Control": kept})
