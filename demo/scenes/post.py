"""UWV posts one signal; the answer is a receipt that convinces whoever has the document."""

import time

from demo.command import run, shown
from demo.consortium import DOCUMENT
from demo.people import CaseSignal
from demo.stage import RECEIPT, Stage
from demo.words import meanings

TITLE = "UWV posts a signal and gets a receipt"


def play(stage: Stage) -> None:
    """Post, show the receipt, and have the command line verify it offline."""
    screen = stage.screen
    signal = _half_known_person(stage)
    screen.say("Somebody is stuck between two agencies, and each of them knows half of it.")
    screen.say("A caseworker at the desk UWV Maatwerkplaats posts UWV's half:")
    screen.say()
    screen.rows(_described(signal), dim=2)
    screen.say()

    begun = time.perf_counter()
    stage.first = posted = stage.post(signal)
    took = round(1000 * (time.perf_counter() - begun))
    cosigners = stage.cosigners(posted.receipt)
    quorum, witnesses = stage.members.document.quorum, len(stage.members.document.witnesses)
    screen.claim(
        f"{posted.status} Created after {took} ms: block {posted.height} is final, cosigned by "
        f"{', '.join(cosigners)}; {quorum} of {witnesses} suffice",
        holds=posted.status == 201 and len(cosigners) >= quorum,
        expected=f"201 and {quorum} cosignatures",
        seen=(posted.status, cosigners),
    )
    _verify_offline(stage)


def _verify_offline(stage: Stage) -> None:
    screen, posted = stage.screen, stage.the_first()
    (stage.members.folder / RECEIPT).write_bytes(posted.receipt.encode())
    command = ("receipt", "verify", RECEIPT, "--consortium", DOCUMENT)
    verified = run(*command, folder=stage.members.folder)
    screen.command(shown(*command), verified.output, only=lambda line: line.startswith("PROVEN"))
    screen.claim(
        "no node was asked: the receipt and the consortium document are enough",
        holds=verified.code == 0 and f"block {posted.height} " in verified.output,
        expected=f"exit 0, block {posted.height} proven",
        seen=(verified.code, verified.output),
    )


def _half_known_person(stage: Stage) -> CaseSignal:
    person = next(p for p in stage.people if p.agencies == {"uwv", "svb"})
    return next(signal for signal in person.signals if signal.agency == "uwv")


def _described(signal: CaseSignal) -> list[tuple[str, str, str]]:
    body = signal.body()
    return [
        ("bsn", "(nine digits)", "never leaves UWV, nor stands on this screen"),
        ("caseReference", body["caseReference"], "UWV's own; never sent to anyone"),
        ("desk", body["desk"], ""),
        ("purpose", body["purpose"], "problems at several agencies at once"),
        *meanings(signal.fields),
    ]
