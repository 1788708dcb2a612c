"""SVB asks for two fields: two people at UWV grant one, and refuse the other."""

from datetime import date, timedelta

import httpx

from api.request import ShownOut
from demo.desk import APPROVER, BOTH, Desk, desks_of
from demo.granted import block_of, judge, stored_grant
from demo.people import PURPOSE
from demo.stage import Stage
from demo.words import MEANINGS
from ledger.block import Block
from ledger.encoding import to_base64

TITLE = "One field is granted, another refused"
BASIS = "wetsvoorstel-36799"
NECESSITY = "hulp-afstemmen"
_GRANTED, _REFUSED, _IN_NO_MATRIX = "theme", "period", "severity"
_DAYS = timedelta(days=28)
_SHOWN = 14
_DIGITS = 8


def request_for(field: str) -> dict[str, object]:
    """Return what is posted to ask for a field."""
    return {"purpose": PURPOSE, "basis": BASIS, "necessity": NECESSITY, "fields": [field]}


def play(stage: Stage) -> None:
    """Ask, decide with four eyes, read, and check as a receiver does."""
    screen = stage.screen
    uwv, svb = desks_of(stage)
    screen.say("What a desk may ask stands in the consortium's document: the disclosure matrix.")
    denied = svb.post("requests", request_for(_IN_NO_MATRIX))
    screen.claim(
        f"SVB may not even ask for {_IN_NO_MATRIX}; its own node says “{denied.json()['detail']}”",
        holds=denied.status_code == httpx.codes.CONFLICT,
        expected="409",
        seen=denied.text,
    )
    asked = svb.run(
        "ask", svb.case, "--field", _GRANTED, "--basis", BASIS, "--necessity", NECESSITY
    )
    screen.command(asked.typed, asked.result.output)
    other = svb.say("requests", request_for(_REFUSED))
    pair = uwv.wait(lambda pair: len(pair.requests) == 2)
    request = next(one.id for one in pair.requests if one.id != other)
    _decide(stage, uwv, request, other)
    _read(stage, svb, request, other)


def _decide(stage: Stage, uwv: Desk, request: str, other: str) -> None:
    screen, until = stage.screen, last_day(stage)
    body = {"fields": [_GRANTED], "lastDay": until.isoformat()}
    prepared = uwv.post(f"requests/{request}/preparations", body, by=BOTH)
    alone = uwv.post(f"requests/{request}/approvals", body, by=BOTH)
    screen.claim(
        f"UWV's w2 prepares a grant up to {until.day} {until:%B} and, an approver too, tries to "
        f"approve it: {alone.status_code}, “{alone.json()['detail']}”",
        holds=prepared.is_success
        and alone.status_code == httpx.codes.CONFLICT
        and alone.json()["reason"] == "four-eyes",
        expected="409, four-eyes",
        seen=(prepared.text, alone.text),
    )
    approved = uwv.run("approve", uwv.case, request[:8], "--yes", by=APPROVER)
    screen.command(approved.typed, approved.result.output)
    refused = uwv.run("refuse", uwv.case, other[:8], "niet-noodzakelijk", by=APPROVER)
    screen.command(refused.typed, refused.result.output)


def _read(stage: Stage, svb: Desk, request: str, other: str) -> None:
    screen, first = stage.screen, stage.the_first()
    svb.wait(lambda pair: all(one.stage != "asked" for one in pair.requests))
    read = svb.run("shown", svb.case, request[:8])
    screen.command(read.typed, read.result.output)
    nothing = svb.post(f"requests/{other}/readings", {})
    true = first.signal.fields[_GRANTED]
    screen.claim(
        f"{_GRANTED} is {true} ({MEANINGS[_GRANTED][true]}), as UWV posted; "
        f"of {_REFUSED} SVB has nothing: {nothing.status_code}",
        holds=true in read.result.output and nothing.status_code == httpx.codes.CONFLICT,
        expected=f"{true}, and 409",
        seen=(read.result, nothing.text),
    )
    _check(stage, svb, request)


def _check(stage: Stage, svb: Desk, request: str) -> None:
    """Judge what SVB got by the block alone, as served by a third party."""
    first, second = stage.the_first(), stage.the_second()
    answer = svb.post(f"requests/{request}/readings", {})
    proof = ShownOut.model_validate_json(answer.content, by_alias=True, by_name=False).proof
    received = stored_grant(svb, request)
    block = block_of(stage, first, at="bzk")
    fields = judge(stage, received, block=block, own=second, granted={_GRANTED})
    commitment = block.signed.entry.commitment or b""
    digests = [digest.hex() for digest in received.share.digests]
    stage.screen.claim(
        f"checked here anew, without UWV: digests {', '.join(d[:_DIGITS] + '…' for d in digests)} "
        f"with r open the commitment {to_base64(commitment)[:_SHOWN]}… of block {block.height} as "
        "BZK serves it, and the BSN is that of SVB's own signal",
        holds=fields == {_GRANTED: first.signal.fields[_GRANTED]}
        and (proof.commitment, list(proof.digests)) == (to_base64(commitment), digests),
        expected="the field, and the proof that SVB's node shows",
        seen=(proof.commitment, to_base64(commitment), digests),
    )


def last_day(stage: Stage) -> date:
    """Return to which day a grant is given in the story."""
    return Block.decode(stage.the_first().receipt.block).signed.entry.day + _DAYS
