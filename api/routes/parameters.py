"""Parameters that several routes of cases have."""

from typing import Annotated

from fastapi import Header, Path, Query

from api.words import HEX_ID

CaseId = Annotated[str, Path(alias="caseId", pattern=HEX_ID)]
RequestId = Annotated[str, Path(alias="requestId", pattern=HEX_ID)]
After = Annotated[
    str | None,
    Query(pattern=r"^[!-~]{1,200}$", max_length=200, description="The `next` of the page before."),
]
PageSize = Annotated[int, Query(alias="pageSize", ge=1, le=100)]
SayingKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Your own name for this message; asking again with it says nothing again.",
    ),
]
