"""The application: `/v1` for people and their systems, and at the root what machines read.

    /v1/…                          the API, by the habits of the NLgov API Design Rules
    /checkpoint  /tile/…           the log (c2sp.org/tlog-tiles)
    /peer                          the other members' nodes
    /healthz  /readyz  /metrics    the operator
    /                              the front page, for people

Whoever sends the token of a role or a person is of this agency; everybody else is a stranger.
"""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI

from api import problems
from api.guard import BodyLimit, Heads, ResponseHeaders, TraceContext
from api.problems import Problem
from api.routes import (
    assignments,
    cases,
    chain,
    entries,
    grants,
    health,
    log,
    messages,
    peer,
    signals,
    worklists,
)
from api.web import pages
from nodes.node import Node
from nodes.staff import Staff

MAJOR = "/v1"
_TITLE = "Signaalketen"
_DESCRIPTION = """\
Post case signals of your agency, work on the cases that they meet in, and check what the ledger \
says of them.

Prototype, for synthetic data only: there is no law yet that permits real use.

Signals are posted with the token of the agency's own system. In a case people act, each with a \
token of its own and in one of its roles (`Signaalketen-Role`).

Errors are `application/problem+json` (RFC 9457); what the rules of a case deny is a 409 whose \
`reason` is one stable word. A signal or a message to another desk needs an `Idempotency-Key`: the \
same key and body give the same answer in its present state, however often you ask.
"""
_CONTACT = {
    "name": "Signaalketen",
    "url": "https://signaalketen.example/contact",
    "email": "contact@signaalketen.example",
}
_LICENCE = {"name": "EUPL-1.2", "identifier": "EUPL-1.2"}
_EXAMPLE_URL = "https://signaalketen.example"


def create_app(node: Node, *, tokens: dict[str, str], staff: Staff | None = None) -> FastAPI:
    """Return the application that is the face of `node`, for its `staff`, and a role by token."""
    api = create_api(node.settings.url)
    root = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    problems.install(root)
    _include(root, log.router, peer.router, health.router, pages.router)
    root.mount("/static", pages.static)
    for app in (root, api):
        app.state.node = node
        app.state.tokens = tokens
        app.state.staff = staff or Staff()
    root.mount(MAJOR, api)
    root.add_middleware(BodyLimit)
    root.add_middleware(Heads)
    root.add_middleware(TraceContext)
    # Around the whole stack: `add_middleware` stays inside of what answers the unforeseen.
    root.middleware_stack = ResponseHeaders(
        root.build_middleware_stack(), version=version("signaalketen")
    )
    return root


def create_api(url: str = _EXAMPLE_URL) -> FastAPI:
    """Return the API under `/v1` alone, as a node at `url` serves it."""
    api = FastAPI(
        title=_TITLE,
        version=version("signaalketen"),
        description=_DESCRIPTION,
        contact=_CONTACT,
        license_info=_LICENCE,
        servers=[{"url": url + MAJOR}],
        root_path_in_servers=False,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        generate_unique_id_function=lambda route: route.name,
    )
    problems.install(api)
    _include(api, signals.router, cases.router, worklists.router, messages.router)
    _include(api, grants.router, assignments.router, chain.router, entries.router)
    plain = api.openapi

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = _by_the_rules(plain())
        return api.openapi_schema

    api.openapi = openapi  # type: ignore[method-assign]
    return api


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document of the API."""
    return create_api().openapi()


def _include(app: FastAPI, *routers: APIRouter) -> None:
    for router in routers:
        app.include_router(router)
    # What answers a wrong method must name the methods of all routes of a path.
    known = getattr(app.state, "routes", [])
    app.state.routes = [*known, *(route for router in routers for route in router.routes)]


def _by_the_rules(document: dict[str, Any]) -> dict[str, Any]:
    """Add to `document` what the NLgov rules ask and FastAPI leaves out; drop what it invents."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for invented in ("HTTPValidationError", "ValidationError"):
        schemas.pop(invented, None)
    # The words that a field may hold stand where the field does (`api.words`).
    for listed in [name for name, schema in schemas.items() if "enum" in schema]:
        del schemas[listed]
    template = "#/components/schemas/{model}"
    problem = Problem.model_json_schema(ref_template=template)
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    header = {"description": "The version of the API", "schema": {"type": "string"}}
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            for response in operation["responses"].values():
                response.setdefault("headers", {})["API-Version"] = header
    return document
