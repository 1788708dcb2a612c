"""Databases for attackers and for those whom they attack."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nodes.store.database import Database
from tests.support.databases import copy_of, migrate


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of an empty database."""
    return migrate(tmp_path_factory.mktemp("attacks"))


@pytest.fixture
def database(migrated: Path, tmp_path: Path) -> Iterator[Database]:
    """Yield an empty database."""
    with closing(copy_of(migrated, tmp_path)) as database:
        yield database
