"""A fifth agency joins four that run, and a member changes all its keys: by operators' commands."""

import httpx

from demo.consortium import DOCUMENT
from demo.member import Profile
from ledger.bsn import synthetic_numbers
from tests.support.engines import short_folder
from tests.support.operators import Town, operated

DUO = Profile(
    "duo", "Dienst Uitvoering Onderwijs", "00000099000000000005", ("issuer", "witness"), 8105
)
DESK = """
[[desk]]
number = 5
name = "duo/maatwerk"
title = "DUO Maatwerk"
kind = "case"
neutral = true
"""


def accept_duo(town: Town) -> None:
    """Let a quorum, and BZK, make DUO a member with a desk of its own."""
    rules = town.type("consortium", "show", DOCUMENT, "--rules")
    (town.folder / "rules.toml").write_text(rules.replace("quorum = 3", "quorum = 4") + DESK)
    changes = ("--rules", "rules.toml", "--card", "duo/card.toml")
    town.agree("second.note", *changes, signers=("uwv", "svb", "bzk"))


def let_in(town: Town) -> None:
    """Bring in DUO's own entry at SVB, twice."""
    note = "duo/member.note"
    made = ("member", "announce", "--config", "duo/node.toml", "--consortium", DOCUMENT)
    town.type(*made, "--out", note)
    once = town.type("member", "submit", note, *town.at("svb"))
    assert town.type("member", "submit", note, *town.at("svb")) == once


def rotate_svb(town: Town) -> None:
    """Change every key that SVB has, and start its node anew."""
    town.type("key", "rotate", "--keys", "svb/keys")
    profile = town["svb"].profile
    roles = [part for role in profile.roles for part in ("--role", role)]
    town.type(
        "member", "card", "--keys", "svb/keys", "--title", profile.title,
        "--oin", profile.oin, *roles, "--out", "svb/card.toml",
    )  # fmt: skip
    signers = ("svb", "uwv", "bzk", "duo")
    town.agree("third.note", "--card", "svb/card.toml", signers=signers)
    town.until(lambda: "\nversion = 3\n" in town["svb"].ask("/v1/consortium").text)
    town.type("engine", "rotate", "--keys", "svb/keys", "--connections")
    town.type("member", "announce", "--config", "svb/node.toml", "--out", "svb/member.note")
    town.type("member", "submit", "svb/member.note", *town.at("svb"))
    town["svb"].launch()
    town["svb"].wait_ready()
    town.type("key", "retire", "--keys", "svb/keys", "--consortium", DOCUMENT)


def test_a_fifth_agency_joins_and_a_member_changes_all_its_keys_while_others_go_on() -> None:
    with short_folder() as folder, operated(folder) as town:
        person = next(synthetic_numbers())
        first = town.post("uwv", person)
        (folder / "first.receipt").write_text(town.signal("uwv", first)["receipt"])
        height = town.signal("uwv", first)["height"]

        duo = town.members.enrol(DUO)
        early = town.try_to("member", "announce", "--config", "duo/node.toml", "--out", "early")
        assert early.code == 2
        accept_duo(town)
        # Started too early: nobody lets its engine in, and it says so.
        duo.launch()
        town.until(lambda: "lets this one in" in town.reasons("duo").get("order-stands-still", ""))
        assert "catching-up" in town.reasons("duo")
        let_in(town)
        duo.wait_ready()

        later = town.post("duo", person)
        town.until(lambda: town.matched("uwv", first))
        town.until(lambda: town.matched("duo", later))
        assert town.matched("duo", later) == {("uwv", height)}
        assert town.matched("uwv", first) == {("duo", town.signal("duo", later)["height"])}

        # Of five engines one may be away, and not two: DUO's is one of them.
        town["szw"].node.kill()
        town.post("uwv", next(synthetic_numbers()))
        duo.node.kill()
        waiting = town.post("uwv", person, status=httpx.codes.ACCEPTED)
        assert "duo, szw cannot be reached" in town.signal("uwv", waiting)["waitsFor"]
        for name in ("szw", "duo"):
            town[name].launch()
        for name in ("szw", "duo"):
            town[name].wait_ready()

        rotate_svb(town)
        newest = town.post("svb", person)
        town.until(lambda: {of for of, _ in town.matched("svb", newest)} == {"uwv", "duo"})
        town["szw"].node.kill()
        town.post("duo", next(synthetic_numbers()))

        verify_from_the_founding(town)


def verify_from_the_founding(town: Town) -> None:
    by = ("--consortium", "founding.note")
    url = town["bzk"].url
    assert "PROVEN" in town.type("receipt", "verify", "first.receipt", *by, "--chain", url)
    assert "SOUND" in town.type("audit", url, *by)
