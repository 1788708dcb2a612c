"""One consortium in containers for all tests here; `make compose-test` runs them, nothing else."""

import os
from collections.abc import Iterator
from secrets import token_hex

import pytest

from tests.support.compose import Project, composed, has_docker


@pytest.fixture(scope="session")
def project() -> Iterator[Project]:
    if not has_docker():
        reason = "there is no Docker engine with Compose here"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with composed(f"sk-test-{token_hex(4)}") as project:
        yield project
