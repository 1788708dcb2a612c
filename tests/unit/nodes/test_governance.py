"""Governance entries handed in at a node: what is taken, what changes nothing, what is refused."""

from pathlib import Path

import pytest

from ledger.entry import SignedEntry
from nodes.errors import InputError
from nodes.introduction import member_document, member_entry
from nodes.sequencer.cometbft.machine import Engine
from tests.support.bench import Bench, card_of, run
from tests.support.consortium import Founded, found

PLACE = f"{'ab' * 20}@svb.test:26656"


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def entry_of(bench: Bench, *, version: int = 2, peer: str = PLACE) -> bytes:
    """Return SVB's entry, brought to UWV's operator."""
    ring = bench.founded.keyring("svb")
    stated = member_document(
        ring, version=version, url="http://svb.test", engine=Engine(None, peer)
    )
    return member_entry(ring, stated, day=bench.clock.today()).encode()


def test_a_members_own_entry_is_handed_in_at_another_and_a_second_time_changes_nothing(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            raw, before = entry_of(bench), len(bench.order.submissions)

            once = await bench.node.governance.submit(raw)
            await bench.catch_up()
            again = await bench.node.governance.submit(raw)

            assert once == again
            assert bench.order.submissions[before:] == [(raw,)]
            assert bench.node.replica.state.cards["svb"].engine_peer == PLACE

    run(scenario())


def test_what_the_newest_entry_says_already_is_not_said_again_under_a_later_date(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            before = len(bench.order.submissions)
            bench.clock.turn(days=1)

            await bench.node.governance.submit(
                card_of(founded.keyring("svb"), day=bench.clock.today())
            )

            assert len(bench.order.submissions) == before

    run(scenario())


@pytest.mark.parametrize(
    ("version", "peer", "why"),
    [
        pytest.param(2, "svb.test:26656", "engine_peer is not", id="no id"),
        pytest.param(2, f"{'ab' * 20}@svb.test:99999", "engine_peer is not", id="no port"),
        pytest.param(3, PLACE, "expected version 2", id="version left out"),
        pytest.param(1, PLACE, "expected version 2", id="version from before"),
    ],
)
def test_an_entry_that_would_be_skipped_is_refused_with_the_reason(
    founded: Founded, version: int, peer: str, why: str
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            before = len(bench.order.submissions)

            with pytest.raises(InputError, match=why):
                await bench.node.governance.submit(entry_of(bench, version=version, peer=peer))

            assert len(bench.order.submissions) == before

    run(scenario())


def test_nobody_hands_in_what_a_member_did_not_sign(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            entry = SignedEntry.decode(entry_of(bench)).entry
            forged = SignedEntry.of(entry, (founded.keyring("bzk").entry.sign(entry.encode()),))

            with pytest.raises(InputError, match="signature"):
                await bench.node.governance.submit(forged.encode())

    run(scenario())


def test_signals_are_not_handed_in_there(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            with pytest.raises(InputError, match="consortium, epoch, member"):
                await bench.node.governance.submit(bench.signal())

    run(scenario())
