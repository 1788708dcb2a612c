"""What the pages on casework tell people to type and to ask exists."""

import re
from pathlib import Path

import pytest
import typer

from api.app import openapi_document
from api.cli.app import app
from tests.support.contract import operations

ROOT = Path(__file__).parents[3]
PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in ("docs/casework.md", "README.md", "docs/operations.md")
}
_TYPED = re.compile(r"(?:signaalketen |`)case ([a-z-]+)")
_ASKED = re.compile(r"\b(GET|POST|PUT|DELETE)\s+(/v1/[A-Za-z0-9/{}.-]+)")


def commands() -> dict[str, object]:
    """Return the commands of `case`, with the names of their options."""
    root = typer.main.get_command(app)
    cases = root.commands["case"]  # type: ignore[attr-defined]
    return {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in cases.commands.items()
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_exists_with_its_options(page: str) -> None:
    known = commands()

    for line in PAGES[page].replace("\\\n", " ").splitlines():
        for found in _TYPED.finditer(line):
            typed = line[found.start() :].partition("#")[0].partition("`")[0]
            assert found[1] in known, line
            options = set(re.findall(r"--[a-z-]+", typed))
            assert options <= known[found[1]], line  # type: ignore[operator]


@pytest.mark.parametrize("page", PAGES)
def test_every_route_of_a_page_exists(page: str) -> None:
    document = openapi_document()
    known = {(o.method, f"/v1{o.path}") for o in operations(document)} | {
        ("GET", "/v1/openapi.json")
    }

    assert set(_ASKED.findall(PAGES[page])) <= known


def test_the_page_on_casework_names_every_command_and_every_route() -> None:
    page = PAGES["docs/casework.md"]
    routes = {
        (o.method, f"/v1{o.path}")
        for o in operations(openapi_document())
        if o.content["tags"] == ["casework"]
    }

    assert set(_TYPED.findall(page)) >= set(commands())
    assert set(_ASKED.findall(page)) >= routes
