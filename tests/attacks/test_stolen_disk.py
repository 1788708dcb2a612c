"""A thief takes SVB's disk while its node is down: database, log and free pages, but not its keys.

It knows SQL, the public chain, and every BSN. It wants to know who is known where, and as a first
step which rows are about one person.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import combinations, islice
from pathlib import Path
from random import Random

import pytest

from ledger.bsn import synthetic_numbers
from ledger.voprf import person_input
from tests.support.chain import PURPOSE
from tests.support.observing import ISSUERS, TappedWorld
from tests.support.scan import Scanner
from tests.support.simulation.order import pseudonym

VICTIM = "svb"
PEOPLE = tuple(islice(synthetic_numbers(), 12))
ABOUT_PEOPLE = ("presence", "watch", "match", "match_index", "case_file")
_WINDOW = 8


@pytest.fixture(scope="module")
def world() -> TappedWorld:
    """Return a consortium that has met about twelve people, and withdrawn a few signals."""
    random = Random(9)
    world = TappedWorld(seed=9)
    for number in range(60):
        world.post(random.choice(ISSUERS), random.choice(PEOPLE), PURPOSE)
        if number % 6 == 0:
            world.settle()
    assert world.settle()
    for local_id in sorted(world.posted)[::9]:
        world.withdraw(world.posted[local_id].author, local_id)
    assert world.settle()
    return world


@pytest.fixture
def disk(world: TappedWorld) -> bytes:
    """Return every byte of the database."""
    return world.parties[VICTIM].database.raw.serialize()


@pytest.fixture
def stolen(disk: bytes, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Yield the thief's own copy, as SQL reads it."""
    copy = tmp_path / "stolen.db"
    copy.write_bytes(disk)
    with closing(sqlite3.connect(copy)) as connection:
        yield connection


def cells(stolen: sqlite3.Connection, table: str) -> Iterator[bytes]:
    """Yield every value in a table."""
    for row in stolen.execute(f'SELECT * FROM "{table}"'):
        yield from (v if isinstance(v, bytes) else str(v).encode() for v in row)


def windows(stolen: sqlite3.Connection, table: str) -> set[bytes]:
    """Return every piece of eight bytes of a table's values: two equal ones are no chance."""
    return {
        cell[at : at + _WINDOW]
        for cell in cells(stolen, table)
        for at in range(len(cell) - _WINDOW + 1)
    }


def tables(stolen: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    return sorted(name for (name,) in stolen.execute(query))


def test_a_stolen_disk_with_the_node_down_joins_none_of_its_tables_about_people(
    stolen: sqlite3.Connection,
) -> None:
    found = {name: windows(stolen, name) for name in tables(stolen)}

    assert all(found[name] for name in ABOUT_PEOPLE)
    joined = [
        {one, other}
        for one, other in combinations(found, 2)
        if not found[one].isdisjoint(found[other]) and {one, other} & set(ABOUT_PEOPLE)
    ]
    assert joined == []


def test_no_two_rows_of_one_table_of_a_stolen_disk_share_a_value(
    stolen: sqlite3.Connection,
) -> None:
    for table in ABOUT_PEOPLE:
        values = list(cells(stolen, table))

        assert len(values) == len(set(values)), table


def test_rows_of_a_stolen_disk_lie_in_no_order_of_time(stolen: sqlite3.Connection) -> None:
    for table in ABOUT_PEOPLE:
        keys = [key for (key,) in stolen.execute(f'SELECT key FROM "{table}"')]

        assert keys == sorted(keys), table
        with pytest.raises(sqlite3.OperationalError, match="rowid"):
            stolen.execute(f'SELECT rowid FROM "{table}"')


def test_a_stolen_disk_shows_no_person_pseudonym_or_locator(
    world: TappedWorld, disk: bytes
) -> None:
    secrets = [pseudonym(person_input(person), PURPOSE, 1)[:16] for person in PEOPLE]
    for shares in world.pushed.values():
        share = shares.get(VICTIM)
        items = () if share is None else share.items
        secrets += [item.content[:16] for item in items if len(item.content) == 80]

    assert len(secrets) > 30
    assert [secret for secret in secrets if secret in disk] == []
    assert Scanner(PEOPLE).text(disk) == []


def test_a_thief_learns_how_many_there_are_and_which_own_signals_were_withdrawn(
    world: TappedWorld, stolen: sqlite3.Connection
) -> None:
    """What it gains: counts, by number and size of boxes, and the victim's own withdrawals."""
    sizes = sorted(len(box) for (box,) in stolen.execute("SELECT box FROM presence"))
    told = stolen.execute("SELECT key FROM erased").fetchall()
    withdrawn = {
        height for (height,) in stolen.execute("SELECT height FROM signal WHERE withdrawn")
    }

    assert sizes[0] < sizes[-1]
    assert len(told) > 0
    own = [i for i in world.withdrawn if world.posted[i].author == VICTIM]
    assert len(withdrawn) == len(own) > 0


def test_the_thief_would_find_what_joins_two_tables(stolen: sqlite3.Connection) -> None:
    (key,) = stolen.execute("SELECT key FROM presence LIMIT 1").fetchone()
    stolen.execute("UPDATE watch SET box = ? WHERE key = (SELECT min(key) FROM watch)", (key,))

    assert not windows(stolen, "watch").isdisjoint(windows(stolen, "presence"))
