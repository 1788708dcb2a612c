import asyncio
from types import SimpleNamespace
from typing import Any, NoReturn, cast

import httpx
import pytest

from api.app import create_app
from nodes.errors import NotFoundError
from nodes.node import Node

SECRET = "999900006"
AUTHORIZED = {"Authorization": "Bearer token"}


class BrokenPart:
    """Whatever is asked of it fails in a way that nobody foresaw, with a BSN in its words."""

    def __getattr__(self, name: str) -> Any:
        def fail(*args: object, **kwargs: object) -> NoReturn:
            raise ZeroDivisionError(SECRET)

        return fail


def node_of(**parts: object) -> Node:
    """Return a node that is all broken but for `parts`."""
    broken = dict.fromkeys(("log", "counter", "service", "replica", "database"), BrokenPart())
    settings = SimpleNamespace(url="https://uwv.example")
    return cast("Node", SimpleNamespace(**(broken | {"settings": settings} | parts)))


def ask(method: str, path: str, node: Node | None = None, **request: Any) -> httpx.Response:
    async def once() -> httpx.Response:
        app = create_app(node or node_of(), tokens={"token": "caseworker"})
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.request(method, path, **request)

    return asyncio.run(once())


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v1/", "/v1/nowhere", "/nowhere", "/v1/signals/", "//v1/signals", "/tile", "/peer/"],
)
def test_a_path_that_is_not_there_is_a_problem_and_never_a_redirect(path: str) -> None:
    response = ask("GET", path, headers=AUTHORIZED)

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["title"] == "Not Found"
    assert response.headers["api-version"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/signals", {"GET", "POST"}),
        ("PUT", "/v1/signals/0", {"DELETE", "GET"}),
        ("PATCH", "/v1/signal-batches", {"POST"}),
        ("GET", "/v1/signal-batches", {"POST"}),
        ("POST", "/v1/consortium", {"GET"}),
        ("POST", "/v1/openapi.json", {"GET", "HEAD"}),
        ("OPTIONS", "/v1/receipts/1", {"GET"}),
        ("POST", "/tile/0/000", {"GET"}),
        ("POST", "/checkpoint", {"GET"}),
        ("GET", "/peer", {"POST"}),
        ("DELETE", "/healthz", {"GET"}),
        ("POST", "/", {"GET"}),
        ("POST", "/static/signaalketen.css", {"GET", "HEAD"}),
    ],
)
def test_a_wrong_method_is_told_every_right_one(method: str, path: str, allowed: set[str]) -> None:
    response = ask(method, path, headers=AUTHORIZED)

    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == allowed
    assert response.json()["title"] == "Method Not Allowed"
    assert response.headers["api-version"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/signals"),
        ("GET", "/v1/consortium"),
        ("GET", "/v1/consortium/chain"),
        ("GET", "/tile/0/000"),
        ("GET", "/checkpoint"),
        ("POST", "/peer"),
        ("GET", "/"),
    ],
)
def test_what_nobody_foresaw_is_told_without_its_words(method: str, path: str) -> None:
    response = ask(method, path, headers=AUTHORIZED)

    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"].startswith("Something unforeseen")
    assert SECRET not in response.text
    assert "ZeroDivision" not in response.text
    assert response.headers["api-version"]
    assert response.headers["x-content-type-options"] == "nosniff"


def test_what_a_node_foresaw_keeps_its_words() -> None:
    class EmptyLog:
        def checkpoint(self, *, is_inside: bool) -> NoReturn:
            raise NotFoundError("no block is final yet")

    for path in ("/checkpoint", "/v1/checkpoint"):
        response = ask("GET", path, node_of(log=EmptyLog()))

        assert (response.status_code, response.json()["detail"]) == (404, "no block is final yet")


def test_a_node_lives_even_while_all_its_parts_are_broken() -> None:
    response = ask("GET", "/healthz")

    assert (response.status_code, response.text) == (200, "ok\n")


def test_document_is_public_and_names_no_other_server_than_the_node() -> None:
    response = ask("GET", "/v1/openapi.json")

    assert response.json()["servers"] == [{"url": "https://uwv.example/v1"}]
    assert response.headers["api-version"] == response.json()["info"]["version"]
