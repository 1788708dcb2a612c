"""Cases: persons about whom this agency and others have posted, as its own system reads them.

What people do in a case, each at a desk and in a role, is under `worklists` and what follows it.
"""

from typing import Annotated

from fastapi import APIRouter, Query

from api.callers import Caseworker, NodeDep
from api.case import CaseOut, CasePageOut
from api.problems import responses
from api.routes.parameters import CaseId
from api.words import HEX_ID

router = APIRouter(tags=["cases"])


@router.get("/cases", summary="Own cases", responses=responses(400, 401, 403))
async def own_cases(
    caller: Caseworker,
    node: NodeDep,
    after: Annotated[str | None, Query(pattern=HEX_ID)] = None,
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
