"""A consortium of four for the tests of the API, started once; its nodes work while one asks."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from nodes.settings import Settings
from tests.support.cluster import Cluster
from tests.support.consortium import ROLES, Founded, found
from tests.support.faces import Face


@dataclass(frozen=True)
class Waiting(Founded):
    """Members whose nodes let a post wait `wait_seconds` for its receipt."""

    wait_seconds: float = 0

    def settings(self, name: str, *, data: str = "data") -> Settings:
        """Return the settings of a member's node; see `Founded`."""
        settings = super().settings(name, data=data)
        return settings.model_copy(update={"wait_seconds": self.wait_seconds})


@dataclass(frozen=True)
class Faced:
    """A running cluster and the face of each of its nodes."""

    cluster: Cluster
    faces: dict[str, Face]

    @contextmanager
    def without(self, *members: str) -> Iterator[None]:
        """Cut the wires of these members."""
        self.cluster.wires.down = {f"http://{member}.test" for member in members}
        try:
            yield
        finally:
            self.cluster.wires.down = set()


def is_ready(face: Face) -> bool:
    """Tell whether a node says that it is ready."""
    return face.get("/readyz").status_code == 200


@contextmanager
def running(root: Path, *, wait_seconds: float) -> Iterator[Faced]:
    """Run four nodes under `root`."""
    cluster = Cluster(Waiting(found(root).root, wait_seconds=wait_seconds))
    with asyncio.Runner() as runner:
        runner.run(cluster.__aenter__())
        try:
            faces = {name: Face(cluster[name], runner) for name in ROLES}
            faces["uwv"].until(lambda: all(is_ready(face) for face in faces.values()))
            yield Faced(cluster, faces)
        finally:
            runner.run(cluster.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def consortium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faced]:
    """Four nodes that wait as long as it takes."""
    with running(tmp_path_factory.mktemp("consortium"), wait_seconds=60) as faced:
        yield faced


@pytest.fixture(scope="session")
def uwv(consortium: Faced) -> Face:
    """The face of UWV's node."""
    return consortium.faces["uwv"]


@pytest.fixture(scope="session")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faced]:
    """Four nodes with an epoch open, so that signals about one person meet."""
    with running(tmp_path_factory.mktemp("meeting"), wait_seconds=60) as faced:
        faced.faces["uwv"].runner.run(faced.cluster.open_epoch())
        yield faced
