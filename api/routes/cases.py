"""Cases: persons about whom this agency and others have posted."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.callers import Caseworker, NodeDep
from api.case import CaseOut, CasePageOut
from api.problems import responses

router = APIRouter(tags=["cases"])

_ID = r"^[0-9a-f]{32}$"
CaseId = Annotated[str, Path(alias="caseId", pattern=_ID)]


@router.get("/cases", summary="Own cases", responses=responses(400, 401, 403))
async def own_cases(
    caller: Caseworker,
    node: NodeDep,
    after: Annotated[str | None, Query(pattern=_ID)] = None,
    page_size: Annotated[int, Query(alias="pageSize", ge=1, le=100)] = 20,
) -> CasePageOut:
    """Return this agency's cases, each with the agency, desk and day of every match."""
    del caller
    return CasePageOut.of(await node.cases.show_page(after=after, count=page_size), size=page_size)


@router.get("/cases/{caseId}", summary="One case", responses=responses(400, 401, 403, 404))
async def own_case(case_id: CaseId, caller: Caseworker, node: NodeDep) -> CaseOut:
    """Return one case."""
    del caller
    return CaseOut.of(await node.cases.show(case_id))
