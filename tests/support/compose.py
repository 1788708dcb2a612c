"""The containers of `compose.yaml`, as a project of their own on free ports.

with composed() as project:
    project.run("ps")
    taken = project.client("uwv").post_signal({…}, key="k")

Needs a Docker engine with Compose. Everything of the project is removed at the end.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from secrets import randbelow
from typing import Any

from api.client.node import NodeClient
from demo.people import DESKS, PURPOSE
from demo.process import HOST, free_port
from ledger.bsn import Bsn, synthetic_numbers
from tests.support.cluster import FIELDS

ROOT = Path(__file__).parents[2]
AGENCIES = ("uwv", "svb", "szw", "bzk")
PATIENCE_SECONDS = 300.0
_UP_SECONDS = 900
_STEP_SECONDS = 180


class Project:
    """A Compose project named `name`; it tells what it does, because a person waits."""

    def __init__(self, name: str) -> None:
        """Choose ports; start nothing."""
        self.name = name
        # Not those that the system hands out: minutes pass before Docker takes them.
        first = 20_000 + 4 * randbelow(3_000)
        self._ports = {agency: free_port(first + at) for at, agency in enumerate(AGENCIES)}
        ports = {f"{agency.upper()}_PORT": str(port) for agency, port in self._ports.items()}
        # An image of its own, too: other copies of this code may be built on the same machine.
        self.image = f"signaalketen:{name}"
        own = {"COMPOSE_PROJECT_NAME": name, "SIGNAALKETEN_IMAGE": self.image}
        self._environment = os.environ | ports | own
        self._clients: dict[tuple[str, str], NodeClient] = {}
        self._people, self._keys = synthetic_numbers(), count()

    def say(self, text: str) -> None:
        """Tell whoever waits what is going on."""
        sys.stdout.write(f"  {self.name}: {text}\n")
        sys.stdout.flush()

    def run(self, *arguments: str, seconds: float = _STEP_SECONDS, may_fail: bool = False) -> str:
        """Run `docker compose …` and return what it printed.

        Raises:
            AssertionError: it failed and must not; the text is its last words.
        """
        command = ("docker", "compose", *arguments)
        return _run(*command, env=self._environment, seconds=seconds, may_fail=may_fail)

    def up(self) -> None:
        """Build, found and start all; return once every container is healthy."""
        self.run("up", "--build", "--wait", "--quiet-pull", seconds=_UP_SECONDS)

    def url(self, agency: str) -> str:
        """Return where an agency's node is published."""
        return f"http://{HOST}:{self._ports[agency]}"

    def client(self, agency: str, role: str = "caseworker") -> NodeClient:
        """Return a client of an agency's published node, with the token of `role`."""
        if (agency, role) not in self._clients:
            token = self.run("exec", "-T", agency, "cat", f"/agency/keys/tokens/{role}").strip()
            self._clients[agency, role] = NodeClient(self.url(agency), token=token)
        return self._clients[agency, role]

    def person(self) -> Bsn:
        """Return somebody who was not posted about yet."""
        return next(self._people)

    def post(self, agency: str, bsn: Bsn) -> str:
        """Post about somebody; return the signal's local id once it is final."""
        client = self.client(agency)
        body = {
            "bsn": bsn.digits,
            "desk": DESKS[agency],
            "purpose": PURPOSE,
            "caseReference": "W-1",
            **FIELDS,
        }
        local_id = client.post_signal(body, key=f"key-{next(self._keys)}").local_id
        self.until(lambda: client.signal(local_id).is_final, f"a signal of {agency} is final")
        return local_id

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return by service what Docker knows of every container, also of those that are done."""
        return self.inspect(*self.run("ps", "--all", "--quiet").split())

    def inspect(self, *ids: str) -> dict[str, dict[str, Any]]:
        """Return by service what Docker knows of containers."""
        found = json.loads(_run("docker", "inspect", *ids, seconds=_STEP_SECONDS))
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}

    def container(self, service: str) -> dict[str, Any]:
        """Return what Docker knows of the container of a running service."""
        return self.containers()[service]

    def kill(self, service: str) -> None:
        """End a service's first process by SIGKILL, as a crash would; Docker is to start it again.

        `docker kill` would be taken for the wish of an operator, whom no policy contradicts.
        """
        # Every process but the shell's own and the first, which ends when its child has.
        command = ("exec", "-T", service, "sh", "-c", "kill -9 -1")
        self.run(*command, may_fail=True)

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until `holds`."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < end, f"it does not come that {what}"
            time.sleep(0.2)

    def remove(self) -> None:
        """Remove all containers, networks and volumes, and the image."""
        for client in self._clients.values():
            client.close()
        self.run("down", "--volumes", "--timeout", "5", "--remove-orphans")
        _run("docker", "image", "rm", "--force", self.image, seconds=_STEP_SECONDS)


@contextmanager
def composed(name: str) -> Iterator[Project]:
    """Yield a project that is up; it is removed at the end, whatever happens."""
    project = Project(name)
    try:
        begun = time.monotonic()
        project.say("building the image, founding, starting: a minute or a few …")
        try:
            project.up()
        except AssertionError:
            project.say(project.run("ps", "--all") + project.run("logs", "--tail", "40"))
            raise
        project.say(f"is up after {time.monotonic() - begun:.0f} s")
        yield project
    finally:
        project.say("removing all of it")
        project.remove()


def has_docker() -> bool:
    """Tell whether there is a Docker engine, and Compose."""
    try:
        _run("docker", "info", seconds=30)
        _run("docker", "compose", "version", seconds=30)
    except (OSError, AssertionError):
        return False
    return True


def _run(
    *command: str, seconds: float, env: dict[str, str] | None = None, may_fail: bool = False
) -> str:
    ended = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=seconds
    )
    words = f"{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}"
    assert may_fail or ended.returncode == 0, (
        f"{' '.join(command)} ended with {ended.returncode}: {words}"
    )
    return ended.stdout
