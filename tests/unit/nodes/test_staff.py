"""Who acts in cases follows the file within a second; one that will not do changes nothing."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.case.people import Actor, Role
from ledger.errors import DeniedError
from nodes.errors import ConfigurationError, NotFoundError
from nodes.people import Person
from nodes.staff import Staff, WrittenStaff

DESK = "uwv/maatwerkplaats"
TOKEN = "a-token-that-nobody-guesses"


class Watch:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def write(path: Path, *names: str, mode: int = 0o600) -> None:
    """Put a file of these persons in place of the one that is there."""
    entries = [
        f'[[person]]\nid = "{n}"\nroles = ["caseworker"]\ndesk = "{DESK}"\ntoken = "{TOKEN}-{n}"\n'
        for n in names
    ]
    beside = path.with_suffix(".new")
    beside.write_text("".join(entries))
    beside.chmod(mode)
    beside.replace(path)


def ids(staff: Staff) -> list[str]:
    return [person.id for person in staff.now()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "people.toml"
    write(path, "w1", "w2")
    return path


def test_whoever_is_taken_out_is_out_and_whoever_is_put_in_is_in_a_second_later(path: Path) -> None:
    watch = Watch()
    staff = WrittenStaff(path, member="uwv", elapsed=watch)
    assert ids(staff) == ["w1", "w2"]

    write(path, "w2", "w3")

    watch.seconds += 0.9
    assert ids(staff) == ["w1", "w2"]
    watch.seconds += 0.1
    assert ids(staff) == ["w2", "w3"]


def test_a_file_that_did_not_change_is_not_read_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch()
    staff = WrittenStaff(path, member="uwv", elapsed=watch)

    def read(*args: object, **kwargs: object) -> None:
        raise AssertionError

    monkeypatch.setattr("nodes.staff.load_people", read)
    watch.seconds += 5
    assert ids(staff) == ["w1", "w2"]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: write(path, "w1", "w1"), "each id once"),
        (lambda path: write(path, "w3", mode=0o644), "can be read by others"),
        (lambda path: path.chmod(0o640), "can be read by others"),
        (lambda path: path.write_text("[[person"), "is not TOML"),
        (lambda path: path.write_text("[[person]]\nid = 1\n"), "number 1"),
        (lambda path: path.unlink(), "cannot be read"),
    ],
)
def test_a_file_that_will_not_do_keeps_who_was_in_it_and_says_so_once(
    path: Path, spoil: Callable[[Path], object], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Watch()
    staff = WrittenStaff(path, member="uwv", elapsed=watch)
    spoil(path)

    with caplog.at_level(logging.INFO, "nodes.staff"):
        for _ in range(3):
            watch.seconds += 1
            assert ids(staff) == ["w1", "w2"]

    assert why in (staff.trouble() or "")
    (record,) = caplog.records
    assert (record.levelname, why in record.getMessage()) == ("WARNING", True)
    assert TOKEN not in caplog.text
    path.unlink(missing_ok=True)
    write(path, "w9")
    watch.seconds += 1
    assert (staff.trouble(), ids(staff)) == (None, ["w9"])


def test_trouble_is_seen_though_nobody_shows_a_token(path: Path) -> None:
    watch = Watch()
    staff = WrittenStaff(path, member="uwv", elapsed=watch)
    path.unlink()
    watch.seconds += 1

    assert "cannot be read" in (staff.trouble() or "")


def test_a_token_of_a_role_stays_taken(path: Path) -> None:
    with pytest.raises(ConfigurationError, match="or a role's"):
        WrittenStaff(path, member="uwv", tokens=[f"{TOKEN}-w1"])


def test_a_lead_says_of_its_own_desk_alone_that_somebody_is_away() -> None:
    here, there = Actor("l1", Role.LEAD, DESK), Actor("l2", Role.LEAD, "uwv/wia")
    staff = Staff([Person("w1", (Role.CASEWORKER,), DESK, TOKEN)])

    staff.verify_absence("w1", by=here)
    staff.verify_absence("l2", by=there)
    with pytest.raises(DeniedError) as denied:
        staff.verify_absence("w1", by=there)
    assert denied.value.reason == "desk"
    with pytest.raises(NotFoundError):
        staff.verify_absence("w7", by=here)
