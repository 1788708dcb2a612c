"""One desk takes the lead, both conclude, and the case is closed."""

import time

import httpx

from demo.command import Result
from demo.desk import Desk, desks_of
from demo.stage import Stage
from ledger.receipt import Receipt

TITLE = "They coordinate, and close"
_RECEIPTS = "case-receipts"


def play(stage: Stage) -> None:
    """Name a regievoerder, conclude twice, read it all with receipts, and close."""
    screen = stage.screen
    uwv, svb = desks_of(stage)
    screen.say("They have talked on the telephone. SVB is to take the lead, as regievoerder:")
    begun = time.perf_counter()
    named = uwv.run("coordinate", uwv.case, svb.name)
    screen.command(named.typed, named.result.output)
    svb.wait(lambda pair: pair.coordinator is not None)
    for desk in (uwv, svb):
        desk.say("outcomes", {"result": "coordinated"})
    pairs = [desk.wait(lambda pair: pair.is_coordinated) for desk in (uwv, svb)]
    screen.claim(
        f"both say “coordinated”; {time.perf_counter() - begun:.1f} s later both read that it is "
        "agreed (afgestemd)",
        holds=all(pair.coordinator == svb.name for pair in pairs),
        expected="SVB's desk as regievoerder at both",
        seen=[pair.coordinator for pair in pairs],
    )
    read = svb.run("show", svb.case, "--receipts", _RECEIPTS)
    _, _, timeline = read.result.output.partition("\nWhen")
    screen.command(read.typed, f"When{timeline}")
    _claim_receipts(stage, read.result)
    _close(stage, svb, uwv)


def _claim_receipts(stage: Stage, read: Result) -> None:
    files = sorted((stage.members.folder / _RECEIPTS).glob("*.receipt"))
    quorum = stage.members.document.quorum
    sound = [f for f in files if len(stage.cosigners(Receipt.decode(f.read_bytes()))) >= quorum]
    stage.screen.claim(
        f"each of the {len(files)} receipts proves its block, and that holds without any node",
        holds=read.code == 0 and bool(files) and sound == files,
        expected="a quorum of cosignatures on each",
        seen=(read.code, [file.name for file in files if file not in sound]),
    )


def _close(stage: Stage, own: Desk, other: Desk) -> None:
    own.say("endings", {"reason": "afgerond"})
    pair = other.wait(lambda pair: pair.closed is not None)
    late = other.post("messages", {"text": "Nog een vraag."})
    stage.screen.claim(
        f"SVB closes it; UWV writes once more: {late.status_code}, “{late.json()['detail']}”",
        holds=pair.closed == "afgerond" and late.status_code == httpx.codes.CONFLICT,
        expected="closed as afgerond, and 409",
        seen=(pair.closed, late.text),
    )
