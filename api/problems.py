"""Problem details (RFC 9457) for every error: the one table of statuses.

    {"type": "about:blank", "title": …, "status": …, "detail": …, "invalidParams": [{name, reason}],
     "reason": …}

`reason` is the short, stable word for which an act in a case is denied, else null. No value that a
caller sent is ever repeated.
"""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import Field
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.wire import Wire
from ledger.errors import DeniedError, LedgerError, MalformedError
from nodes.errors import (
    CollectorError,
    ConflictError,
    GoneError,
    InputError,
    NodeError,
    NotFoundError,
    PeerUnreachableError,
    QuotaError,
    SequencerError,
    StorageError,
)

MEDIA_TYPE = "application/problem+json"
_MAX_REASON = 1800
STATUSES: dict[type[Exception], HTTPStatus] = {
    QuotaError: HTTPStatus.TOO_MANY_REQUESTS,
    InputError: HTTPStatus.BAD_REQUEST,
    MalformedError: HTTPStatus.BAD_REQUEST,
    DeniedError: HTTPStatus.CONFLICT,
    LedgerError: HTTPStatus.BAD_REQUEST,
    NotFoundError: HTTPStatus.NOT_FOUND,
    GoneError: HTTPStatus.GONE,
    ConflictError: HTTPStatus.CONFLICT,
    StorageError: HTTPStatus.INSUFFICIENT_STORAGE,
    PeerUnreachableError: HTTPStatus.SERVICE_UNAVAILABLE,
    CollectorError: HTTPStatus.SERVICE_UNAVAILABLE,
    SequencerError: HTTPStatus.SERVICE_UNAVAILABLE,
    NodeError: HTTPStatus.SERVICE_UNAVAILABLE,
}


class InvalidParam(Wire):
    """One field that is wrong, and what it should be."""

    name: str = Field(max_length=200)
    reason: str = Field(max_length=2000)


class Problem(Wire):
    """What went wrong, for people and for programs."""

    type: str = Field(default="about:blank", max_length=200)
    title: str = Field(max_length=200)
    status: int = Field(ge=400, le=599)
    detail: str = Field(max_length=2000)
    invalid_params: list[InvalidParam] = Field(default_factory=list, max_length=100)
    reason: str | None = Field(
        default=None,
        max_length=40,
        description="Why an act in a case is denied, in one stable word, such as `four-eyes`.",
    )


def problem_of(cause: Exception) -> Problem:
    """Return the problem that `cause` is to a caller."""
    status = next(STATUSES[c] for c in type(cause).__mro__ if c in STATUSES)
    denied = cause.reason if isinstance(cause, DeniedError) else None
    # Whom it is for does not change with the case, as all else does that a case denies.
    status = HTTPStatus.FORBIDDEN if denied == "role" else status
    field = cause.field if isinstance(cause, InputError) else None
    # The words of a document may be many; a problem that cannot be told would be a worse one.
    reason = str(cause)[:_MAX_REASON]
    return Problem(
        title=status.phrase,
        status=status,
        detail=reason if field is None else f"{field} {reason}",
        invalid_params=[] if field is None else [InvalidParam(name=field, reason=reason)],
        reason=denied,
    )


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of these problems."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Answer every error of `app` with problem details."""
    app.add_exception_handler(NodeError, _answer_known)
    app.add_exception_handler(LedgerError, _answer_known)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Exception, _answer_unknown)


def _respond(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(by_alias=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


async def _answer_known(request: Request, cause: Exception) -> JSONResponse:
    del request
    return _respond(problem_of(cause))


async def _answer_invalid(request: Request, cause: Exception) -> JSONResponse:
    del request
    errors = cause.errors() if isinstance(cause, RequestValidationError) else ()
    return _respond(invalid_problem(errors))


def invalid_problem(errors: Sequence[ErrorDetails]) -> Problem:
    """Return the problem for pydantic's `errors`: places and reasons, never the input."""
    params = [
        InvalidParam(name=_place(error), reason=str(error["msg"])[:2000]) for error in errors[:100]
    ]
    return Problem(
        title=HTTPStatus.BAD_REQUEST.phrase,
        status=HTTPStatus.BAD_REQUEST,
        detail="; ".join(f"{p.name}: {p.reason}" for p in params)[:2000],
        invalid_params=params,
    )


def _place(error: ErrorDetails) -> str:
    """Return the place of an error; a name that only its sender made up may say anything."""
    parts = [str(part) for part in error["loc"] if part != "body"]
    if error["type"] == "extra_forbidden":
        parts.pop()
    place = ".".join(parts)
    is_name = re.fullmatch(r"[A-Za-z-]{1,60}(\.([A-Za-z-]{1,60}|[0-9]{1,3}))*", place)
    return place if is_name else "body"


async def _answer_http(request: Request, cause: Exception) -> JSONResponse:
    status = cause.status_code if isinstance(cause, HTTPException) else 500
    detail = str(cause.detail) if isinstance(cause, HTTPException) else ""
    headers = dict(cause.headers or {}) if isinstance(cause, HTTPException) else {}
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": _allowed(request) or headers.get("Allow", "GET, HEAD")}
    return _respond(Problem(title=HTTPStatus(status).phrase, status=status, detail=detail), headers)


def _allowed(request: Request) -> str:
    """Return all methods that any route of the path has; the router names one route's only."""
    methods: set[str] = set()
    for route in request.app.state.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return ", ".join(sorted(methods))


async def _answer_unknown(request: Request, cause: Exception) -> JSONResponse:
    del request, cause
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "Something unforeseen went wrong here; the operator's log has it."
    return _respond(Problem(title=status.phrase, status=status, detail=detail))
