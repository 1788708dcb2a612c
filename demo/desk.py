"""A desk at work on the case: its people act by command or by HTTP, each with a token of its own.

w1 caseworker    w2 caseworker and approver    a1 approver        (`demo.member.STAFF`)
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from api.case_file import CaseFileOut, PairOut
from demo.caseload import wait_case
from demo.command import Result, begin, finish, shown
from demo.errors import DemoError
from demo.member import Member
from demo.screen import WIDTH
from demo.stage import Posted, Stage

WORKER, BOTH, APPROVER = "w1", "w2", "a1"
_AT_A_TERMINAL = {"FORCE_COLOR": "1", "TERM": "dumb", "COLUMNS": str(WIDTH - 2), "LINES": "40"}
"""A plain one, as wide as what is shown of it here; into a pipe longer lines would go."""
_WAIT_SECONDS = 60
_LOOK_EVERY_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk of `member` in a case that is there called `case`, with one `match`."""

    member: Member
    folder: Path
    case: str
    match: str = field(repr=False)

    @property
    def name(self) -> str:
        """Return the desk's name.

        Raises:
            DemoError: the member has none for cases.
        """
        if self.member.desk is None:
            raise DemoError(f"{self.member.name} has no desk for cases")
        return self.member.desk

    def run(self, what: str, *arguments: str, by: str = WORKER, given: str = "") -> "Spoken":
        """Run `signaalketen case …` as one of the desk's people, with `given` on its input."""
        command = ("case", what, *arguments)
        settings = {
            "SIGNAALKETEN_NODE": self.member.url,
            "SIGNAALKETEN_TOKEN": self.member.staff[by],
            **_AT_A_TERMINAL,
        }
        running = begin(*command, folder=self.folder, settings=settings)
        said = f"{shown(*command)}   # {by} at {self.member.name.upper()}"
        return Spoken(said, finish(running, given=given))

    def post(self, what: str, body: Mapping[str, object], *, by: str = WORKER) -> httpx.Response:
        """Return what the node answers to a post in the case, about its match."""
        return self.member.post(
            f"/v1/cases/{self.case}/{what}",
            {"match": self.match, **body},
            role=by,
            key=secrets.token_hex(16),
        )

    def say(self, what: str, body: Mapping[str, object], *, by: str = WORKER) -> str:
        """Say something to the other desk and return the message's id.

        Raises:
            DemoError: it was refused.
        """
        answer = self.post(what, body, by=by)
        if answer.status_code != httpx.codes.ACCEPTED:
            raise DemoError(f"{what}: {answer.status_code} {answer.text}")
        return str(answer.json()["id"])

    def pair(self) -> PairOut:
        """Return the match as the desk's file has it.

        Raises:
            DemoError: the file cannot be read.
        """
        answer = self.member.ask(f"/v1/cases/{self.case}/file", role=WORKER)
        if answer.status_code != httpx.codes.OK:
            raise DemoError(f"the file of {self.member.name}: {answer.status_code}")
        file = CaseFileOut.model_validate_json(answer.content, by_alias=True, by_name=False)
        return next(pair for pair in file.pairs if pair.match == self.match)

    def wait(self, holds: Callable[[PairOut], bool]) -> PairOut:
        """Wait until something holds of the match, and return it.

        Raises:
            DemoError: it does not after a minute.
        """
        until = time.monotonic() + _WAIT_SECONDS
        while not holds(pair := self.pair()):
            if time.monotonic() > until:
                raise DemoError(f"{self.member.name} waits in vain; last: {pair.timeline[-1:]}")
            time.sleep(_LOOK_EVERY_SECONDS)
        return pair


@dataclass(frozen=True, slots=True)
class Spoken:
    """A command as it was typed, and what became of it."""

    typed: str
    result: Result


def desks_of(stage: Stage) -> tuple[Desk, Desk]:
    """Return UWV's desk and SVB's in the case of the first two signals."""
    return desk_of(stage, stage.the_first()), desk_of(stage, stage.the_second())


def desk_of(stage: Stage, posted: Posted) -> Desk:
    """Return the desk that posted a signal, in the case that it is part of."""
    case = wait_case(stage, posted)
    member = stage.members[posted.signal.agency]
    return Desk(member, stage.members.folder, case.id, case.matches[0].id)
