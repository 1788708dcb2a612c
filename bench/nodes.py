"""The four nodes of the demonstration, and the four processes of the skeleton, while they run."""

import itertools
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench import skeleton
from bench.errors import BenchError
from bench.process import children, cpu_seconds
from demo.command import environment
from demo.consortium import Members, members_in
from demo.leash import Leash
from demo.people import people
from demo.process import HOST, free_port

_STEPS = 13
_PEOPLE = 1_200
_SKELETON_PORT = 8201
_READY_WITHIN_SECONDS = 20


@dataclass(frozen=True)
class Nodes:
    """Four real nodes of `members`, with their process ids."""

    members: Members
    pids: tuple[int, ...]

    def cpu_seconds(self) -> float:
        """Return how much of a core all four took so far."""
        return cpu_seconds(self.pids)

    def post(self, body: dict[str, str]) -> None:
        """Post a signal at UWV and wait for its receipt.

        Raises:
            BenchError: it did not come.
        """
        answer = self.members["uwv"].post(
            "/v1/signals", body, role="caseworker", key=secrets.token_hex(16)
        )
        if answer.status_code != httpx.codes.CREATED:
            raise BenchError(f"a post is answered {answer.status_code}")


@dataclass(frozen=True)
class Skeleton:
    """Four bare processes that listen, with their process ids."""

    client: httpx.Client
    url: str
    pids: tuple[int, ...]

    def post(self, body: dict[str, str]) -> None:
        """Post as much as a signal is and wait for the quorum.

        Raises:
            BenchError: it did not come.
        """
        if self.client.post(self.url, json=body).status_code != httpx.codes.CREATED:
            raise BenchError("the skeleton does not answer 201")


@contextmanager
def nodes_in(folder: Path, show: Callable[[str, float], None]) -> Iterator[Nodes]:
    """Yield four nodes that keep everything in `folder` and are ready."""
    steps = itertools.count(1)

    def done(step: str) -> None:
        show(step, next(steps) / _STEPS)

    with members_in(folder) as members:
        members.found(done)
        members.start(done)
        yield Nodes(members, tuple(children("--config")))


@contextmanager
def skeleton_in(folder: Path) -> Iterator[Skeleton]:
    """Yield the four processes of the skeleton, listening."""
    ports = [free_port(_SKELETON_PORT + index) for index in range(skeleton.MEMBERS)]
    started: list[subprocess.Popen[bytes]] = []
    with ExitStack() as stack:
        leash = Leash()
        stack.callback(leash.close)
        for index in range(skeleton.MEMBERS):
            words = ["-m", skeleton.__name__, folder, index, *ports]
            started.append(
                subprocess.Popen([sys.executable, *map(str, words)], env=environment())  # noqa: S603
            )
            leash.hold(started[-1].pid)
            stack.callback(_end, started[-1])
        client = stack.enter_context(httpx.Client(timeout=30, trust_env=False))
        for port in ports:
            _wait(client, port)
        yield Skeleton(
            client, f"http://{HOST}:{ports[skeleton.AUTHOR]}/post", tuple(p.pid for p in started)
        )


def signals(agency: str) -> Iterator[dict[str, str]]:
    """Yield bodies of posts by `agency` about synthetic people, without end."""
    known = [s for person in people(_PEOPLE) for s in person.signals if s.agency == agency]
    for number, signal in enumerate(itertools.cycle(known)):
        yield {**signal.body(), "caseReference": f"{signal.case_reference}-{number}"}


def _wait(client: httpx.Client, port: int) -> None:
    until = time.monotonic() + _READY_WITHIN_SECONDS
    while time.monotonic() < until:
        try:
            client.get(f"http://{HOST}:{port}/")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise BenchError("the skeleton does not start")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
