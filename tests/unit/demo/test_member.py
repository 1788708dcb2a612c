"""What a member's folder says of its people."""

from pathlib import Path

from demo.consortium import PROFILES
from demo.member import PEOPLE, STAFF, Member
from ledger.case.people import Role
from nodes.people import load_people
from nodes.settings import load_tokens
from tests.unit.demo.test_story import NoLeash


def settled_in(folder: Path, name: str) -> Member:
    profile = next(profile for profile in PROFILES if profile.name == name)
    (folder / name).mkdir()
    member = Member(profile, folder / name, NoLeash())
    member.settle()
    return member


def test_a_case_desk_has_every_role_and_each_person_a_token_in_a_file_of_its_own(
    tmp_path: Path,
) -> None:
    member = settled_in(tmp_path, "uwv")

    tokens = load_tokens(member.folder / "tokens.toml")
    people = load_people(member.folder / PEOPLE, member="uwv", tokens=tokens)

    assert {one.id: one.roles for one in people} == {
        of: tuple(map(Role, roles)) for of, roles in STAFF.items()
    }
    assert {one.desk for one in people} == {"uwv/maatwerkplaats"}
    for one in people:
        file = member.token_file(one.id)
        assert file.read_text().strip() == one.token
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_member_without_a_case_desk_has_nobody_who_acts_in_cases(tmp_path: Path) -> None:
    member = settled_in(tmp_path, "bzk")

    assert load_people(member.folder / PEOPLE, member="bzk") == ()
    assert member.staff == {}
