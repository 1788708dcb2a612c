"""The first epoch: a key for pseudonyms, dealt to its holders, opened once all of them have signed.

The dealer holds the whole key for a moment. That is insecure, its command says so, and it stays so
until the holders generate the key together.
"""

import time
from collections.abc import Callable

from demo.command import must
from demo.consortium import DOCUMENT, Members
from demo.errors import DemoError
from demo.people import PURPOSE

NUMBER = 1
STEPS = 6
_FOLDER = "epoch"
_NOTE = f"{_FOLDER}/epoch.note"
_AUTHOR = "szw"
_OPEN_WITHIN_SECONDS = 60


def open_first(members: Members, done: Callable[[str], None]) -> str:
    """Deal the key, let each holder store its shares and sign, submit; return the status of epochs.

    `done` hears of every step.

    Raises:
        DemoError: a command did not succeed, or a node does not see the epoch after a minute.
    """
    folder, author = members.folder, members[_AUTHOR]
    must(
        "epoch", "deal", "--consortium", DOCUMENT, "--purpose", PURPOSE, "--number", str(NUMBER),
        "--author", _AUTHOR, "--out", _FOLDER, "--insecure-dealer", folder=folder,
    )  # fmt: skip
    done("a dealer made the key and a file for each holder")
    for name in holders(members):
        must(
            "epoch", "sign", _NOTE, "--keys", f"{name}/keys",
            "--shares", f"{_FOLDER}/{name}.shares", folder=folder,
        )  # fmt: skip
        done(f"{name} took its shares and signed")
    token = author.token_file("operator").relative_to(folder)
    must("epoch", "submit", _NOTE, "--url", author.url, "--token-file", token, folder=folder)
    _wait_open(members)
    done("the epoch is open at every node")
    return must("epoch", "status", "--url", author.url, folder=folder)


def holders(members: Members) -> list[str]:
    """Return the members that hold a share."""
    return sorted({name for group in members.document.groups for name in group.holders})


def left_over(members: Members) -> list[str]:
    """Return the names of the dealer's files that no holder took."""
    return sorted(path.name for path in (members.folder / _FOLDER).glob("*.shares"))


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
