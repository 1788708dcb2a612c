"""Members with keys and cards, made once."""

import shutil
from pathlib import Path

import pytest

from tests.support.command_line import MEMBERS, make_member


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every member's keys and card."""
    folder = tmp_path_factory.mktemp("members")
    for name in MEMBERS:
        make_member(folder, name)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to write in."""
    return shutil.copytree(made, tmp_path / "members")
