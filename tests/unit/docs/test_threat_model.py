"""Every line of the threat model names tests that exist, and every attack stands in it."""

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
ATTACKS = sorted((ROOT / "tests" / "attacks").glob("test_*.py"))
_NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def lines() -> list[str]:
    """Return the lines of all tables, without their heads."""
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    rules = {at for at, row in enumerate(rows) if set(row) <= set("|-")}
    return [row for at, row in enumerate(rows) if at not in rules and at + 1 not in rules]


@lru_cache
def functions_of(path: Path) -> frozenset[str]:
    """Return the names of the test functions in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in tree.body if isinstance(node, functions))


@pytest.mark.parametrize("line", lines(), ids=lambda line: line.split("|")[1].strip()[:50])
def test_a_line_of_the_threat_model_names_tests_that_exist(line: str) -> None:
    *_, named, end = line.split("|")

    found = _NAMED.findall(named)

    assert end == ""
    assert found
    assert [name for path, name in found if name not in functions_of(ROOT / "tests" / path)] == []
    # Nothing else stands there: no name that the pattern above passes over.
    assert _NAMED.sub("", named).strip(" ,") == ""


def test_every_attack_stands_in_the_threat_model() -> None:
    named = set(_NAMED.findall("\n".join(lines())))

    attacks = {(f"attacks/{path.name}", name) for path in ATTACKS for name in functions_of(path)}

    assert {(path, name) for path, name in attacks if name.startswith("test_")} - named == set()


def test_the_threat_model_says_all_that_the_readme_says_is_not_hidden() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"## What it does not hide\n\n(.*?)\n\n## ", readme, re.DOTALL)

    assert said.count("\n- ") > 5
    assert said in PAGE


def test_the_threat_model_has_no_line_outside_its_tables_that_names_a_test() -> None:
    prose = [line for line in PAGE.splitlines() if not line.startswith("|")]

    assert _NAMED.findall("\n".join(prose)) == []
    assert len(lines()) > 60
