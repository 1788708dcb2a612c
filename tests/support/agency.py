"""One agency more, by `deploy/agency/compose.yaml` as its own project, on a running one's networks.

What operators of members type is typed in their nodes' containers; files go by hand, as by post.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import randbelow

from api.client.node import NodeClient
from demo.process import HOST, free_port
from tests.support.compose import ROOT, Project

DEPLOY = ROOT / "deploy" / "agency"
LOOPBACK = ("--url", "http://127.0.0.1:8080", "--token-file", "/agency/keys/tokens/operator")
_FIRST_PORT = 17_000
_STEP_SECONDS = 300
_UP_SECONDS = 900


class Agency:
    """The agency `name`, whose files lie in `folder`; `node` and `engine` are its services."""

    def __init__(self, project: Project, name: str, folder: Path) -> None:
        """Write its settings; nothing runs yet."""
        self.name, self.project, self.folder = name, project, folder
        # Not one that the system hands out: minutes pass before Docker takes it.
        self._port = free_port(_FIRST_PORT + 2 * randbelow(1000))
        self._files = folder / "override.json"
        self.post, self.safe = folder / "post", folder / "safe"
        for place in (self.post, self.safe):
            place.mkdir()
            # Of the containers' user, who has no name here.
            place.chmod(0o777)
        settings = (DEPLOY / "node.toml").read_text()
        settings = settings.replace("https://signaalketen.agency.example", f"http://{name}:8080")
        (folder / "node.toml").write_text(f'{settings}address = "{name}-engine:26656"\n')
        self._files.write_text(json.dumps(self._override()))

    @property
    def client(self) -> NodeClient:
        """Return a client of the published node, as a caseworker."""
        token = self.exec("cat", "/agency/keys/tokens/caseworker").decode().strip()
        return NodeClient(f"http://{HOST}:{self._port}", token=token)

    def compose(self, *arguments: str, seconds: float = _STEP_SECONDS) -> bytes:
        """Run `docker compose …` on this agency's part."""
        files = ("-f", str(DEPLOY / "compose.yaml"), "-f", str(self._files))
        command = ("docker", "compose", "-p", f"{self.project.name}-{self.name}", *files)
        own = {
            "SIGNAALKETEN_IMAGE": self.project.image,
            "NODE_PORT": str(self._port),
            "ENGINE_PORT": str(self._port + 1),
        }
        return _run(*command, *arguments, seconds=seconds, env=own)

    def tools(self, *arguments: str, program: str | None = None) -> bytes:
        """Run one command in the container that has the keys and no network."""
        entrypoint = () if program is None else ("--entrypoint", program)
        safe = ("-v", f"{self.safe}:/safe")
        return self.compose("run", "--rm", "-T", *safe, *entrypoint, "tools", *arguments)

    def exec(self, *arguments: str) -> bytes:
        """Run a command in the node's container."""
        return self.compose("exec", "-T", "node", *arguments)

    def up(self) -> None:
        """Start node and engine; return once both are healthy."""
        self.compose("up", "-d", "--wait", seconds=_UP_SECONDS)

    def remove(self) -> None:
        """Remove all of it."""
        self.compose("down", "--volumes", "--timeout", "5", "--remove-orphans")

    def _override(self) -> dict[str, object]:
        settings = f"{self.folder / 'node.toml'}:/agency/node.toml:ro"
        networks = {
            name: {"external": True, "name": f"{self.project.name}_{name}"}
            for name in ("nodes", "engines")
        }
        return {
            "services": {
                "node": {
                    "volumes": [settings],
                    "networks": {"nodes": {"aliases": [self.name]}},
                    "environment": {"SIGNAALKETEN_PUBLIC_STEP_SECONDS": "1"},
                },
                "engine": {
                    "networks": {"engines": {"aliases": [f"{self.name}-engine"]}},
                },
                "tools": {"volumes": [settings, f"{self.post}:/post"]},
            },
            "networks": networks,
        }


class Operators:
    """The operators of the members of a project: each types in its own node's container."""

    def __init__(self, project: Project) -> None:
        """Type nothing yet."""
        self._project = project

    def type(self, member: str, *arguments: str) -> bytes:
        """Type `signaalketen …` at a member."""
        return self._exec(member, "signaalketen", *arguments)

    def put(self, member: str, name: str, content: bytes) -> str:
        """Give a member a file; return where it lies there."""
        place = f"/tmp/{name}"
        self._exec(member, "sh", "-c", f"cat > {place}", stdin=content)
        return place

    def take(self, member: str, place: str) -> bytes:
        """Return a file of a member's that it may show."""
        return self._exec(member, "cat", place)

    def _exec(self, member: str, *command: str, stdin: bytes = b"") -> bytes:
        place = ("docker", "compose", "-p", self._project.name, "exec", "-T", member)
        return _run(*place, *command, seconds=_STEP_SECONDS, stdin=stdin)


@contextmanager
def beside(project: Project, name: str, folder: Path) -> Iterator[Agency]:
    """Yield an agency of its own beside a running project; it is removed at the end."""
    agency = Agency(project, name, folder)
    try:
        yield agency
    finally:
        agency.remove()


def _run(
    *command: str, seconds: float, env: dict[str, str] | None = None, stdin: bytes = b""
) -> bytes:
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | (env or {}),
        input=stdin,
        capture_output=True,
        check=False,
        timeout=seconds,
    )
    words = (ended.stdout[-2000:] + ended.stderr[-2000:]).decode(errors="replace")
    assert ended.returncode == 0, f"{' '.join(command)} ended with {ended.returncode}: {words}"
    return ended.stdout
