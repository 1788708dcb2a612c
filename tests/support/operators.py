"""Members as processes of their own, with engines, and what their operators type.

with operated(folder) as town:
    local_id = town.post("uwv", bsn)
    town.type("key", "rotate", "--keys", "svb/keys")
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from demo.command import Result, must, run
from demo.consortium import DOCUMENT, Members, members_in
from demo.epoch import open_first
from demo.member import Member
from ledger.bsn import Bsn
from tests.support.cluster import FIELDS
from tests.support.consortium import DESKS
from tests.support.engines import engine_command

PATIENCE_SECONDS = 90.0


@dataclass(frozen=True)
class Town:
    """Founded members; `folder` holds what they exchanged, `consortium.toml` what is in force."""

    members: Members

    @property
    def folder(self) -> Path:
        """Return where the commands are typed."""
        return self.members.folder

    def __getitem__(self, name: str) -> Member:
        """Return a member."""
        return self.members[name]

    def type(self, *arguments: str | Path) -> str:
        """Type a command that has to succeed; return what it printed."""
        return must(*arguments, folder=self.folder)

    def try_to(self, *arguments: str | Path) -> Result:
        """Type a command that may fail."""
        return run(*arguments, folder=self.folder)

    def at(self, name: str) -> list[str | Path]:
        """Return the options that name a member's node and its operator."""
        token = self[name].token_file("operator").relative_to(self.folder)
        return ["--url", self[name].url, "--token-file", token]

    def agree(self, note: str, *changes: str, signers: tuple[str, ...]) -> str:
        """Draft the next document, have it signed and handed in; it is in force everywhere then."""
        author, before = signers[0], ("--previous", DOCUMENT)
        self.type("consortium", "draft", *before, *changes, "--author", author, "--out", note)
        for name in signers:
            self.type("consortium", "sign", note, "--keys", f"{name}/keys", *before)
        said = self.type("consortium", "submit", note, *self.at(author))
        (self.folder / DOCUMENT).write_text(self.type("consortium", "show", note, "--document"))
        return said

    def get(self, name: str, path: str, *, role: str = "caseworker") -> Any:
        """Return what a node says there."""
        return self[name].ask(path, role=role).raise_for_status().json()

    def post(self, name: str, bsn: Bsn, *, status: int = httpx.codes.CREATED) -> str:
        """Post a signal about a person at the one desk of a member; return its local id."""
        desk = DESKS.get(name, f"{name}/maatwerk")
        body = {
            "bsn": bsn.digits,
            "desk": desk,
            "purpose": "multiproblematiek",
            "caseReference": "W-1",
            **FIELDS,
        }
        key = secrets.token_hex(16)
        answer = self[name].post("/v1/signals", body, role="caseworker", key=key)
        assert answer.status_code == status, answer.text
        local_id: str = answer.json()["localId"]
        return local_id

    def signal(self, name: str, local_id: str) -> Mapping[str, Any]:
        """Return an own signal as its caseworker reads it."""
        own: Mapping[str, Any] = self.get(name, f"/v1/signals/{local_id}")
        return own

    def matched(self, name: str, local_id: str) -> set[tuple[str, int]]:
        """Return member and height of each match of an own signal."""
        case_id = self.signal(name, local_id)["caseId"]
        if case_id is None:
            return set()
        matches = self.get(name, f"/v1/cases/{case_id}")["matches"]
        return {(match["member"], match["height"]) for match in matches}

    def reasons(self, name: str) -> dict[str, str]:
        """Return by code why a node is not ready, in the words that its operator reads."""
        try:
            answer = self[name].ask("/readyz", role="operator").json()
        except httpx.TransportError:
            return {}
        return {reason["code"]: reason["text"] for reason in answer["reasons"]}

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until `holds`."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < end, "it does not come"
            time.sleep(0.05)


@contextmanager
def operated(folder: Path) -> Iterator[Town]:
    """Yield four members that run, with an epoch open; all end with the block."""
    with members_in(folder, engine_command()) as members:
        members.found(_quietly)
        members.start(_quietly)
        open_first(members, _quietly)
        yield Town(members)


def _quietly(done: str) -> None:
    del done
