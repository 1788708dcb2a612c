"""While somebody is down the others go on, say what waits for whom, and catch up afterwards."""

from collections.abc import Iterator

import pytest

from ledger.block import Block
from nodes import readiness
from nodes.peers.port import PUSH
from tests.support.agencies import Agencies, Placed, meeting, verify_pair
from tests.support.consortium import url_of


@pytest.fixture(scope="module")
def agencies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    with meeting(tmp_path_factory.mktemp("agencies")) as agencies:
        yield agencies


def lose_pushes(agencies: Agencies, *, to: set[str]) -> None:
    """Lose every push to the members `to`, until told otherwise."""
    urls = {url_of(name) for name in to}
    mark = f"\n{PUSH}\n".encode()
    agencies.cluster.wires.lose_requests = lambda _, url, message: (
        url in urls and mark in message[:400]
    )


def codes(agencies: Agencies, name: str) -> dict[str, bool]:
    """Return the reason codes of a node, and whether each is blocking."""
    found = readiness.reasons(agencies.cluster[name])
    return {reason.code: reason.is_blocking for reason in found}


async def until_only_awaiting(agencies: Agencies, placed: Placed, *silent: str) -> None:
    await agencies.cluster.until(lambda: agencies.standing(placed).unanswered == silent)


def test_who_is_down_has_not_answered_yet_and_is_matched_when_it_returned(
    agencies: Agencies,
) -> None:
    async def story() -> None:
        person = agencies.person()
        theirs = await agencies.post("svb", person)
        await agencies.cluster.until_answered()
        await agencies.cluster.stop("svb")

        ours = await agencies.post("uwv", person)
        await until_only_awaiting(agencies, ours, "svb")
        assert agencies.met(ours) == set()

        agencies.cluster.start("svb")
        await agencies.cluster.until_answered()
        verify_pair(agencies, ours, theirs)
        assert agencies.standing(ours).unanswered == ()
        assert agencies.standing(ours).case_id is not None

    agencies.run(story())


def test_a_receiver_that_no_push_reaches_fetches_items_and_frames(agencies: Agencies) -> None:
    async def story() -> None:
        known_to_szw, known_to_uwv = agencies.person(), agencies.person()
        early, other = await agencies.post_answered(("szw", known_to_szw), ("uwv", known_to_uwv))
        lose_pushes(agencies, to={"szw"})

        late = await agencies.post("uwv", known_to_szw)
        another = await agencies.post("szw", known_to_uwv)
        await agencies.cluster.until_answered()

        verify_pair(agencies, early, late)
        verify_pair(agencies, other, another)

    agencies.run(story())
    agencies.cluster.wires.lose_requests = lambda *_: False


def test_a_custodian_keeps_the_frames_for_an_author_that_is_down(agencies: Agencies) -> None:
    async def story() -> None:
        person = agencies.person()
        (theirs,) = await agencies.post_answered(("svb", person))
        # So that the answer is not there before UWV is down.
        lose_pushes(agencies, to={"uwv", "bzk", "szw"})
        ours = await agencies.post("uwv", person)
        await agencies.cluster.until(lambda: bool(agencies.met(theirs)))
        await agencies.cluster.stop("uwv")
        agencies.cluster.wires.lose_requests = lambda *_: False
        locate = agencies.heights("locate", author="uwv")[-1]
        await agencies.cluster.until(lambda: agencies.answers()[locate, "svb"] == 1)
        answer = agencies.heights("answer", author="svb")[-1]
        lines = Block.decode(agencies.cluster.blocks("bzk")[answer]).signed.lines
        assert [line.name.rpartition("/")[2] for line in lines] == ["svb", "bzk"]

        # Whoever answered is not there to be asked: the custodian alone has the frames.
        await agencies.cluster.stop("svb")
        agencies.cluster.start("uwv")
        await agencies.cluster.until(lambda: bool(agencies.met(ours)))

        agencies.cluster.start("svb")
        await agencies.cluster.until_answered()
        verify_pair(agencies, ours, theirs)

    agencies.run(story())


def test_one_key_holder_of_three_that_is_down_delays_nobody_else(agencies: Agencies) -> None:
    async def story() -> None:
        person = agencies.person()
        await agencies.cluster.stop("szw")

        ours = await agencies.post("uwv", person)
        theirs = await agencies.post("svb", person)
        await until_only_awaiting(agencies, ours, "szw")
        await until_only_awaiting(agencies, theirs, "szw")
        verify_pair(agencies, ours, theirs)
        assert codes(agencies, "uwv") == {}

        agencies.cluster.start("szw")
        await agencies.cluster.until_answered()
        assert agencies.standing(ours).unanswered == ()

    agencies.run(story())


def test_without_the_independent_holder_posting_goes_on_and_locating_says_that_it_waits(
    agencies: Agencies,
) -> None:
    async def story() -> None:
        person = agencies.person()
        await agencies.cluster.stop("bzk")

        ours = await agencies.post("uwv", person)
        theirs = await agencies.post("svb", person)
        await agencies.cluster.until(lambda: agencies.cluster["uwv"].locating.trouble is not None)
        assert "bzk" in (agencies.cluster["uwv"].locating.trouble or "")
        assert codes(agencies, "uwv") == {"locating-waits": False}
        assert agencies.standing(ours).unanswered == ("svb", "szw")

        agencies.cluster.start("bzk")
        await agencies.cluster.until_answered()
        verify_pair(agencies, ours, theirs)
        assert codes(agencies, "uwv") == {}

    agencies.run(story())


def test_a_locate_that_no_issuer_takes_waits_says_so_and_is_shown_to_nobody_else(
    agencies: Agencies,
) -> None:
    async def story() -> None:
        person = agencies.person()
        (theirs,) = await agencies.post_answered(("svb", person))
        lose_pushes(agencies, to={"svb", "szw"})

        ours = await agencies.post("uwv", person)
        await agencies.cluster.until(lambda: agencies.cluster["uwv"].courier.trouble is not None)
        assert codes(agencies, "uwv") == {"dispatch-waits": False}
        assert "locate" not in {signed.entry.kind for signed in agencies.custody("bzk")}

        agencies.cluster.wires.lose_requests = lambda *_: False
        await agencies.cluster.until_answered()
        verify_pair(agencies, ours, theirs)
        assert codes(agencies, "uwv") == {}

    agencies.run(story())
