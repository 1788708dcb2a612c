"""An auditor checks everything from outside: one file, one document, no login."""

from demo.command import run, shown
from demo.consortium import DOCUMENT
from demo.stage import EXPORT, Stage

TITLE = "An auditor checks all of it from outside"


def play(stage: Stage) -> None:
    """Export the chain as a stranger may read it, and audit the file."""
    screen, bzk = stage.screen, stage.members["bzk"]
    size = stage.checkpoint("bzk").checkpoint.size
    stage.wait_size("bzk", size, role=None)
    folder = stage.members.folder
    export = ("export", "--url", bzk.url, "--out", EXPORT)
    exported = run(*export, folder=folder)
    screen.command(shown(*export), exported.output, only=lambda line: line.startswith(EXPORT))
    audit = ("audit", EXPORT, "--consortium", DOCUMENT)
    audited = run(*audit, folder=folder)
    screen.command(shown(*audit), audited.output)
    screen.claim(
        f"exit {audited.code}: SOUND, all {size} blocks",
        holds=(exported.code, audited.code) == (0, 0)
        and f"SOUND: all {size} blocks" in audited.output,
        expected=f"exit 0 and SOUND over {size} blocks",
        seen=(exported.code, audited.code, audited.output),
    )
