import json
import subprocess
import sys

import pytest

from api.app import openapi_document
from tests.support.command_line import signaalketen

COMMANDS = (
    ("key", "new"),
    ("member", "card"),
    ("consortium", "draft"),
    ("consortium", "sign"),
    ("consortium", "show"),
    ("node",),
    ("post",),
    ("export",),
    ("audit",),
    ("receipt", "verify"),
    ("openapi",),
)
HEAVY = ("alembic", "cryptography", "fastapi", "httpx", "nacl", "pydantic", "sqlalchemy", "uvicorn")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    result = signaalketen(*command, "--help")

    assert result.exit_code == 0
    assert "Usage: " in result.stdout


def test_help_loads_nothing_that_only_commands_need() -> None:
    loaded = subprocess.run(
        (sys.executable, "-c", "import api.cli.app, sys; print(*sys.modules)"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert not set(HEAVY) & set(loaded)
    assert "typer" in loaded


@pytest.mark.parametrize("arguments", [("nonsense",), ("audit",), ("post", "f"), ("key", "new")])
def test_wrong_usage_is_not_taken_for_a_finding(arguments: tuple[str, ...]) -> None:
    result = signaalketen(*arguments)

    assert result.exit_code == 2
    assert "Usage: " in result.stderr


def test_openapi_document_is_printed_and_nothing_else() -> None:
    result = signaalketen("openapi")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads(json.dumps(openapi_document()))
    assert result.stderr == ""


def test_version_is_said() -> None:
    assert signaalketen("--version").stdout.startswith("signaalketen 0")
