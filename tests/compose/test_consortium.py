"""Four agencies in containers do what agencies do, and outlive what happens to containers."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.compose import AGENCIES, Project

ISSUERS = ("uwv", "svb", "szw")


def desks_that_match(project: Project, agency: str, local_id: str) -> set[str]:
    """Return the desks of others that an agency reads at one of its own signals."""
    return {
        match["deskTitle"]
        for case in project.client(agency).cases()
        for match in case["matches"]
        if match["ownLocalId"] == local_id
    }


def audit(project: Project, agency: str, folder: Path) -> str:
    """Audit the published node of an agency from outside, and return what is said."""
    note = folder / "founding.note"
    note.write_text(project.run("exec", "-T", agency, "cat", "/agency/keys/founding.note"))
    command = Path(sys.executable).with_name("signaalketen")
    ended = subprocess.run(
        [command, "audit", project.url(agency), "--consortium", note, "--jobs", "1"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def opened(project: Project) -> list[tuple[int, int, str]]:
    """Return each epoch, the block that opened it, and its document: another chain has others."""
    epochs = project.client("bzk", "operator").epochs()
    return [(epoch.number, epoch.opened, epoch.document) for epoch in epochs]


def test_two_agencies_that_post_about_one_person_both_read_the_match(project: Project) -> None:
    person = project.person()

    project.say("UWV posts, then SVB about the same person")
    first = project.post("uwv", person)
    second = project.post("svb", person)

    project.say("both wait for the match")
    project.until(lambda: bool(desks_that_match(project, "svb", second)), "SVB reads the match")
    project.until(lambda: bool(desks_that_match(project, "uwv", first)), "UWV reads the match")
    assert desks_that_match(project, "svb", second) == {"UWV Maatwerkplaats"}
    assert desks_that_match(project, "uwv", first) == {"SVB De Bedoeling"}
    assert project.client("szw").cases() == []


@pytest.mark.parametrize("agency", ["uwv", "bzk"])
def test_an_audit_from_outside_finds_the_chain_sound(
    project: Project, agency: str, tmp_path: Path
) -> None:
    project.post("szw", project.person())

    project.say(f"auditing {agency}'s published node from outside")
    told = audit(project, agency, tmp_path)

    assert "SOUND" in told
    assert "1 epoch" in told


@pytest.mark.parametrize("service", ["svb", "svb-engine"])
def test_what_is_killed_comes_back_and_the_others_go_on_without_it(
    project: Project, service: str
) -> None:
    before = project.container(service)["State"]["Pid"]

    project.say(f"killing {service}")
    project.kill(service)
    project.post("uwv", project.person())

    project.say(f"waiting for {service}")
    project.until(lambda: is_healthy(project, service), f"{service} is healthy again")
    project.until(lambda: is_healthy(project, "svb-engine"), "its engine is too")
    assert project.container(service)["State"]["Pid"] != before
    project.post("svb", project.person())


def is_healthy(project: Project, service: str) -> bool:
    state = project.container(service)["State"]
    return bool(state["Running"] and state["Health"]["Status"] == "healthy")


def test_up_again_changes_nothing(project: Project) -> None:
    running = ids(project)
    epochs = opened(project)

    project.say("`up` a second time")
    project.up()

    assert ids(project) == running
    assert opened(project) == epochs


def ids(project: Project) -> set[str]:
    return set(project.run("ps", "--quiet").split())


def test_down_and_up_keep_the_chain_and_the_agencies_own_cases(project: Project) -> None:
    person = project.person()
    first = project.post("svb", person)
    second = project.post("szw", person)
    reads: Callable[[], bool] = lambda: bool(desks_that_match(project, "szw", second))  # noqa: E731
    project.until(reads, "SZW reads the match")
    epochs = opened(project)
    running = ids(project)

    project.say("`down`, and `up` again")
    project.run("down", "--timeout", "20")
    project.up()

    assert not ids(project) & running
    assert opened(project) == epochs
    assert project.client("svb").signal(first).is_final
    assert desks_that_match(project, "szw", second) == {"SVB De Bedoeling"}
    project.post("uwv", project.person())


def test_logs_name_nobody(project: Project) -> None:
    bsn = project.person()
    for agency in ISSUERS:
        project.post(agency, bsn)

    logs = project.run("logs", "--no-color")

    assert all(f"{agency}-engine-1" in logs or f"{agency}-1" in logs for agency in AGENCIES)
    assert not re.search(r"9999\d{5}", logs)
    assert "W-1" not in logs
