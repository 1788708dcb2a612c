"""One member on this machine: its folder, its node, and the tokens of its people.

<member>/node.toml      settings of the node
<member>/keys/          the keyring, which only the member's own commands read
<member>/data/          the node's database
<member>/tokens.toml    role = token, for the node
<member>/people.toml    who acts in cases, for the node
<member>/tokens/<who>   the same, one a file, for whoever calls: a role, or a person's id
<member>/node.log       what the node says
"""

import contextlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import tomli_w

from demo.engines import Engines
from demo.errors import DemoError
from demo.leash import Leash
from demo.people import DESKS
from demo.process import CONFIG, HOST, NodeProcess, Way, free_port, straight
from nodes.settings import ROLES

STAFF = {
    "w1": ("caseworker",),
    "w2": ("caseworker", "approver"),
    "a1": ("approver",),
    "fg1": ("privacy-officer",),
    "l1": ("lead",),
}
"""Who works at each desk for cases: ids, which are no names, and roles."""
PEOPLE = "people.toml"
PUBLIC_STEP_SECONDS = 1
# A desk of the story does not wait ten minutes.
EXCHANGE_BEAT_SECONDS = 2
# A machine that is busy with other things must not turn a 201 of the story into a 202.
WAIT_SECONDS = 20.0
# One scene waits for an order that stands still.
ENGINE_WAIT_SECONDS = 12.0
_READY_WITHIN_SECONDS = 60
_LAUNCHES = 5


@dataclass(frozen=True, slots=True)
class Profile:
    """Who a member is: its short `name`, its `title` for people, and the `port` it would like."""

    name: str
    title: str
    oin: str
    roles: tuple[str, ...]
    port: int


class Member:
    """A member that keeps everything in `folder`."""

    def __init__(
        self,
        profile: Profile,
        folder: Path,
        leash: Leash,
        engines: Engines | None = None,
        way: Way = straight,
    ) -> None:
        """Write and start nothing yet; with `engines` the node runs one of its own."""
        self._engines = engines
        self._way = way
        self.profile = profile
        self.name = profile.name
        self.folder = folder
        self.node = NodeProcess(folder, leash)
        self.tokens = {role: secrets.token_urlsafe(24) for role in ROLES}
        self.desk = DESKS.get(self.name)
        """The name of its desk for cases, if it has one."""
        self.staff = {} if self.desk is None else {of: secrets.token_urlsafe(24) for of in STAFF}
        """The tokens of the people there, by their ids."""
        self._port = profile.port
        self._program: Sequence[str] = ()
        # A proxy of the environment cannot reach what listens on this machine only.
        self._client = httpx.Client(timeout=30, trust_env=False)

    @property
    def url(self) -> str:
        """Return where the node answers its own people."""
        return f"http://{HOST}:{self._port}"

    @property
    def peer_url(self) -> str:
        """Return where the other nodes find this one."""
        return f"http://{HOST}:{self._way(self._port)}"

    @property
    def keys(self) -> Path:
        """Return the folder of the keyring."""
        return self.folder / "keys"

    @property
    def database(self) -> Path:
        """Return the node's database."""
        return self.folder / "data" / "node.db"

    def token_file(self, who: str) -> Path:
        """Return the file with the token of a role or person."""
        return self.folder / "tokens" / who

    def settle(self) -> None:
        """Write the tokens, readable by nobody else."""
        (self.folder / "tokens").mkdir(mode=0o700)
        _write_private(self.folder / "tokens.toml", tomli_w.dumps(self.tokens))
        for who, token in {**self.tokens, **self.staff}.items():
            _write_private(self.token_file(who), token + "\n")
        people = [
            {"id": of, "roles": list(STAFF[of]), "desk": self.desk, "token": token}
            for of, token in self.staff.items()
        ]
        _write_private(self.folder / PEOPLE, tomli_w.dumps({"person": people}))

    def launch(self, program: Sequence[str] = ()) -> None:
        """Start the node, or a `program` in its place; `wait_ready` waits for it.

        Where its port is taken it gets another.
        """
        self._program = program
        self._port = free_port(self._port)
        settings = {
            "keys": "keys",
            "data_dir": "data",
            "founding": "../founding.note",
            **self._order(),
            "url": self.peer_url,
            "host": HOST,
            "port": self._port,
            "tokens": "tokens.toml",
            "people": PEOPLE,
            "wait_seconds": WAIT_SECONDS if self._engines is None else ENGINE_WAIT_SECONDS,
            "public_step_seconds": PUBLIC_STEP_SECONDS,
            "exchange_beat_seconds": EXCHANGE_BEAT_SECONDS,
        }
        (self.folder / CONFIG).write_text(tomli_w.dumps(settings))
        self.node.launch(program)

    def wait_listening(self) -> None:
        """Return when the node answers, whatever it still waits for.

        Raises:
            DemoError: it ended, or does not answer after a minute; the text says why.
        """
        self._wait_for({httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE})

    def wait_ready(self) -> None:
        """Return when the node does its work.

        Raises:
            DemoError: it ended, or is not ready after a minute; the text says why.
        """
        self._wait_for({httpx.codes.OK})

    def ask(self, path: str, *, role: str | None = None) -> httpx.Response:
        """Return what the node answers to a stranger, or by a token: a role's or a person's."""
        return self._client.get(self.url + path, headers=self._headers(role))

    def post(self, path: str, body: object, *, role: str, key: str) -> httpx.Response:
        """Return what the node answers to a post under an Idempotency-Key."""
        headers = {**self._headers(role), "Idempotency-Key": key}
        return self._client.post(self.url + path, json=body, headers=headers)

    def delete(self, path: str, *, role: str) -> httpx.Response:
        """Return what the node answers to a DELETE by somebody in `role`."""
        return self._client.delete(self.url + path, headers=self._headers(role))

    def close(self) -> None:
        """Close the connections to the node."""
        self._client.close()

    def _wait_for(self, codes: set[int]) -> None:
        launches = 1
        until = time.monotonic() + _READY_WITHIN_SECONDS
        reasons = "it does not answer"
        while time.monotonic() < until:
            if not self.node.is_running:
                # Somebody else may have taken the port between looking and listening.
                if launches == _LAUNCHES or free_port(self._port) == self._port:
                    raise DemoError(f"{self.name}'s node ended: {self.node.last_words()}")
                launches += 1
                self.launch(self._program)
            with contextlib.suppress(httpx.TransportError):
                # With a token of this run: another program at that port would not know it.
                answer = self.ask("/readyz", role="operator")
                if answer.status_code in codes:
                    return
                reasons = answer.text
            time.sleep(0.02)
        raise DemoError(f"{self.name}'s node is not ready: {reasons}")

    def _order(self) -> dict[str, object]:
        if self._engines is None:
            return {"order": "../order.db"}
        return {"engine": self._engines.settings(self.name)}

    def _headers(self, role: str | None) -> dict[str, str]:
        tokens = {**self.tokens, **self.staff}
        return {} if role is None else {"Authorization": f"Bearer {tokens[role]}"}


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text)
