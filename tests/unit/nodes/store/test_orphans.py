"""Own entries of which nothing is known, and what custodians give back of them."""

from ledger.encoding import Digest
from nodes.store.database import Database
from nodes.store.orphans import Orphans
from tests.support.databases import VAULT

ORPHANS = Orphans(VAULT)


def test_orphans_without_a_share_come_in_pages(database: Database) -> None:
    with database.begin() as connection:
        lost = [(height, Digest(bytes([height]) * 32)) for height in (3, 5, 8)]
        for height, entry_id in lost:
            ORPHANS.add(connection, height, entry_id)

        ORPHANS.adopt(connection, [(lost[1][1], b"share")])

        assert ORPHANS.bare(connection, after=-1, count=1) == [lost[0]]
        assert ORPHANS.bare(connection, after=3, count=9) == [lost[2]]
        assert ORPHANS.count(connection) == (3, 2)
