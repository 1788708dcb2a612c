"""Looking into nodes' databases: what is still to come is seen, wherever it stands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import settling
from bench.errors import BenchError
from bench.settling import Looks, looks_into
from nodes.store import chain, matching
from nodes.store.database import Database


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[dict[str, Database]]:
    found = {name: Database(tmp_path / f"{name}.db") for name in ("uwv", "svb")}
    yield found
    for database in found.values():
        database.close()


@pytest.fixture
def looks(databases: dict[str, Database]) -> Iterator[Looks]:
    with looks_into((name, database.path) for name, database in databases.items()) as found:
        yield found


def test_nothing_is_to_come_in_databases_that_are_empty(looks: Looks) -> None:
    looks.settle()

    assert looks.to_come() == {}


def test_what_one_node_awaits_is_to_come(databases: dict[str, Database], looks: Looks) -> None:
    with databases["svb"].begin() as connection:
        matching.await_answers(connection, 7, ["uwv", "szw"])

    assert list(looks.to_come().values()) == [2]


def test_a_node_whose_effects_are_behind_has_something_to_come(
    databases: dict[str, Database], looks: Looks
) -> None:
    with databases["uwv"].begin() as connection:
        chain.move_cursor(connection, "effects", 3)

    assert looks.to_come() == {"blocks apart": 3}


def test_waiting_for_what_never_comes_ends(
    databases: dict[str, Database], looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "_SETTLE_WITHIN_SECONDS", 0)
    with databases["svb"].begin() as connection:
        matching.await_answers(connection, 7, ["uwv"])

    with pytest.raises(BenchError, match="unopened"):
        looks.settle()


def test_looking_changes_nothing(looks: Looks) -> None:
    with pytest.raises(Exception, match="readonly"):
        looks.ask("uwv", "DELETE FROM block RETURNING 1")
