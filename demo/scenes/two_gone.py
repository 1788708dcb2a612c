"""Two of four are gone: nothing is ordered, nothing is lost, and the answer says who is missing."""

import secrets
import time

import httpx

from demo.errors import DemoError
from demo.stage import Stage

TITLE = "Two of four are gone, and come back"
_FINAL_WITHIN_SECONDS = 60


def play(stage: Stage) -> None:
    """Kill SVB and BZK, post at UWV, start both again, and see the post become final."""
    screen, members = stage.screen, stage.members
    gone = [members["svb"], members["bzk"]]
    for member in gone:
        member.node.kill()
    screen.say("SVB's and BZK's nodes got SIGKILL; their engines ended with them.")
    try:
        signal = stage.next_spare("uwv")
        answer = members["uwv"].post(
            "/v1/signals", signal.body(), role="caseworker", key=secrets.token_hex(16)
        )
        own = answer.json()
        why = own.get("waitsFor") or ""
        screen.claim(
            f"UWV answers {answer.status_code}: “{why}”",
            holds=answer.status_code == httpx.codes.ACCEPTED and "bzk, svb" in why,
            expected="202, and that bzk and svb are missing",
            seen=(answer.status_code, own),
        )
    finally:
        begun = time.perf_counter()
        for member in gone:
            member.launch()
        for member in gone:
            member.wait_ready()
    height = _until_final(stage, own["localId"])
    screen.claim(
        f"{time.perf_counter() - begun:.1f} s after both were started it is final, in block "
        f"{height}, without anybody's doing",
        holds=height is not None,
        expected="a block",
        seen=height,
    )


def _until_final(stage: Stage, local_id: str) -> int:
    until = time.monotonic() + _FINAL_WITHIN_SECONDS
    while time.monotonic() < until:
        own = stage.members["uwv"].ask(f"/v1/signals/{local_id}", role="caseworker").json()
        if own["state"] == "final":
            return int(own["height"])
        time.sleep(0.05)
    raise DemoError("the signal is not final after a minute")
