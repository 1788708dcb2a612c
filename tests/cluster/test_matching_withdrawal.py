"""What an agency withdraws is gone everywhere, whatever stood in the way; nobody else loses any."""

from collections.abc import Iterator

import pytest

from ledger.block import Block
from nodes.errors import ConflictError, GoneError, NotFoundError
from nodes.peers.port import ITEMS, PUSH
from nodes.store.tables import DisclosureRow, WatchRow
from tests.support.agencies import PURPOSE, Agencies, Placed, meeting, verify_pair
from tests.support.consortium import url_of

WATCHED = 2 * 16
"""A person is watched for under the locators of two other issuers in one epoch."""


@pytest.fixture(scope="module")
def agencies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    with meeting(tmp_path_factory.mktemp("agencies")) as agencies:
        yield agencies


def content_holder(agencies: Agencies, placed: Placed) -> str:
    """Return the custodian whose stored-line is on the block of a signal."""
    block = Block.decode(agencies.cluster.blocks("bzk")[placed.height])
    return block.signed.lines[1].name.rpartition("/")[2]


def holds_content(agencies: Agencies, name: str, placed: Placed) -> bool:
    node = agencies.cluster[name]
    with node.database.read() as connection:
        return node.custody.at_height(connection, placed.height) is not None


def was_told(agencies: Agencies, name: str, placed: Placed) -> bool:
    with agencies.cluster[name].database.read() as connection:
        return agencies.cluster[name].matches.is_erased(connection, placed.name, placed.height)


def is_a(message: bytes, operation: str) -> bool:
    """Tell whether a message between nodes asks for that operation."""
    return f"\n{operation}\n".encode() in message[:400]


def verify_nothing_is_left(agencies: Agencies, placed: Placed) -> None:
    """Check that the author's node keeps only that there was a signal.

    Raises:
        AssertionError: something of it is still there.
    """
    node = agencies.cluster[placed.name]
    with node.database.read() as connection:
        own = node.signals.get(connection, placed.local_id)
        assert own is not None
        assert (own.is_withdrawn, own.purpose, own.case_reference, own.fields) == (True, "", "", {})
        assert node.signals.body(connection, placed.local_id) == b""
        with pytest.raises(ValueError, match="not enough values"):
            node.signals.posting(connection, placed.local_id)
    with pytest.raises(GoneError):
        node.counter.signal(placed.local_id)


def test_a_withdrawn_signal_is_gone_at_its_author_its_custodian_and_where_it_matched(
    agencies: Agencies,
) -> None:
    async def story() -> None:
        person = agencies.person()
        before = agencies.rows("uwv", WatchRow), agencies.rows("uwv", DisclosureRow)
        ours, theirs = await agencies.post_answered(("uwv", person), ("svb", person))
        verify_pair(agencies, ours, theirs)
        custodian = content_holder(agencies, ours)
        assert holds_content(agencies, custodian, ours)
        assert agencies.rows("uwv", WatchRow) == before[0] + WATCHED

        await agencies.withdraw(ours)

        verify_nothing_is_left(agencies, ours)
        assert agencies.met(ours) == agencies.met(theirs) == set()
        assert agencies.standing(theirs).case_id is None
        assert not holds_content(agencies, custodian, ours)
        assert before == (agencies.rows("uwv", WatchRow), agencies.rows("uwv", DisclosureRow))
        presences = agencies.cluster["uwv"].locating._presences
        with agencies.cluster["uwv"].database.read() as connection:
            key = presences.key(digits=person.digits, purpose=PURPOSE, epoch=1)
            known = presences.at(connection, key)
        assert known is not None
        assert (known.digits, known.y, known.signals, known.used.bit_count()) == ("", b"", (), 1)

        again = (await agencies.post_answered(("uwv", person)))[0]
        assert agencies.met(again) == {("svb", theirs.height)}
        assert agencies.met(theirs) == {("uwv", again.height)}

    agencies.run(story())


def test_withdrawing_one_of_two_signals_leaves_the_other_matched(agencies: Agencies) -> None:
    async def story() -> None:
        person = agencies.person()
        first, second, theirs = await agencies.post_answered(
            ("uwv", person), ("uwv", person), ("szw", person)
        )
        watched = agencies.rows("uwv", WatchRow)

        await agencies.withdraw(first)

        assert agencies.met(second) == {("szw", theirs.height)}
        assert agencies.met(theirs) == {("uwv", second.height)}
        assert agencies.rows("uwv", WatchRow) == watched
        case = await agencies.cluster["uwv"].cases.show(agencies.standing(second).case_id or "")
        assert case.own_local_ids == (second.local_id,)

    agencies.run(story())


def test_a_withdrawn_signal_is_named_in_no_answer_from_then_on(agencies: Agencies) -> None:
    async def story() -> None:
        person = agencies.person()
        (theirs,) = await agencies.post_answered(("svb", person))
        await agencies.cluster["svb"].withdrawal.withdraw(theirs.local_id)

        ours = await agencies.post("uwv", person)
        await agencies.cluster.until_answered()

        assert agencies.met(ours) == agencies.met(theirs) == set()

    agencies.run(story())


def test_a_signal_that_is_withdrawn_before_its_locate_is_placed_nowhere(
    agencies: Agencies,
) -> None:
    async def story() -> None:
        person = agencies.person()
        (theirs,) = await agencies.post_answered(("svb", person))
        await agencies.cluster.stop("bzk")
        ours = await agencies.post("uwv", person)
        await agencies.cluster.until(lambda: agencies.cluster["uwv"].locating.trouble is not None)
        await agencies.cluster["uwv"].withdrawal.withdraw(ours.local_id)

        agencies.cluster.start("bzk")
        await agencies.until_erased(ours)
        await agencies.cluster.until_answered()

        verify_nothing_is_left(agencies, ours)
        assert agencies.met(theirs) == set()
        located = agencies.heights("locate", author="uwv")[-1]
        assert located > ours.height
        concerned = {content_holder(agencies, ours)}
        assert {n for n in ("svb", "szw") if was_told(agencies, n, ours)} <= concerned

    agencies.run(story())


def test_frames_that_come_after_the_withdrawal_make_no_match(agencies: Agencies) -> None:
    async def story() -> None:
        person = agencies.person()
        (theirs,) = await agencies.post_answered(("svb", person))
        uwv = url_of("uwv")
        # No frame reaches UWV, neither brought nor fetched.
        agencies.cluster.wires.lose_requests = lambda sender, url, message: (
            (url == uwv and is_a(message, PUSH)) or (sender == uwv and is_a(message, ITEMS))
        )
        ours = await agencies.post("uwv", person)
        await agencies.cluster.until(lambda: bool(agencies.met(theirs)))

        await agencies.cluster["uwv"].withdrawal.withdraw(ours.local_id)
        agencies.cluster.wires.lose_requests = lambda *_: False
        await agencies.until_erased(ours)
        await agencies.cluster.until_answered()

        assert agencies.met(ours) == agencies.met(theirs) == set()
        assert was_told(agencies, "svb", ours)
        verify_nothing_is_left(agencies, ours)

    agencies.run(story())


def test_who_is_down_during_the_withdrawal_forgets_the_match_when_it_returned(
    agencies: Agencies,
) -> None:
    async def story() -> None:
        person = agencies.person()
        ours, theirs = await agencies.post_answered(("uwv", person), ("svb", person))
        await agencies.cluster.stop("svb")
        await agencies.cluster["uwv"].withdrawal.withdraw(ours.local_id)
        await agencies.cluster.restart("uwv")
        await agencies.until_erased(ours)

        agencies.cluster.start("svb")
        await agencies.cluster.until_answered()

        assert agencies.met(theirs) == set()
        assert agencies.standing(theirs).case_id is None

    agencies.run(story())


def test_only_an_own_signal_that_is_final_can_be_withdrawn(agencies: Agencies) -> None:
    async def story() -> None:
        withdrawal = agencies.cluster["uwv"].withdrawal
        (theirs,) = await agencies.post_answered(("svb", agencies.person()))
        for unknown in ("0" * 32, theirs.local_id):
            with pytest.raises(NotFoundError):
                await withdrawal.withdraw(unknown)

        await agencies.cluster.stop("svb", "szw")
        waiting = await agencies.post_only("uwv", agencies.person())
        with pytest.raises(ConflictError, match="not final"):
            await withdrawal.withdraw(waiting)

        agencies.cluster.start("svb", "szw")
        await agencies.cluster.until_final("uwv", waiting)
        await agencies.withdraw(agencies.placed("uwv", waiting))

    agencies.run(story())
