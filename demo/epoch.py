"""The first epoch: a key for pseudonyms that its holders make together, and none of them has."""

import time
from collections.abc import Callable

from demo.command import must
from demo.consortium import Members
from demo.errors import DemoError
from demo.people import PURPOSE
from nodes.shares import FOLDER

NUMBER = 1
STEPS = 2
_AUTHOR = "szw"
_OPEN_WITHIN_SECONDS = 60


def open_first(members: Members, done: Callable[[str], None]) -> str:
    """Let the holders generate the key; return the status of epochs.

    `done` hears of every step.

    Raises:
        DemoError: a command did not succeed, or a node does not see the epoch after a minute.
    """
    folder, author = members.folder, members[_AUTHOR]
    token = author.token_file("operator").relative_to(folder)
    must(
        "epoch", "generate", "--purpose", PURPOSE, "--url", author.url, "--token-file", token,
        folder=folder,
    )  # fmt: skip
    done("the holders made a key together, and opened the epoch")
    _wait_open(members)
    done("the epoch is open at every node")
    return must("epoch", "status", "--url", author.url, folder=folder)


def holders(members: Members) -> list[str]:
    """Return the members that hold a share."""
    return sorted({name for group in members.document.groups for name in group.holders})


def shares_of(members: Members) -> dict[str, int]:
    """Return how many shares each member has on its disk."""
    return {
        member.name: len(list((member.keys / FOLDER).glob("*.share"))) for member in members.all
    }


def who_evaluates(members: Members) -> str:
    """Return in words whose shares together make a pseudonym."""
    groups = (
        f"{group.threshold} of {', '.join(group.holders)}"
        if len(group.holders) > 1
        else group.holders[0]
        for group in members.document.groups
    )
    return " with ".join(groups)


def _wait_open(members: Members) -> None:
    until = time.monotonic() + _OPEN_WITHIN_SECONDS
    for member in members.all:
        while not member.ask("/v1/epochs").json()["epochs"]:
            if time.monotonic() > until:
                raise DemoError(f"{member.name}'s node does not see the epoch that was submitted")
            time.sleep(0.02)
