"""A member's own audit: what it holds beside the chain opens the commitments on it, or is named."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ledger.audit import Finding
from ledger.checkpoint import Checkpoint
from ledger.encoding import Digest
from ledger.entry import SignedEntry
from nodes.adapters import opened_holdings
from nodes.holdings import HeldCount
from nodes.store import matching
from nodes.store.custody import Held
from nodes.store.matching import Wanted
from tests.support.agencies import Agencies, Placed, meeting


@pytest.fixture(scope="module")
def agencies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    with meeting(tmp_path_factory.mktemp("agencies")) as agencies:
        yield agencies


@pytest.fixture(scope="module")
def placed(agencies: Agencies) -> list[Placed]:
    """Return signals that met, one that met none, and one that is withdrawn."""

    async def story() -> list[Placed]:
        person = agencies.person()
        placed = await agencies.post_answered(
            ("uwv", person), ("svb", person), ("szw", agencies.person()), ("uwv", person)
        )
        await agencies.withdraw(placed[-1])
        return placed

    return agencies.run(story())


def audited(
    agencies: Agencies, name: str, *, tip: Checkpoint | None = None, days: int = 0
) -> tuple[HeldCount, list[Finding]]:
    """Return what the own audit of a node counts and finds, so many days from now."""
    settings = agencies.cluster[name].settings
    count = HeldCount()
    with opened_holdings(settings) as holdings:
        findings = holdings.check(
            tip or agencies.cluster.final(name).checkpoint,
            today=agencies.cluster.clock.today() + timedelta(days=days),
            count=count,
            progress=lambda: None,
        )
        return count, list(findings)


def test_what_honest_members_hold_opens_the_commitments_on_the_chain(
    agencies: Agencies, placed: list[Placed]
) -> None:
    assert len(placed) == 4
    counts = {}
    for name in ("bzk", "uwv", "svb", "szw"):
        counts[name], findings = audited(agencies, name)
        assert findings == []

    # BZK keeps the contents of the three signals that stand; issuers have at least their own.
    assert counts["bzk"].others >= 3
    assert counts["bzk"].own == 0
    assert min(counts[name].own for name in ("svb", "szw", "uwv")) >= 1


def test_a_share_that_does_not_open_its_commitment_is_named(
    agencies: Agencies, placed: list[Placed]
) -> None:
    bzk, height = agencies.cluster["bzk"], placed[1].height
    with bzk.database.read() as connection:
        true, of_another = (
            bzk.custody.at_height(connection, one.height) for one in (placed[1], placed[0])
        )
    assert true is not None
    assert of_another is not None

    hold(agencies, height, of_another)
    _, findings = audited(agencies, "bzk")
    hold(agencies, height, true)

    assert [(f.height, f.reason) for f in findings] == [(height, "held")]
    assert "svb's signal" in findings[0].detail
    assert audited(agencies, "bzk")[1] == []


def hold(agencies: Agencies, height: int, share: bytes) -> None:
    """Let BZK hold these bytes as its share of the signal at `height`."""
    bzk = agencies.cluster["bzk"]
    signed: SignedEntry = next(
        signed for signed in agencies.custody("bzk") if signed.id == entry_id(agencies, height)
    )
    with bzk.database.begin() as connection:
        bzk.custody.drop(connection, signed.id)
        bzk.custody.hold(connection, [Held(signed, share)])
        bzk.custody.place(connection, [(height, signed.id)])


def entry_id(agencies: Agencies, height: int) -> Digest:
    blocks = agencies.cluster.blocks("bzk")
    return SignedEntry.decode(blocks[height].partition(b"\n\n")[2]).id


def test_items_that_were_not_to_be_had_for_a_day_are_a_finding_against_their_author(
    agencies: Agencies, placed: list[Placed]
) -> None:
    szw, height = agencies.cluster["szw"], placed[0].height
    wanted = Wanted(
        height, entry_id(agencies, height), "uwv", "locate", agencies.cluster.clock.today()
    )
    with szw.database.begin() as connection:
        matching.want(connection, wanted)

    found = [audited(agencies, "szw", days=days)[1] for days in (0, 1, 2)]

    with szw.database.begin() as connection:
        matching.got(connection, height)
    assert found[:2] == [[], []]
    assert [(f.height, f.reason) for f in found[2]] == [(height, "missing")]
    assert "uwv owes this member items of its locate" in found[2][0].detail


def test_nothing_is_compared_with_another_chain_or_a_longer_one(
    agencies: Agencies, placed: list[Placed]
) -> None:
    assert placed
    tip = agencies.cluster.final("uwv").checkpoint
    other = Checkpoint(tip.origin, tip.size, Digest(bytes(32)))
    longer = Checkpoint(tip.origin, tip.size + 1_000, tip.root)

    for false in (other, longer):
        count, findings = audited(agencies, "uwv", tip=false)
        assert [f.reason for f in findings] == ["own-chain"]
        assert count == HeldCount()
