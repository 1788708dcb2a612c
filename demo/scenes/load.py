"""Several hundred signals come in through three nodes at once, and every case is found."""

import json
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from demo import command
from demo.caseload import expected, sorted_case, wait_caseload
from demo.chain import settled
from demo.people import DESKS, CaseSignal
from demo.stage import Stage
from ledger.block import Block

TITLE = "Three agencies import their cases at once"
_LOOK_EVERY_SECONDS = 0.1


def play(stage: Stage) -> None:
    """Post one file per agency, all three at the same time, and count what became of them."""
    _introduce(stage)
    before = _signals(settled(stage))
    signals = {agency: _left(stage, agency) for agency in DESKS}
    # The one place where BSNs stand in a file. It is outside what is kept, and gone afterwards.
    with tempfile.TemporaryDirectory() as folder:
        files = {name: _write(Path(folder), name, signals[name]) for name in DESKS}
        _import(stage, files, total=sum(map(len, signals.values())))
    chain = settled(stage)
    new = _signals(chain)
    new.subtract(before)
    stage.screen.claim(
        f"every node has the same {len(chain)} blocks, each signal once, each located and answered",
        holds=dict(new) == {name: len(of) for name, of in signals.items()},
        expected=f"of each agency what stands in its file: {[len(of) for of in signals.values()]}",
        seen=dict(new),
    )
    _verify_cases(stage)


def _import(stage: Stage, files: dict[str, Path], *, total: int) -> None:
    begun = time.perf_counter()
    results = _post(stage, files, total=total)
    posted = time.perf_counter() - begun
    settled(stage)
    took = time.perf_counter() - begun
    stage.screen.rows(
        [
            (command.shown("post", files[name].name, "--url", stage.members[name].url),
             result.output.strip().splitlines()[-1])
            for name, result in results.items()
        ]
    )  # fmt: skip
    stage.screen.claim(
        f"{total} signals posted in {posted:.1f} s, matched after {took:.1f}: {total / took:.0f} a "
        "second, everything on this machine",
        holds=all(result.code == 0 for result in results.values()),
        expected="three times exit 0",
        seen={name: (r.code, r.output) for name, r in results.items() if r.code},
    )


def _verify_cases(stage: Stage) -> None:
    screen, there_must_be = stage.screen, expected(stage.people)
    caseload = wait_caseload(stage, there_must_be)
    screen.rows(
        [
            (
                f"{name.upper()} reads",
                f"{len(caseload.cases(name))} cases",
                f"{len(caseload.match_ids(name))} matches",
                f"{len(there_must_be[name])} of the people in its file stand in another's too",
            )
            for name in DESKS
        ]
    )
    wrong = {
        name: len(there_must_be[name] ^ set(caseload.cases(name)))
        for name in DESKS
        if sorted(map(sorted_case, caseload.cases(name)))
        != sorted(map(sorted_case, there_must_be[name]))
    }
    screen.claim(
        "reference by reference: exactly the expected cases, at exactly the agencies concerned",
        holds=not wrong,
        expected="not one more and not one less",
        seen={name: f"{count} differ" for name, count in wrong.items()},
    )
    ids = Counter(i for name in DESKS for i in caseload.match_ids(name))
    screen.claim(
        f"each of the {len(ids)} match ids stands at two agencies: none is one-sided",
        holds=set(ids.values()) == {2},
        expected="each twice",
        seen=[count for count in ids.values() if count != 2],
    )


def _introduce(stage: Stage) -> None:
    known = [len(person.agencies) for person in stage.people]
    several = sum(1 for agencies in known if agencies > 1)
    stage.screen.say(
        f"{len(known)} synthetic people; {several} of them are known at two or three agencies, "
        "and none can see that."
    )


def _left(stage: Stage, agency: str) -> list[CaseSignal]:
    posted = [p.signal for p in (stage.first, stage.second) if p is not None]
    return [
        signal
        for person in stage.people
        for signal in person.signals
        if signal.agency == agency and signal not in posted
    ]


def _write(folder: Path, agency: str, signals: list[CaseSignal]) -> Path:
    file = folder / f"{agency}.jsonl"
    file.touch(mode=0o600)
    file.write_text("".join(json.dumps(signal.body()) + "\n" for signal in signals))
    return file


def _signals(blocks: list[Block]) -> Counter[str]:
    entries = (block.signed.entry for block in blocks)
    return Counter(entry.author for entry in entries if entry.kind == "signal")


def _post(stage: Stage, files: dict[str, Path], *, total: int) -> dict[str, command.Result]:
    before = stage.checkpoint("bzk").checkpoint.size
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
