"""Four nodes as processes of their own on loopback ports, and callers that ask them over HTTP.

with processes(found(tmp_path)) as consortium:
    taken = consortium.post("uwv", posting, key="k")
    consortium.kill("bzk")              # SIGKILL
    consortium.launch("bzk")
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import httpx
import tomli_w

from demo.leash import Leash
from demo.process import CONFIG, HOST, NodeProcess, free_port
from nodes.signal import Posting
from tests.support.consortium import ROLES, Founded

PATIENCE_SECONDS = 120.0
_TOKEN = "caseworker-of-some-agency"


class Taken(NamedTuple):
    """A signal that was answered 201, final, or 202."""

    local_id: str
    is_final: bool


class Processes:
    """The nodes of a consortium; each runs `signaalketen node` on settings of its own."""

    def __init__(
        self, founded: Founded, leash: Leash, *, waits: Mapping[str, float] | None = None
    ) -> None:
        """Write settings and tokens; nothing runs yet.

        `waits` says by member how many seconds a post waits for its receipt, where not half a one.
        """
        self._urls: dict[str, str] = {}
        self._nodes: dict[str, NodeProcess] = {}
        # The proxies of the environment are not for this machine's own traffic.
        self._client = httpx.Client(timeout=30.0, trust_env=False)
        for name in ROLES:
            folder, port = founded.root / name, free_port(0)
            self._urls[name] = f"http://{HOST}:{port}"
            (folder / "tokens.toml").touch(mode=0o600)
            (folder / "tokens.toml").write_text(f'caseworker = "{_TOKEN}"\n')
            settings: dict[str, object] = {
                "keys": "keys",
                "data_dir": "data",
                "founding": "../founding.note",
                **founded.order(name),
                "url": self._urls[name],
                "host": HOST,
                "port": port,
                "tokens": "tokens.toml",
                "wait_seconds": (waits or {}).get(name, 0.5),
                # Nothing is to come on the chain but what a test brings about.
                "exchange_beat_seconds": 0,
            }
            (folder / CONFIG).write_text(tomli_w.dumps(settings))
            self._nodes[name] = NodeProcess(folder, leash)

    def launch(self, *names: str) -> None:
        """Start nodes and wait for none of them."""
        for name in names:
            self._nodes[name].launch()

    def kill(self, *names: str) -> None:
        """End nodes by SIGKILL."""
        for name in names:
            self._nodes[name].kill()

    def kill_engine(self, name: str) -> None:
        """End a node's engine by SIGKILL, if it has one now."""
        for pid in children_of(self._nodes[name].pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_both(self, name: str) -> None:
        """End a node and its engine by SIGKILL, at once."""
        self.kill_engine(name)
        self.kill(name)

    def is_running(self, name: str) -> bool:
        """Tell whether a node's process is there."""
        return self._nodes[name].is_running

    def engines(self, name: str) -> list[int]:
        """Return the processes that a node has started and that run."""
        return children_of(self._nodes[name].pid)

    def stop(self) -> None:
        """Ask all to end, and end by force what does not."""
        for node in self._nodes.values():
            node.ask_to_stop()
        for node in self._nodes.values():
            node.wait_stopped()
            node.kill()
        self._client.close()

    def is_ready(self, name: str) -> bool:
        """Tell whether a node says that it is ready."""
        try:
            return self._client.get(f"{self._urls[name]}/readyz").is_success
        except httpx.HTTPError:
            return False

    def post(self, name: str, posting: Posting, *, key: str) -> Taken | None:
        """Post a signal once; return what was answered if that was 201 or 202, else None."""
        body = {
            "bsn": posting.bsn.digits,
            "desk": posting.desk,
            "purpose": posting.purpose,
            "caseReference": posting.case_reference,
            **posting.fields,
        }
        headers = {"Authorization": f"Bearer {_TOKEN}", "Idempotency-Key": key}
        try:
            answer = self._client.post(f"{self._urls[name]}/v1/signals", json=body, headers=headers)
        except httpx.HTTPError:
            return None
        if answer.status_code not in {201, 202}:
            return None
        return Taken(answer.json()["localId"], answer.status_code == 201)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds`."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < end, "it does not come"
            time.sleep(0.05)


def children_of(pid: int | None) -> list[int]:
    """Return the processes whose parent is `pid` (Linux)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat") if pid is not None else ():
        with suppress(OSError):
            # pid (name) state parent …; a name may hold spaces and brackets.
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(stat.parent.name))
    return found


@contextmanager
def processes(founded: Founded, *, waits: Mapping[str, float] | None = None) -> Iterator[Processes]:
    """Yield the four nodes, running and ready; they end with the test, however that ends."""
    leash = Leash()
    consortium = Processes(founded, leash, waits=waits)
    try:
        consortium.launch(*ROLES)
        consortium.until(lambda: all(consortium.is_ready(name) for name in ROLES))
        yield consortium
    finally:
        consortium.stop()
        leash.close()
