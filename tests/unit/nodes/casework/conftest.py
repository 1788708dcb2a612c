"""Founded consortia for casework: the files once, a copy for each test."""

import shutil
from pathlib import Path

import pytest

from tests.support.consortium import Founded, found


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Founded:
    return found(tmp_path_factory.mktemp("founded"))


@pytest.fixture
def founded(original: Founded, tmp_path: Path) -> Founded:
    shutil.copytree(original.root, tmp_path / "founded")
    return Founded(tmp_path / "founded")
