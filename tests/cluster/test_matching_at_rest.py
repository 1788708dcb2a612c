"""What lies on the disks: nobody's number anywhere, and others' locators at nobody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.body import Share
from ledger.entry import SignedEntry
from ledger.locator import LocateItem
from ledger.pseudonym import LOCATOR_BYTES
from nodes.peers.message import PeerMessage
from nodes.peers.port import EVALUATE, PUSH
from nodes.peers.sealed import open_fields
from nodes.store import tables
from nodes.store.matching import located_at
from tests.support.agencies import Agencies, is_a, meeting, verify_pair
from tests.support.consortium import ORIGIN, url_of
from tests.support.scan import Scanner

WATCHED = 2 * 16
FILLED = {
    "uwv": (
        tables.PresenceRow,
        tables.WatchRow,
        tables.MatchRow,
        tables.MatchIndexRow,
        tables.CaseRow,
        tables.LocatedRow,
        tables.DispatchRow,
        tables.UnopenedRow,
        tables.PlacingRow,
    ),
    "szw": (tables.PresenceRow, tables.WatchRow, tables.ErasedRow, tables.OwedAnswerRow),
}
"""Tables that hold something when the scan comes, at two nodes."""


@pytest.fixture(scope="module")
def agencies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    with meeting(tmp_path_factory.mktemp("agencies")) as agencies:
        yield agencies


def spy_on_locators(agencies: Agencies, *, to: str) -> set[bytes]:
    """Return a set that fills with the locators in every push to a member, as it opens them."""
    caught: set[bytes] = set()
    node = agencies.cluster[to]

    def look(sender: str, url: str, message: bytes) -> bool:
        if url == url_of(to) and is_a(message, PUSH):
            document = node.replica.document
            assert document is not None
            request = PeerMessage.decode(message, document)
            fields = open_fields(
                request.payload,
                key=node.keyring.sealing,
                origin=ORIGIN,
                operation=PUSH,
                sender=request.sender,
            )
            for note, share in zip(fields[::2], fields[1::2], strict=True):
                caught.update(locators(note, share))
        return False

    agencies.cluster.wires.lose_requests = look
    return caught


def locators(note: bytes, share: bytes) -> Iterator[bytes]:
    """Yield the locators in a share of a `locate`."""
    if SignedEntry.decode(note).entry.kind == "locate":
        for item in Share.decode(share).items:
            for placement in LocateItem.decode(item.content).placements:
                yield placement.locator


def files_of(agencies: Agencies, name: str) -> list[Path]:
    folder = agencies.cluster.founded.root / name
    return [path for path in folder.rglob("*") if path.is_file()]


def test_an_issuer_that_did_not_post_about_a_person_keeps_a_digest_and_a_height_only(
    agencies: Agencies,
) -> None:
    async def story() -> None:
        own = (await agencies.post_answered(("szw", agencies.person())))[0]
        before = agencies.rows("szw", tables.PresenceRow), agencies.rows("szw", tables.WatchRow)
        caught = spy_on_locators(agencies, to="szw")
        person = agencies.person()

        ours, theirs = await agencies.post_answered(("uwv", person), ("svb", person))

        verify_pair(agencies, ours, theirs)
        after = agencies.rows("szw", tables.PresenceRow), agencies.rows("szw", tables.WatchRow)
        assert before == after == (1, WATCHED)
        assert len(caught) >= 4
        assert {len(locator) for locator in caught} == {LOCATOR_BYTES}
        assert agencies.custody("szw") == []
        for table in (tables.FrameRow, tables.WantedRow, tables.MatchRow, tables.ErasedRow):
            assert agencies.rows("szw", table) == 0
        for path in files_of(agencies, "szw"):
            raw = path.read_bytes()
            assert not any(locator in raw for locator in caught), path.name
        with agencies.cluster["szw"].database.read() as connection:
            assert located_at(connection, ours.height) is not None
        assert agencies.met(own) == set()

    agencies.run(story())
    agencies.cluster.wires.lose_requests = lambda *_: False


def test_no_number_of_anybody_stands_in_any_file_of_any_node_while_matching_is_under_way(
    agencies: Agencies,
) -> None:
    async def story() -> None:
        people = [agencies.person() for _ in range(6)]
        placed = await agencies.post_together(
            *((name, bsn) for bsn in people for name in ("uwv", "svb", "szw"))
        )
        await agencies.withdraw(placed[0])
        # Something of every kind waits while the scan goes over it.
        await agencies.cluster.stop("svb")
        ours = await agencies.post("uwv", people[0])
        await agencies.cluster.until(lambda: agencies.standing(ours).unanswered == ("svb",))
        agencies.cluster.wires.lose_requests = lambda _, __, message: is_a(message, EVALUATE)
        await agencies.post("uwv", people[1])
        await agencies.cluster.until(lambda: agencies.cluster["uwv"].locating.trouble is not None)

        for name, filled in FILLED.items():
            assert [t for t in filled if not agencies.rows(name, t)] == [], name
        assert len(files_of(agencies, "uwv")) > 3
        assert Scanner(people).folder(agencies.cluster.founded.root) == []

        agencies.cluster.wires.lose_requests = lambda *_: False
        agencies.cluster.start("svb")
        await agencies.cluster.until_answered()

    agencies.run(story())


def test_every_table_of_matching_is_without_row_ids_where_its_order_would_tell(
    agencies: Agencies,
) -> None:
    with agencies.cluster["uwv"].database.read() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master").all()
    made = {row.name: str(row.sql) for row in rows}

    for name in ("presence", "watch", "match", "match_index", "case_file", "new_match", "erased"):
        assert "WITHOUT ROWID" in made[name], name
