"""A member whose software was altered gains nothing by it, and stops nobody."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from ledger.locator import Placement, place
from ledger.parts import ERASURE_BYTES, encode_erasure, erasure_receivers
from tests.support.agencies import Agencies, Placed, meeting, verify_pair


@pytest.fixture(scope="module")
def agencies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    with meeting(tmp_path_factory.mktemp("agencies")) as agencies:
        yield agencies


@pytest.fixture(autouse=True)
def _honest_again(agencies: Agencies) -> Iterator[None]:
    honest = agencies.cluster["svb"].locating._placements
    yield
    agencies.cluster["svb"].locating._placements = honest  # type: ignore[method-assign]


async def erase(agencies: Agencies, name: str, contents: Sequence[bytes]) -> None:
    """Let a member send an erasure with those items, and wait until all have taken it up."""
    node = agencies.cluster[name]
    document = node.replica.document
    assert document is not None
    receivers = erasure_receivers(document, author=name)
    dispatch = node.courier.draft(
        "erasure",
        further="1\n",
        contents=contents,
        routes={receiver: [index] for index, receiver in enumerate(receivers)},
        subject="[]",
    )
    await node.writer.do(lambda connection: node.dispatches.add(connection, dispatch))
    node.courier.send(dispatch.signed.id)
    before = len(agencies.heights("erasure"))
    await agencies.cluster.until(lambda: len(agencies.heights("erasure")) > before)
    await agencies.cluster.until_answered()


def entry_id(agencies: Agencies, placed: Placed) -> Any:
    return agencies.cluster.signal(placed.name, placed.local_id).entry_id


def place_instead(agencies: Agencies, make: Any) -> None:
    """Let SVB place what `make` returns for a signal's entry id instead of the truth."""

    def placements(connection: object, one: Any, outputs: object) -> list[Placement]:
        return list(make(one.entry_id))

    agencies.cluster["svb"].locating._placements = placements  # type: ignore[method-assign]


def test_an_erasure_that_names_anothers_signal_erases_nothing(agencies: Agencies) -> None:
    async def story() -> None:
        person = agencies.person()
        uwv, szw = await agencies.post_answered(("uwv", person), ("szw", person))

        await erase(agencies, "svb", [encode_erasure([uwv.height])] * 3)

        verify_pair(agencies, uwv, szw)
        assert all(agencies.met(placed) for placed in (uwv, szw))
        bzk = agencies.cluster["bzk"]
        with bzk.database.read() as connection:
            assert bzk.custody.at_height(connection, uwv.height) is not None

    agencies.run(story())


def test_an_erasure_that_says_nothing_readable_stops_nobody(agencies: Agencies) -> None:
    async def story() -> None:
        await erase(agencies, "svb", [b"\xff" * ERASURE_BYTES] * 3)

        person = agencies.person()
        uwv, szw = await agencies.post_answered(("uwv", person), ("szw", person))
        verify_pair(agencies, uwv, szw)
        assert agencies.refusals("uwv")["void-erasure"] == 1

    agencies.run(story())


def test_an_item_copied_from_another_author_is_answered_noise(agencies: Agencies) -> None:
    async def story() -> None:
        person, another = agencies.person(), agencies.person()
        uwv, szw = await agencies.post_answered(("uwv", person), ("szw", person))
        y = agencies.pseudonym("uwv", person)
        copied = place(y, author="uwv", signal=entry_id(agencies, uwv), slot=3, desk=1)
        place_instead(agencies, lambda _: [copied])

        (theirs,) = await agencies.post_answered(("svb", another))

        assert agencies.met(theirs) == set()
        assert agencies.met(uwv) == {("szw", szw.height)}
        assert agencies.met(szw) == {("uwv", uwv.height)}

    agencies.run(story())


def test_a_card_copied_from_another_signal_is_answered_noise_and_counted(
    agencies: Agencies,
) -> None:
    async def story() -> None:
        person = agencies.person()
        uwv, theirs = await agencies.post_answered(("uwv", person), ("svb", person))
        y = agencies.pseudonym("svb", person)
        copied = place(y, author="svb", signal=entry_id(agencies, theirs), slot=5, desk=2)
        place_instead(agencies, lambda _: [copied])
        before = agencies.refusals("uwv")["false-card"], agencies.refusals("szw")["false-card"]

        (again,) = await agencies.post_answered(("svb", agencies.person()))

        assert agencies.met(again) == set()
        assert agencies.met(uwv) == {("svb", theirs.height)}
        after = agencies.refusals("uwv")["false-card"], agencies.refusals("szw")["false-card"]
        assert after == (before[0] + 1, before[1])

    agencies.run(story())


def test_an_item_under_the_locators_of_two_people_is_answered_noise_and_counted(
    agencies: Agencies,
) -> None:
    async def story() -> None:
        one, other = agencies.person(), agencies.person()
        # Together more than a slot holds.
        await agencies.post_together(*[("uwv", one)] * 9, *[("uwv", other)] * 8)
        await agencies.post_together(("svb", one), ("svb", other))
        both = [agencies.pseudonym("svb", bsn) for bsn in (one, other)]
        place_instead(
            agencies,
            lambda signal: [place(y, author="svb", signal=signal, slot=7, desk=2) for y in both],
        )
        before = agencies.refusals("uwv")["false-card"]

        (third,) = await agencies.post_answered(("svb", agencies.person()))

        assert agencies.met(third) == set()
        assert all(match.height != third.height for match in agencies.matches("uwv"))
        assert agencies.refusals("uwv")["false-card"] == before + 1

    agencies.run(story())
