"""The operator's routes: alive, ready and if not why, and numbers."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from api.callers import IsInside, NodeDep, Operator, StaffDep
from api.metrics import NodeCollector
from api.readiness import ReadinessOut
from nodes.readiness import reasons

router = APIRouter()


@router.get("/healthz")
async def healthz() -> PlainTextResponse:
    """Answer that the program runs."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
async def readyz(is_inside: IsInside, node: NodeDep, staff: StaffDep) -> JSONResponse:
    """Say whether the node does its work; this agency's own people also see why not."""
    readiness = ReadinessOut.of(reasons(node, staff), is_inside=is_inside)
    return JSONResponse(
        readiness.model_dump(by_alias=True), status_code=200 if readiness.is_ready else 503
    )


@router.get("/metrics")
async def metrics(caller: Operator, node: NodeDep, staff: StaffDep) -> Response:
    """Return the node's numbers for Prometheus; for the operator, since they move with posts."""
    del caller
    registry = CollectorRegistry()
    registry.register(NodeCollector(node, staff))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
