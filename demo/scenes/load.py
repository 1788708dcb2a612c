"""Several hundred signals come in through three nodes at once."""

import json
import subprocess
import tempfile
import time
from pathlib import Path

from demo import command
from demo.people import DESKS, CaseSignal
from demo.stage import Stage

TITLE = "Three agencies import their cases at once"
_LOOK_EVERY_SECONDS = 0.1


def play(stage: Stage) -> None:
    """Post one file per agency, all three at the same time, and count what became of them."""
    screen = stage.screen
    _introduce(stage)
    before = stage.checkpoint("bzk").checkpoint.size
    signals = {agency: _left(stage, agency) for agency in DESKS}
    total = sum(map(len, signals.values()))
    # The one place where BSNs stand in a file. It is outside what is kept, and gone afterwards.
    with tempfile.TemporaryDirectory() as folder:
        files = {name: _write(Path(folder), name, signals[name]) for name in DESKS}
        begun = time.perf_counter()
        results = _post(stage, files, before=before, total=total)
        sizes = [stage.wait_size(m.name, before + total) for m in stage.members.all]
        took = time.perf_counter() - begun
    screen.rows(
        [
            (command.shown("post", files[name].name, "--url", stage.members[name].url),
             result.output.strip().splitlines()[-1])
            for name, result in results.items()
        ]
    )  # fmt: skip
    screen.claim(
        f"{total} signals in {took:.1f} s: {total / took:.0f} a second, all four nodes and the "
        "three programs together",
        holds=all(result.code == 0 for result in results.values()),
        expected="three times exit 0",
        seen={name: (r.code, r.output) for name, r in results.items() if r.code},
    )
    screen.claim(
        f"every node has {before + total} final blocks: one for each, none lost and none twice",
        holds=set(sizes) == {before + total},
        expected=f"{before} + {total}",
        seen=sizes,
    )


def _introduce(stage: Stage) -> None:
    known = [len(person.agencies) for person in stage.people]
    several = sum(1 for agencies in known if agencies > 1)
    stage.screen.say(
        f"{len(known)} synthetic people; {several} of them are known at two or three agencies, "
        "and no agency can see that. Finding them, and showing nobody else, is what comes next."
    )


def _left(stage: Stage, agency: str) -> list[CaseSignal]:
    first = None if stage.first is None else stage.first.signal
    return [
        signal
        for person in stage.people
        for signal in person.signals
        if signal.agency == agency and signal is not first
    ]


def _write(folder: Path, agency: str, signals: list[CaseSignal]) -> Path:
    file = folder / f"{agency}.jsonl"
    file.touch(mode=0o600)
    file.write_text("".join(json.dumps(signal.body()) + "\n" for signal in signals))
    return file


def _post(
    stage: Stage, files: dict[str, Path], *, before: int, total: int
) -> dict[str, command.Result]:
    running: dict[str, subprocess.Popen[str]] = {}
    try:
        for name, file in files.items():
            member = stage.members[name]
            token = member.token_file("caseworker")
            running[name] = command.begin(
                "post", file.name, "--url", member.url, "--token-file", token, folder=file.parent
            )
        with stage.screen.progress("final blocks", total=total) as done:
            while any(process.poll() is None for process in running.values()):
                done(stage.checkpoint("bzk").checkpoint.size - before)
                time.sleep(_LOOK_EVERY_SECONDS)
        return {name: command.finish(process) for name, process in running.items()}
    finally:
        for process in running.values():
            if process.poll() is None:
                process.kill()
