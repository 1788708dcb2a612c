"""What an agency's host is given: tokens, people, and settings that a node reads."""

import re
import subprocess
from pathlib import Path

import pytest

from demo.people import DESKS
from nodes.people import load_people
from nodes.settings import ROLES, load_settings, load_tokens

DEPLOY = Path(__file__).parents[3] / "deploy"
COMPOSE = DEPLOY.parent / "compose.yaml"


def make_tokens(folder: Path, **environment: str) -> None:
    subprocess.run(
        ["sh", DEPLOY / "agency" / "tokens.sh", folder],
        env={"PATH": "/usr/bin:/bin", **environment},
        check=True,
    )


def test_every_role_has_a_token_and_without_a_desk_nobody_acts_in_cases(tmp_path: Path) -> None:
    make_tokens(tmp_path)

    assert set(load_tokens(tmp_path / "tokens.toml").values()) == set(ROLES)
    assert load_people(tmp_path / "people.toml", member="uwv") == ()


def test_a_desk_has_people_whose_tokens_lie_beside_those_of_roles(tmp_path: Path) -> None:
    make_tokens(tmp_path, DESK=DESKS["uwv"])

    tokens = load_tokens(tmp_path / "tokens.toml")
    people = load_people(tmp_path / "people.toml", member="uwv", tokens=tokens)
    roles = {role.value for person in people for role in person.roles}
    assert roles == {"caseworker", "approver", "privacy-officer", "lead"}
    for person in people:
        assert person.desk == DESKS["uwv"]
        assert (tmp_path / "tokens" / person.id).read_text().strip() == person.token


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    make_tokens(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    make_tokens(tmp_path, DESK=DESKS["uwv"])

    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_folder_of_an_older_version_gets_people_and_keeps_its_tokens(tmp_path: Path) -> None:
    make_tokens(tmp_path)
    (tmp_path / "people.toml").unlink()
    before = (tmp_path / "tokens.toml").read_bytes()

    make_tokens(tmp_path)

    assert (tmp_path / "tokens.toml").read_bytes() == before
    assert load_people(tmp_path / "people.toml", member="uwv") == ()


def test_the_settings_of_an_agency_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAALKETEN_EXCHANGE_BEAT_SECONDS", "10")
    settings = load_settings(DEPLOY / "agency" / "node.toml")

    assert settings.people == DEPLOY / "agency" / "keys" / "people.toml"
    assert settings.exchange_beat_seconds == 10


def test_the_example_of_how_a_desk_is_reached_can_be_taken_as_it_stands(tmp_path: Path) -> None:
    text = (DEPLOY / "agency" / "node.toml").read_text()
    at = text.index("# [desks.")
    end = text.index("\n\n", at)
    example = re.sub("(?m)^# ", "", text[at:end])
    (tmp_path / "node.toml").write_text(text[:at] + example + text[end:])

    (desk,) = load_settings(tmp_path / "node.toml").desks.values()

    assert all((desk.phone, desk.mailbox, desk.lead, desk.hours))


def test_the_agencies_of_the_composed_consortium_have_their_desks() -> None:
    assert re.findall(r"(?m)^ +DESK: (\S+)$", COMPOSE.read_text()) == list(DESKS.values())
