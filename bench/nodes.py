"""The four nodes of the demonstration, and the four processes of the skeleton, while they run."""

import itertools
import secrets
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bench import sampling, skeleton
from bench.crowd import Crowd
from bench.errors import BenchError
from bench.process import children_of, cpu_seconds
from bench.settling import Looks, looks_into
from demo import epoch
from demo.command import environment
from demo.consortium import Members, members_in
from demo.leash import Leash
from demo.member import Member
from demo.process import HOST, Way, free_port, straight

_STEPS = 14
_SKELETON_PORT = 8201
_READY_WITHIN_SECONDS = 20


@dataclass(frozen=True)
class Nodes:
    """Four real nodes of `members`; `crowd` is whom they post about."""

    members: Members
    looks: Looks
    is_sampled: bool = False
    crowd: Crowd = field(default_factory=Crowd)

    @property
    def processes(self) -> dict[str, int]:
        """Return the process ids of the nodes, by member.

        Raises:
            BenchError: one does not run.
        """
        return {member.name: _pid(member) for member in self.members.all}

    @property
    def engines(self) -> dict[str, int]:
        """Return the process ids of the nodes' engines, by member.

        Raises:
            BenchError: a node has none that runs.
        """
        found = {}
        for name, pid in self.processes.items():
            own = children_of(pid)
            if len(own) != 1:
                raise BenchError(f"the engine of {name} does not run")
            found[name] = own[0]
        return found

    @property
    def pids(self) -> tuple[int, ...]:
        """Return all four process ids."""
        return tuple(self.processes.values())

    def cpu_seconds(self) -> dict[str, float]:
        """Return how much of a core each took so far, by member."""
        return {name: cpu_seconds([pid]) for name, pid in self.processes.items()}

    def kinds(self) -> dict[str, float]:
        """Return what all took so far, by kind of work and by part; nothing if not sampled."""
        found: defaultdict[str, float] = defaultdict(float)
        for name, pid in self.processes.items() if self.is_sampled else ():
            for kind, seconds in sampling.kinds(self.members[name].folder, pid).items():
                found[kind] += seconds
        return found

    def post(self, body: dict[str, str]) -> str:
        """Post a signal at its desk's agency, wait for its receipt and return its local id.

        Raises:
            BenchError: the receipt did not come.
        """
        agency = body["desk"].partition("/")[0]
        answer = self.members[agency].post(
            "/v1/signals", body, role="caseworker", key=secrets.token_hex(16)
        )
        if answer.status_code != httpx.codes.CREATED:
            raise BenchError(f"a post is answered {answer.status_code}")
        return str(answer.json()["localId"])

    def open_epoch(self, show: Callable[[str, float], None]) -> None:
        """Open the first epoch if it is not open, and wait until nothing is to come."""
        if not self.members["szw"].ask("/v1/epochs").json()["epochs"]:
            steps = itertools.count(1)
            epoch.open_first(self.members, lambda step: show(step, next(steps) / epoch.STEPS))
        self.looks.settle()


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
def nodes_in(
    folder: Path,
    show: Callable[[str, float], None],
    *,
    is_sampled: bool = False,
    engine: Path | None = None,
    way: Way = straight,
) -> Iterator[Nodes]:
    """Yield four nodes that keep everything in `folder` and are ready; sampled ones if wanted.

    With `engine`, that program, each has one of its own. They reach one another by `way`.
    """
    steps = itertools.count(1)

    def done(step: str) -> None:
        show(step, next(steps) / _STEPS)

    with ExitStack() as stack:
        leash = Leash()
        stack.callback(leash.close)
        members = stack.enter_context(members_in(folder, engine, way))
        if is_sampled:
            sampling.sample(members, leash)
        members.found(done)
        members.start(done)
        with looks_into((member.name, member.database) for member in members.all) as looks:
            yield Nodes(members, looks, is_sampled)


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


def _pid(member: Member) -> int:
    if member.node.pid is None:
        raise BenchError(f"{member.name}'s node does not run")
    return member.node.pid


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
