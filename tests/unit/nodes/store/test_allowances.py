"""What authors may post beyond their quotas, after a restart and after an update."""

from contextlib import closing

from nodes.store.database import Database
from tests.support.chain import make_entry
from tests.support.databases import Follower
from tests.support.epochs import deal, opening


def grow(database: Database) -> Follower:
    """Return a replica on which signals stand, were erased, and were posted beyond the quota."""
    follower = Follower(database)
    chain = follower.chain
    chain.apply(opening(chain.consortium, deal(chain.consortium, 1).document))
    chain.fill(9)
    chain.apply(make_entry(chain.consortium, "svb", "erasure", "2\n"))
    chain.amend(lambda draft: draft["quota"].update(signal=3))
    follower.catch_up()
    chain.apply(opening(chain.consortium, deal(chain.consortium, 2, replaces=1).document))
    chain.post("uwv")
    follower.catch_up()
    return follower


def test_a_node_that_starts_again_knows_what_stands_and_what_is_left(database: Database) -> None:
    follower = grow(database)

    allowances = follower.restarted().allowances
    assert allowances == follower.chain.state.allowances
    assert allowances.standing == {"svb": 1, "szw": 3, "uwv": 4}
    assert allowances.left["uwv", "signal"] == 2
    assert allowances.left["svb", "erasure"] == 1


_CASEWORK = ("pair", "pair_event", "work", "parked", "absence", "notice")


def test_a_database_from_before_is_counted_through(database: Database) -> None:
    follower = Follower(database)
    follower.chain.fill(7)
    for at, count in enumerate((1, 2)):
        raw = make_entry(follower.chain.consortium, "uwv", "erasure", f"{count}\n", number=at)
        follower.chain.apply(raw)
    follower.catch_up()
    with database.begin() as connection:
        for undo in (
            "DROP TABLE allowance",
            "DROP TABLE anew",
            "DROP TABLE log_record",
            "DROP TABLE logged_hours",
            "DROP TABLE outgoing",
            "DROP TABLE sent",
            "DROP TABLE desk_card",
            "DROP TABLE heard_item",
            "DROP TABLE heard",
            "DROP TABLE incoming",
            *(f"DROP TABLE {name}" for name in _CASEWORK),
            "ALTER TABLE signal DROP COLUMN place",
            "UPDATE alembic_version SET version_num = '0002'",
        ):
            connection.exec_driver_sql(undo)

    with closing(Database(database.path)) as updated:
        follower.database = updated

        assert follower.restarted().allowances == follower.chain.state.allowances
        assert follower.restarted().allowances.standing == {"svb": 2, "szw": 3, "uwv": -1}
