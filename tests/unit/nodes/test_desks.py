"""A desk has a key of its own for each month, and old ones go."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from ledger.encoding import enc
from ledger.errors import MalformedError
from nodes.desks import DeskCard, Desks, month_after
from nodes.errors import ConfigurationError
from tests.support.parties import make_consortium, seeded

DOCUMENT = make_consortium().document
OWN = "szw"
DECEMBER, JANUARY = date(2026, 12, 1), date(2027, 1, 31)
CASE, POLICY = "szw/maatwerk", "szw/beleid"


@pytest.fixture
def desks(tmp_path: Path) -> Desks:
    made = iter(range(1000))
    return Desks(tmp_path, member=OWN, random=lambda size: seeded(size, "desk", next(made)))


def files(folder: Path) -> set[str]:
    return {path.name for path in (folder / "desks").iterdir()}


def test_every_own_desk_has_a_key_of_its_own_for_each_month(desks: Desks, tmp_path: Path) -> None:
    desks.turn(DOCUMENT, today=DECEMBER)
    desks.turn(DOCUMENT, today=DECEMBER + timedelta(days=30))
    first = desks.card(DOCUMENT, today=DECEMBER)
    desks.turn(DOCUMENT, today=JANUARY)
    second = desks.card(DOCUMENT, today=JANUARY)

    own = {desk.name for desk in DOCUMENT.desks if desk.member == OWN}
    assert set(first.keys) == set(second.keys) == own
    assert len({key.raw for card in (first, second) for key in card.keys.values()}) == 2 * len(own)
    assert len(files(tmp_path)) == 2 * len(own)
    assert all((tmp_path / "desks" / f).stat().st_mode & 0o077 == 0 for f in files(tmp_path))


def test_a_restart_finds_the_same_keys(desks: Desks, tmp_path: Path) -> None:
    desks.turn(DOCUMENT, today=DECEMBER)

    again = Desks(tmp_path, member=OWN, random=bytes)
    again.turn(DOCUMENT, today=DECEMBER)

    assert again.card(DOCUMENT, today=DECEMBER) == desks.card(DOCUMENT, today=DECEMBER)


def test_case_desks_open_with_every_seed_that_is_kept_and_policy_desks_with_none(
    desks: Desks,
) -> None:
    desks.turn(DOCUMENT, today=DECEMBER)
    desks.turn(DOCUMENT, today=JANUARY)
    old, new = (desks.card(DOCUMENT, today=day).keys[CASE].raw for day in (DECEMBER, JANUARY))

    def opening(day: date) -> list[bytes]:
        keys = desks.opening(DOCUMENT, day=day)
        assert set(keys) == {CASE}
        return [key.public.raw for key in keys[CASE]]

    assert opening(DECEMBER) == [old, new]
    assert opening(JANUARY) == [new, old]


def test_seeds_are_destroyed_35_days_after_their_month(desks: Desks, tmp_path: Path) -> None:
    desks.turn(DOCUMENT, today=DECEMBER)
    desks.turn(DOCUMENT, today=JANUARY)
    before = files(tmp_path)
    gone = date(2027, 1, 1) + timedelta(days=35)

    assert desks.destroy(today=gone - timedelta(days=1)) == 0
    assert files(tmp_path) == before
    assert desks.destroy(today=gone) == len(before) // 2

    assert all("2027-01" in name for name in files(tmp_path))
    assert len(desks.opening(DOCUMENT, day=gone)[CASE]) == 1


def test_files_that_are_no_seeds_are_let_be(desks: Desks, tmp_path: Path) -> None:
    desks.turn(DOCUMENT, today=DECEMBER)
    for name in ("notes.seed", "x.2020-1.seed", ".maatwerk.2020-01.seed.part"):
        (tmp_path / "desks" / name).write_bytes(b"")

    desks.destroy(today=date(2030, 1, 1))

    assert files(tmp_path) == {"notes.seed", "x.2020-1.seed", ".maatwerk.2020-01.seed.part"}


def test_a_seed_that_others_can_read_is_refused(tmp_path: Path, desks: Desks) -> None:
    desks.turn(DOCUMENT, today=DECEMBER)
    for name in files(tmp_path):
        (tmp_path / "desks" / name).chmod(0o644)

    with pytest.raises(ConfigurationError, match="chmod 600"):
        desks.card(DOCUMENT, today=DECEMBER)


def test_a_card_survives_its_encoding(desks: Desks) -> None:
    desks.turn(DOCUMENT, today=DECEMBER)
    card = desks.card(DOCUMENT, today=DECEMBER)

    assert DeskCard.decode(card.encode()) == card


def test_what_is_no_card_is_refused(desks: Desks) -> None:
    desks.turn(DOCUMENT, today=DECEMBER)
    key = desks.card(DOCUMENT, today=DECEMBER).keys[CASE].raw

    for raw in (
        b"",
        b"\0",
        enc("2026-12", CASE),
        enc("2026-12", CASE, key[1:]),
        enc("2026-12", CASE, bytes(1216)),
        enc("2026-12", CASE, key, CASE, key),
        enc("2026-12", "szw/z", key, "szw/a", key),
        enc("2026-12", b"\xff", key),
        enc("2026-1", CASE, key),
        enc("2026-13", CASE, key),
        enc("9999-12", CASE, key),
        enc(b"\xff", CASE, key),
    ):
        with pytest.raises(MalformedError):
            DeskCard.decode(raw)


def test_a_card_is_used_in_its_month_and_its_neighbours() -> None:
    card = DeskCard("2026-12", {})

    assert [
        card.is_usable(day)
        for day in (
            date(2026, 10, 31),
            date(2026, 11, 1),
            date(2026, 12, 31),
            date(2027, 1, 31),
            date(2027, 2, 1),
        )
    ] == [False, True, True, True, False]
    assert month_after("2026-12") == "2027-01"


def test_keys_of_another_members_desk_are_refused(desks: Desks) -> None:
    desks.turn(DOCUMENT, today=DECEMBER)
    card = desks.card(DOCUMENT, today=DECEMBER)

    card.verify_owner(OWN)
    with pytest.raises(MalformedError, match="another member's"):
        card.verify_owner("uwv")
