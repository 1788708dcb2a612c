"""A second engine with SVB's key votes too; the others prove it, keep the proof, and go on."""

import time

import httpx

from demo.errors import DemoError
from demo.stage import Stage

TITLE = "A second engine signs with SVB's key"
_PROOF_WITHIN_SECONDS = 60
_CODE = "engine-misbehaved"


def play(stage: Stage) -> None:
    """Start the twin, post until the proof is there, and show who kept it."""
    screen, members = stage.screen, stage.members
    engines = members.must_have_engines()
    screen.say("SVB starts a second engine with a copy of its key, as a careless failover would.")
    engines.start_twin(members.folder, members.leash)
    try:
        texts = _until_proved(stage)
    finally:
        engines.stop_twin()
    screen.rows(sorted(texts.items()))
    screen.claim(
        "the other three name SVB, with height and time, in /readyz; and work on",
        holds=all(text.startswith("svb: two-votes at height") for text in texts.values()),
        expected="svb: two-votes at height …",
        seen=texts,
    )
    counted = members["bzk"].ask("/metrics", role="operator").text
    line = 'signaalketen_engine_misbehaviour_total{kind="two-votes",member="svb"}'
    screen.claim(
        "BZK's metrics count it",
        holds=line in counted,
        expected=line,
        seen=[text for text in counted.splitlines() if "misbehaviour" in text],
    )


def _until_proved(stage: Stage) -> dict[str, str]:
    names = [m.name for m in stage.members.all if m.name != "svb"]
    until = time.monotonic() + _PROOF_WITHIN_SECONDS
    while time.monotonic() < until:
        # Votes are cast only where there is something to order.
        stage.post(stage.next_spare("uwv"))
        texts = {name: text for name in names if (text := _said(stage, name))}
        if len(texts) == len(names):
            return texts
        time.sleep(0.2)
    raise DemoError("no proof came about within a minute")


def _said(stage: Stage, name: str) -> str | None:
    answer: httpx.Response = stage.members[name].ask("/readyz", role="operator")
    return next((r["text"] for r in answer.json()["reasons"] if r["code"] == _CODE), None)
