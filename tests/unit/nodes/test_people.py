from pathlib import Path

import pytest

from ledger.case.people import Actor, Role
from nodes.errors import ConfigurationError
from nodes.people import load_people

SECRET = "a-token-that-nobody-guesses"


def entry(name: str = "w1", **changed: object) -> str:
    """Return an entry of somebody whose token no other has; a change to None leaves it out."""
    fields: dict[str, object] = {
        "id": f'"{name}"',
        "roles": '["caseworker"]',
        "desk": '"uwv/maatwerkplaats"',
        "token": f'"{SECRET}-{name}"',
    }
    stated = fields | changed
    lines = [f"{key} = {value}" for key, value in stated.items() if value is not None]
    return "\n".join(("[[person]]", *lines, ""))


def written(folder: Path, content: str, *, mode: int = 0o600) -> Path:
    path = folder / "people.toml"
    path.write_text(content)
    path.chmod(mode)
    return path


def refusal(folder: Path, content: str, *, tokens: tuple[str, ...] = ()) -> str:
    """Return why a file will not do; it never shows a token."""
    with pytest.raises(ConfigurationError) as refused:
        load_people(written(folder, content), member="uwv", tokens=tokens)
    assert SECRET not in str(refused.value)
    return str(refused.value)


def test_a_person_acts_in_each_of_its_roles_at_its_desk(tmp_path: Path) -> None:
    content = entry("w1") + entry(
        "a1", roles='["approver", "lead"]', desk='"uwv/wia"', deputy_of='"w1"'
    )

    first, second = load_people(written(tmp_path, content), member="uwv")

    assert first.acting_as(Role.CASEWORKER) == Actor("w1", Role.CASEWORKER, "uwv/maatwerkplaats")
    assert second.roles == (Role.APPROVER, Role.LEAD)
    assert second.acting_as(Role.LEAD) == Actor("a1", Role.LEAD, "uwv/wia", "w1")


def test_no_token_is_printed_with_its_person(tmp_path: Path) -> None:
    (one,) = load_people(written(tmp_path, entry()), member="uwv")

    assert SECRET not in repr(one)


def test_a_file_may_name_nobody(tmp_path: Path) -> None:
    assert load_people(written(tmp_path, ""), member="uwv") == ()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"id": None}, "id is 1 to 40"),
        ({"id": '""'}, "id is 1 to 40"),
        ({"id": '"Jan Jansen"'}, "id is 1 to 40"),
        ({"id": "7"}, "id is 1 to 40"),
        ({"roles": None}, "roles is a list of"),
        ({"roles": "[]"}, "roles is a list of"),
        ({"roles": '"caseworker"'}, "roles is a list of"),
        ({"roles": '["director"]'}, "roles is a list of"),
        ({"roles": "[7]"}, "roles is a list of"),
        ({"roles": '["lead", "lead"]'}, "each role once"),
        ({"roles": '["policy", "caseworker"]'}, "sees no person"),
        ({"roles": '["approver", "auditor"]'}, "sees no person"),
        ({"desk": None}, "desk is one of this member"),
        ({"desk": '"svb/de-bedoeling"'}, "desk is one of this member"),
        ({"desk": '"uwv"'}, "desk is one of this member"),
        ({"desk": '"uwv/"'}, "desk is one of this member"),
        ({"desk": '"uwv/a/b"'}, "desk is one of this member"),
        ({"token": None}, "token is 20 or more"),
        ({"token": '"short"'}, "token is 20 or more"),
        ({"token": f'"{SECRET} x"'}, "token is 20 or more"),
        ({"token": f'"{SECRET}é"'}, "token is 20 or more"),
        ({"token": "12345678901234567890"}, "token is 20 or more"),
        ({"deputy_of": '"w1"'}, "deputy_of of w1"),
        ({"deputy_of": '"nobody"'}, "deputy_of of w1"),
        ({"deputy_of": "7"}, "deputy_of is the id"),
        ({"nickname": '"Jan"'}, "has id, roles, desk, token"),
    ],
)
def test_an_entry_that_will_not_do_is_told_by_its_place_and_why(
    tmp_path: Path, changed: dict[str, object], why: str
) -> None:
    assert why in refusal(tmp_path, entry(**changed))  # type: ignore[arg-type]


def test_no_two_have_one_id_or_one_token(tmp_path: Path) -> None:
    ids = refusal(tmp_path, entry("w1") + entry("w1", token=f'"{SECRET}-other"'))
    tokens = refusal(tmp_path, entry("w1") + entry("w2", token=f'"{SECRET}-w1"'))
    role = refusal(tmp_path, entry("w1"), tokens=(f"{SECRET}-w1",))

    assert "twice there: w1" in ids
    assert "token of w1 is somebody else's" in tokens
    assert "or a role's" in role


@pytest.mark.parametrize(
    "content", ["person = 7", "[person]\nid = 'x'", "people = []", "[[person", "person = [7]"]
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: str) -> None:
    assert "people.toml" in refusal(tmp_path, content)


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_people(written(tmp_path, entry(), mode=mode), member="uwv")
