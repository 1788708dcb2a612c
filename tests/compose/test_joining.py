"""DUO joins four agencies that run, from an own project; and SVB changes all its keys."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.agency import LOOPBACK, Agency, Operators, beside
from tests.support.compose import Project

KEYS = ("--keys", "/agency/keys")
CONFIG = ("--config", "/agency/node.toml")
FOUNDING = "/agency/keys/founding.note"
CARD = ("--title", "Dienst Uitvoering Onderwijs", "--oin", "00000099000000000005")
DESK = """
[[desk]]
number = 5
name = "duo/maatwerk"
title = "DUO Maatwerk"
kind = "case"
neutral = true
"""
SVB_ROLES = ("issuer", "witness", "holder", "custodian")
FIELDS = {
    "desk": "duo/maatwerk",
    "purpose": "multiproblematiek",
    "caseReference": "W-1",
    "regulation": "WIA",
    "theme": "schulden",
    "signalType": "vastgelopen",
    "severity": "ernstig",
    "period": "een-tot-zes-maanden",
    "helpQuestion": "rust",
}


@pytest.fixture
def duo(project: Project, tmp_path: Path) -> Iterator[Agency]:
    with beside(project, "duo", tmp_path) as duo:
        yield duo


def test_a_fifth_agency_joins_live_and_a_member_changes_all_its_keys(
    project: Project, duo: Agency
) -> None:
    operators, person = Operators(project), project.person()
    first = project.post("uwv", person)

    project.say("DUO makes keys and a card, and the members accept it")
    make_keys(duo, operators)
    document = accept(duo, operators)

    project.say("SVB hands in DUO's own entry; DUO starts, and catches up")
    let_in(duo, operators, document)
    duo.up()

    project.say("DUO posts about somebody that UWV posted about before")
    with duo.client as client:
        body = {"bsn": person.digits, **FIELDS}
        later = client.post_signal(body, key="duo-1").local_id
        project.until(lambda: client.signal(later).is_final, "a signal of DUO is final")
        project.until(lambda: matched(client, later) == {"UWV Maatwerkplaats"}, "DUO matches")
        uwv = project.client("uwv")
        project.until(lambda: matched(uwv, first) == {"DUO Maatwerk"}, "UWV reads DUO's match")

    project.say("SVB changes all its keys, its engine's too")
    rotate(duo, operators, document)
    restart(project, "svb")
    operators.type("svb", "key", "retire", *KEYS, "--consortium", "/tmp/third.note")
    newest = project.post("svb", person)
    svb = project.client("svb")
    both = {"UWV Maatwerkplaats", "DUO Maatwerk"}
    project.until(lambda: matched(svb, newest) == both, "SVB matches both")


def make_keys(duo: Agency, operators: Operators) -> None:
    origin = "signaalketen.test/demo"
    recovery = ("--recovery", "/safe/duo.recovery")
    duo.tools("key", "new", "--origin", origin, "--member", "duo", *KEYS, *recovery)
    duo.tools("/agency/tokens.sh", program="sh")
    duo.tools("engine", "new", *KEYS)
    roles = ("--role", "issuer", "--role", "witness")
    duo.tools("member", "card", *KEYS, *CARD, *roles, "--out", "duo.card.toml")
    for name in ("founding.note", "genesis.json"):
        (duo.post / name).write_bytes(operators.take("uwv", f"/agency/keys/{name}"))
        duo.tools(name, f"/agency/keys/{name}", program="cp")


def accept(duo: Agency, operators: Operators) -> bytes:
    """Make DUO a member, in the second version of the document; return that."""
    rules = operators.type("uwv", "consortium", "show", FOUNDING, "--rules").decode()
    changed = (rules.replace("quorum = 3", "quorum = 4") + DESK).encode()
    at = ("--rules", operators.put("uwv", "rules.toml", changed))
    card = operators.put("uwv", "duo.card.toml", (duo.post / "duo.card.toml").read_bytes())
    previous = ("--previous", FOUNDING)
    drafted = (*previous, *at, "--card", card, "--author", "uwv", "--out", "/tmp/second.note")
    operators.type("uwv", "consortium", "draft", *drafted)
    note = operators.take("uwv", "/tmp/second.note")
    for member in ("uwv", "svb", "bzk"):
        place = operators.put(member, "second.note", note)
        operators.type(member, "consortium", "sign", place, *KEYS, *previous)
        note = operators.take(member, place)
    place = operators.put("uwv", "second.note", note)
    operators.type("uwv", "consortium", "submit", place, *LOOPBACK)
    return operators.type("uwv", "consortium", "show", place, "--document")


def let_in(duo: Agency, operators: Operators, document: bytes) -> None:
    (duo.post / "consortium.toml").write_bytes(document)
    made = ("--consortium", "consortium.toml", "--out", "duo.note")
    duo.tools("member", "announce", *CONFIG, *made)
    note = operators.put("svb", "duo.note", (duo.post / "duo.note").read_bytes())
    operators.type("svb", "member", "submit", note, *LOOPBACK)


def rotate(duo: Agency, operators: Operators, document: bytes) -> None:
    """Bring new keys of SVB's into the document's third version, which DUO signs too."""
    operators.type("svb", "key", "rotate", *KEYS)
    card = ("--title", "Sociale Verzekeringsbank", "--oin", "00000099000000000002")
    roles = [part for role in SVB_ROLES for part in ("--role", role)]
    shown = operators.type("svb", "member", "card", *KEYS, *card, *roles)
    new = ("--card", operators.put("svb", "svb.card.toml", shown))
    previous = ("--previous", operators.put("svb", "second.toml", document))
    drafted = (*previous, *new, "--author", "svb", "--out", "/tmp/third.note")
    operators.type("svb", "consortium", "draft", *drafted)
    note = operators.take("svb", "/tmp/third.note")
    for member in ("svb", "uwv", "bzk"):
        place = operators.put(member, "third.note", note)
        before = operators.put(member, "second.toml", document)
        operators.type(member, "consortium", "sign", place, *KEYS, "--previous", before)
        note = operators.take(member, place)
    (duo.post / "third.note").write_bytes(note)
    (duo.post / "third.note").chmod(0o666)
    duo.tools("consortium", "sign", "third.note", *KEYS, "--previous", "consortium.toml")
    place = operators.put("svb", "third.note", (duo.post / "third.note").read_bytes())
    operators.type("svb", "consortium", "submit", place, *LOOPBACK)
    operators.type("svb", "engine", "rotate", *KEYS)


def restart(project: Project, member: str) -> None:
    """Start a member's node anew, and with it its engine."""
    kept = project.run("exec", "-T", member, "cat", "/tmp/third.note")
    project.run("restart", member)
    for service in (member, f"{member}-engine"):
        project.until(partial(is_healthy, project, service), f"{service} is healthy again")
    Operators(project).put(member, "third.note", kept.encode())


def is_healthy(project: Project, service: str) -> bool:
    state = project.container(service)["State"]
    return bool(state["Running"] and state["Health"]["Status"] == "healthy")


def matched(client: Any, local_id: str) -> set[str]:
    """Return the desks of others that an agency reads at one of its own signals."""
    return {
        match["deskTitle"]
        for case in client.cases()
        for match in case["matches"]
        if match["ownLocalId"] == local_id
    }
