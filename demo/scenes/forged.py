"""UWV's node is altered so that it grants something else than was posted, and SVB refuses it."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, time

import httpx

from demo.desk import APPROVER, Desk, desks_of
from demo.errors import DemoError
from demo.forger import FALSE, forge
from demo.granted import block_of, judge, stored_grant
from demo.member import Member
from demo.scenes.grant import last_day, request_for
from demo.stage import Stage
from ledger.claims import verify_sdjwt
from ledger.errors import VerificationError
from ledger.sdjwt import SdJwt
from nodes.keyring import load_keyring

TITLE = "A forged value is refused"
_FIELD = "helpQuestion"
_FALSE_BY_HAND = "schulden"
_COUNTED = 'signaalketen_refusals_total{reason="message-forged uwv"}'


def play(stage: Stage) -> None:
    """Let an altered node of UWV's answer a request, and see what SVB's node makes of it."""
    screen = stage.screen
    uwv, svb = desks_of(stage)
    true, false = stage.the_first().signal.fields[_FIELD], FALSE[_FIELD]
    screen.say(
        f"Somebody alters UWV's node. It has UWV's keys and data; but where UWV posted “{true}” it "
        f"grants “{false}”, signed anew with UWV's own key, with every digest set right. SVB asks "
        f"for {_FIELD}, and w1 and a1 at UWV grant it: to them all is as ever."
    )
    request = svb.say("requests", request_for(_FIELD))
    try:
        _restart(uwv.member, [sys.executable, "-m", "demo.forger"])
        uwv.member.wait_ready()
        _grant(stage, uwv, request)
        pair = svb.wait(lambda pair: any(line.kind == "refused" for line in pair.timeline))
    finally:
        # The scenes that follow need a UWV that keeps to the rules.
        _restart(uwv.member)
    line = next(line for line in pair.timeline if line.kind == "refused")
    nothing = svb.post(f"requests/{request}/readings", {})
    screen.claim(
        f"SVB's node: “{line.text}”",
        holds="committed" in line.text and nothing.status_code == httpx.codes.CONFLICT,
        expected="refused as not what was committed to, and nothing to read",
        seen=(line.text, nothing.text),
    )
    _claim_counted(stage)
    _forge_by_hand(stage, uwv, svb)
    uwv.member.wait_ready()


def _restart(member: Member, program: Sequence[str] = ()) -> None:
    member.node.ask_to_stop()
    member.node.wait_stopped()
    member.launch(program)


def _grant(stage: Stage, uwv: Desk, request: str) -> None:
    uwv.wait(lambda pair: any(one.id == request for one in pair.requests))
    body = {"fields": [_FIELD], "lastDay": last_day(stage).isoformat()}
    for what, by in (("preparations", "w1"), ("approvals", APPROVER)):
        answer = uwv.post(f"requests/{request}/{what}", body, by=by)
        if not answer.is_success:
            raise DemoError(f"{what}: {answer.status_code} {answer.text}")


def _claim_counted(stage: Stage) -> None:
    text = stage.members["svb"].ask("/metrics", role="operator").text
    counted = [line for line in text.splitlines() if line.startswith(_COUNTED)]
    stage.screen.claim(
        "SVB's operator, who reads no case, sees in the metrics that UWV sent it something forged",
        holds=counted == [f"{_COUNTED} 1.0"],
        expected=f"{_COUNTED} 1.0",
        seen=counted,
    )


def _forge_by_hand(stage: Stage, uwv: Desk, svb: Desk) -> None:
    """Forge what was rightly granted before, and judge it in the open: a node says less."""
    block = block_of(stage, stage.the_first(), at="bzk")
    granted = next(one for one in svb.pair().requests if one.is_own and one.stage == "granted")
    (field,) = granted.fields
    true = stored_grant(svb, granted.id)
    key = load_keyring(uwv.member.keys).sdjwt
    forged = forge(true, {field: _FALSE_BY_HAND}, key=key)
    (item,) = forged.share.items
    signed = SdJwt(item.content.decode(), forged.disclosures)
    now = int(datetime.combine(block.signed.entry.day, time(12), UTC).timestamp())
    says = verify_sdjwt(signed, key=key.verifier, now=now)[field]
    try:
        judge(stage, forged, block=block, own=stage.the_second(), granted={field})
        why = "nothing"
    except VerificationError as cause:
        why = str(cause)
    stage.screen.claim(
        f"the same done by hand to the {field} granted before: UWV's signature on “{says}” is "
        f"good, and yet the verdict on block {block.height} is “{why}”",
        holds=says == _FALSE_BY_HAND and "commitment" in why,
        expected="a sound signature, and a commitment that is not opened",
        seen=(says, why),
    )
