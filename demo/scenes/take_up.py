"""Two desks take up what the ledger found for them."""

import time

import httpx

from demo.command import Result
from demo.desk import Desk, desks_of
from demo.stage import Stage

TITLE = "UWV and SVB take the case up"
_TEXT = "Het gaat om {}."
_PLACE = "BSN at 13 to 21"


def play(stage: Stage) -> None:
    """Confirm at both desks, try to write a BSN, and show the file."""
    screen, digits = stage.screen, stage.the_first().signal.bsn.digits
    uwv, svb = desks_of(stage)
    screen.say("From here on people act, each with an id, a role, a desk and a token of its own.")
    screen.say("SVB's caseworker w1 begins the day:")
    listed = svb.run("list")
    screen.command(listed.typed, listed.result.output)
    _confirm(stage, svb, uwv)
    taken = uwv.run("confirm", uwv.case, "--within", "1d")
    screen.command(taken.typed, taken.result.output)
    svb.wait(lambda pair: pair.other_confirmed is not None)
    screen.say(f"w1 at UWV also writes: “{_TEXT.format('(nine digits)')}”")
    written = uwv.run("message", uwv.case, given=_TEXT.format(digits))
    screen.command(written.typed, written.result.output)
    screen.claim(
        "a BSN in a message is found and not repeated; nothing was sent",
        holds=written.result.code != 0
        and _PLACE in written.result.output
        and digits not in written.result.output
        and not any(line.kind == "text" for line in uwv.pair().timeline),
        expected="refused, by its place",
        seen=written.result.code,
    )
    read = uwv.run("show", uwv.case)
    head, _, _ = read.result.output.partition("\nWhen")
    screen.command(read.typed, f"{head}\n(and below that all that happened, in order)")
    _claim_read(stage, uwv, read.result)


def _confirm(stage: Stage, own: Desk, other: Desk) -> None:
    begun = time.perf_counter()
    taken = own.run("confirm", own.case, "--within", "1d")
    stage.screen.command(taken.typed, taken.result.output)
    asked = other.wait(lambda pair: pair.other_confirmed is not None)
    by = "nothing" if asked.respond_by is None else f"{asked.respond_by:%d %B, %H:%M} UTC"
    stage.screen.claim(
        f"{time.perf_counter() - begun:.1f} s later UWV is asked to respond by {by}; that was "
        "sealed to its desk and left with SVB's next beat",
        holds=taken.result.code == 0 and asked.respond_by is not None,
        expected="a time to respond by",
        seen=(taken.result, asked.respond_by),
    )


def _claim_read(stage: Stage, desk: Desk, read: Result) -> None:
    path = f"/v1/cases/{desk.case}/file"
    statuses = [desk.member.ask(path, role=role).status_code for role in ("policy", "operator")]
    stage.screen.claim(
        f"both have confirmed; UWV's policy side and its operator may not read this: {statuses[0]}",
        holds=read.code == 0
        and set(statuses) == {httpx.codes.FORBIDDEN}
        and "not yet" not in read.output,
        expected="confirmed here and there, and twice 403",
        seen=(read, statuses),
    )
