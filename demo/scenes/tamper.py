"""One byte is changed in a copy of the export, and the audit says where."""

import io

from demo.command import run, shown
from demo.consortium import DOCUMENT
from demo.errors import DemoError
from demo.stage import Stage
from ledger.export import ExportReader

TITLE = "One byte is changed in a copy"
_COPY = "changed.signaalketen"


def play(stage: Stage) -> None:
    """Change a byte in the middle of a block half-way, and audit the copy."""
    screen = stage.screen
    raw = bytearray(stage.export.read_bytes())
    height, at = middle(bytes(raw))
    old = raw[at]
    raw[at] ^= 1
    screen.say(
        f"Byte {at} of {len(raw)}, inside block {height}: {old:#04x} becomes {raw[at]:#04x} "
        f"({chr(old)!r} becomes {chr(raw[at])!r})."
    )
    copy = stage.members.folder / _COPY
    copy.write_bytes(raw)
    try:
        command = ("audit", _COPY, "--consortium", DOCUMENT)
        audited = run(*command, folder=copy.parent)
    finally:
        copy.unlink()
    screen.command(shown(*command), audited.output, only=_is_verdict)
    screen.claim(
        f"exit {audited.code}: the audit names block {height}",
        holds=audited.code == 1 and f"Block {height}:" in audited.output,
        expected=f"exit 1 and block {height}",
        seen=(audited.code, audited.output),
    )


def _is_verdict(line: str) -> bool:
    return line.startswith(("Block", "The whole", "NOT SOUND"))


def middle(raw: bytes) -> tuple[int, int]:
    """Return the height of the block half-way, and where its middle byte stands in the file."""
    file = io.BytesIO(raw)
    for height, block in enumerate(ExportReader(file.read).blocks()):
        if file.tell() >= len(raw) // 2:
            return height, file.tell() - len(block) // 2
    raise DemoError("the export ends before its middle")
