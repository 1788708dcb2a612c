"""A member says that a share is lost, which is not, in order to post beyond its quota."""

from pathlib import Path

import pytest

from ledger.errors import RefusedError, VerificationError
from ledger.generation.statement import Step
from nodes.store.database import Database
from tests.support.chain import PURPOSE, ChainBuilder
from tests.support.epochs import deal, opening
from tests.support.participants import LEADER, Participants
from tests.support.refusing import refusal

QUOTA = 3
STANDING = 4


@pytest.fixture
def chain() -> ChainBuilder:
    """Return a chain with epoch 1 open, on which four signals of UWV's use up its quota."""
    chain = ChainBuilder()
    chain.apply(opening(chain.consortium, deal(chain.consortium, 1).document))
    for _ in range(STANDING):
        chain.post("uwv")
    chain.amend(lambda draft: draft["quota"].update(signal=QUOTA))
    return chain


def post_until_refused(chain: ChainBuilder) -> int:
    before, reason = chain.state.height, None
    while reason is None:
        try:
            chain.post("uwv")
        except RefusedError as refused:
            reason = refused.reason
    assert reason == "over-quota"
    return chain.state.height - before


@pytest.mark.parametrize("without", ["bzk", "svb", "uwv"])
def test_beyond_quota_by_claiming_a_lost_share_is_refused_where_one_holder_did_not_sign(
    chain: ChainBuilder, without: str
) -> None:
    document = deal(chain.consortium, 2, replaces=1).document
    signers = tuple(name for name in ("bzk", "svb", "uwv") if name != without)

    assert refusal(chain.state, opening(chain.consortium, document, by=signers)) == "approval"
    assert post_until_refused(chain) == 0


def test_beyond_quota_by_claiming_a_lost_share_no_honest_holder_takes_part_without_its_operator(
    database: Database, tmp_path: Path
) -> None:
    holders = Participants(database, tmp_path)
    holders.follower.apply(opening(holders.consortium, deal(holders.consortium, 1).document))
    plan = holders.plan(number=2, replaces=1)

    for name, participant in holders.of.items():
        with pytest.raises(VerificationError, match="operator has not agreed"):
            participant.take(plan, Step.KEY, [], sender=LEADER)
        holders.agreements[name].agree(PURPOSE, 1)
        assert participant.take(plan, Step.KEY, [], sender=LEADER)


def test_beyond_quota_by_a_replacement_that_all_agreed_to_a_member_posts_what_stands_once(
    chain: ChainBuilder,
) -> None:
    """What it gains: as many signals about other people as stand of its own, in public."""
    document = deal(chain.consortium, 2, replaces=1).document
    chain.apply(opening(chain.consortium, document))

    assert post_until_refused(chain) == STANDING
    again = deal(chain.consortium, 3, seed=2, replaces=1).document
    assert refusal(chain.state, opening(chain.consortium, again)) == "epoch"
    assert post_until_refused(chain) == 0
