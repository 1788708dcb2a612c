"""Own signals: post one, post up to a hundred, look them up."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from api.callers import Caseworker, NodeDep
from api.problems import responses
from api.signal import BatchIn, BatchOut, SignalIn, SignalOut, SignalPageOut
from nodes.counter import MAX_BATCH

router = APIRouter(tags=["signals"])

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Your own name for this request; asking again with it posts nothing again.",
    ),
]
LocalId = Annotated[str, Path(alias="localId", pattern=r"^[0-9a-f]{32}$")]
_LOCATION = {"Location": {"description": "Where it stands", "schema": {"type": "string"}}}


@router.post(
    "/signals",
    status_code=201,
    summary="Post a case signal",
    responses={
        201: {"description": "Final; with its receipt", "headers": _LOCATION},
        202: {
            "model": SignalOut,
            "description": "Safe at this node and not final yet; look again at `Location`",
            "headers": _LOCATION,
        },
        **responses(400, 401, 403, 409, 410, 413, 429, 503, 507),
    },
)
async def post_signal(
    body: SignalIn, key: Key, caller: Caseworker, node: NodeDep, response: Response
) -> SignalOut:
    """Post a case signal about one person; the answer carries its receipt once it is final."""
    posted = await node.counter.post(
        body.to_domain(), caller=caller.role, key=key, request=body.canonical()
    )
    response.status_code = 201 if posted.signal.is_final else 202
    response.headers["Location"] = f"/v1/signals/{posted.signal.local_id}"
    return SignalOut.of(posted)


@router.post(
    "/signal-batches",
    summary="Post up to a hundred case signals",
    responses=responses(400, 401, 403, 409, 413, 503, 507),
)
async def post_batch(body: BatchIn, key: Key, caller: Caseworker, node: NodeDep) -> BatchOut:
    """Post what is sound of a batch; each signal gets its own status and, if refused, problem."""
    batch = body.to_domain()
    outcomes = await node.counter.post_batch(
        batch.postings(), caller=caller.role, key=key, request=body.canonical()
    )
    return batch.outcomes(outcomes)


@router.get("/signals", summary="Own signals", responses=responses(400, 401, 403))
async def own_signals(
    caller: Caseworker,
    node: NodeDep,
    before: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    page_size: Annotated[int, Query(alias="pageSize", ge=1, le=MAX_BATCH)] = 20,
) -> SignalPageOut:
    """Return this agency's own signals, newest first."""
    del caller
    signals = await node.counter.show_page(before=before, count=page_size)
    return SignalPageOut.of(signals, size=page_size)


@router.get(
    "/signals/{localId}", summary="One own signal", responses=responses(400, 401, 403, 404, 410)
)
async def own_signal(local_id: LocalId, caller: Caseworker, node: NodeDep) -> SignalOut:
    """Return one own signal in its present state, with its receipt once it is final."""
    del caller
    return SignalOut.of(await node.counter.show(local_id))


@router.delete(
    "/signals/{localId}",
    status_code=202,
    response_class=Response,
    summary="Withdraw an own signal",
    responses={
        202: {"description": "Withdrawn; nothing names it any more, and its erasure is on its way"},
        **responses(400, 401, 403, 404, 409, 503, 507),
    },
)
async def withdraw_signal(local_id: LocalId, caller: Caseworker, node: NodeDep) -> Response:
    """Withdraw an own final signal: it is erased here, at custodians, and where it matched."""
    del caller
    await node.withdrawal.withdraw(local_id)
    return Response(status_code=202)
