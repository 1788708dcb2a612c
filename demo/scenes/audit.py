"""An auditor checks everything from outside: one file, one document, no login.

A member does the same, and checks besides what its own node holds.
"""

import re

from demo.chain import settled
from demo.command import Result, run, shown
from demo.consortium import DOCUMENT
from demo.process import CONFIG
from demo.stage import EXPORT, Stage

_OWED = (["unlocated"], ["late"])
TITLE = "An auditor checks all of it from outside"


def play(stage: Stage) -> None:
    """Export the chain as a stranger may read it, and audit the file."""
    screen, bzk = stage.screen, stage.members["bzk"]
    least = len(settled(stage))
    stage.wait_size("bzk", least, role=None)
    folder = stage.members.folder
    export = ("export", "--url", bzk.url, "--out", EXPORT)
    exported = run(*export, folder=folder)
    screen.command(shown(*export), exported.output, only=lambda line: line.startswith(EXPORT))
    audit = ("audit", EXPORT, "--consortium", DOCUMENT)
    audited = run(*audit, folder=folder)
    screen.command(shown(*audit), audited.output)
    # Beats go on: the file has what was settled, and perhaps a few more.
    size = _size(exported)
    _claim_sound(stage, audited, size=size, is_all=size >= least)
    _check_own_node(stage, audit)


def _size(exported: Result) -> int:
    """Return how many blocks the file has, as `export` says; 0 where it says no such thing."""
    found = re.search(r": (\d+) blocks", exported.output)
    return 0 if found is None else int(found[1])


def _claim_sound(stage: Stage, audited: Result, *, size: int, is_all: bool) -> None:
    owed = [line for line in audited.output.splitlines() if line.split()[:1] in _OWED]
    stage.screen.claim(
        f"exit {audited.code}: SOUND, all {size} blocks; every signal located, no answer late",
        holds=audited.code == 0
        and is_all
        and f"SOUND: all {size} blocks" in audited.output
        and not owed,
        expected=f"exit 0 and SOUND over {size} blocks, and nothing unlocated or late",
        seen=(audited.code, owed, audited.output),
    )


def _check_own_node(stage: Stage, audit: tuple[str, ...]) -> None:
    own = (*audit, "--own-node", f"bzk/{CONFIG}")
    audited = run(*own, folder=stage.members.folder)
    held = [line for line in audited.output.splitlines() if "own node" in line]
    stage.screen.command(shown(*own), "\n".join(held))
    stage.screen.claim(
        f"exit {audited.code}: what BZK holds of others opens what stands on the chain",
        holds=audited.code == 0 and len(held) == 1,
        expected="exit 0, and how much was checked",
        seen=(audited.code, audited.output),
    )
