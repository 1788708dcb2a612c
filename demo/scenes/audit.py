"""An auditor checks everything from outside: one file, one document, no login."""

from demo.chain import settled
from demo.command import run, shown
from demo.consortium import DOCUMENT
from demo.stage import EXPORT, Stage

_OWED = (["unlocated"], ["late"])
TITLE = "An auditor checks all of it from outside"


def play(stage: Stage) -> None:
    """Export the chain as a stranger may read it, and audit the file."""
    screen, bzk = stage.screen, stage.members["bzk"]
    size = len(settled(stage))
    stage.wait_size("bzk", size, role=None)
    folder = stage.members.folder
    export = ("export", "--url", bzk.url, "--out", EXPORT)
    exported = run(*export, folder=folder)
    screen.command(shown(*export), exported.output, only=lambda line: line.startswith(EXPORT))
    audit = ("audit", EXPORT, "--consortium", DOCUMENT)
    audited = run(*audit, folder=folder)
    screen.command(shown(*audit), audited.output)
    owed = [line for line in audited.output.splitlines() if line.split()[:1] in _OWED]
    screen.claim(
        f"exit {audited.code}: SOUND, all {size} blocks; every signal located, no answer late",
        holds=(exported.code, audited.code) == (0, 0)
        and f"SOUND: all {size} blocks" in audited.output
        and not owed,
        expected=f"exit 0 and SOUND over {size} blocks, and nothing unlocated or late",
        seen=(exported.code, audited.code, owed, audited.output),
    )
