"""Trials: one element for each epoch, and holders that evaluate alike or are refused."""

from dataclasses import replace

import pytest

from ledger.dleq import Proof
from ledger.errors import VerificationError
from ledger.generation.trial import Trial, trial_element, try_share, verify_trials
from ledger.group import generator_times
from ledger.suite import Mode, hash_to_group
from ledger.threshold import SharedGroup, split
from tests.support.epochs import deal
from tests.support.generating import scalar
from tests.support.parties import make_consortium

ORIGIN = "signaalketen.test/x"
EPOCH = deal(make_consortium()).document
ELEMENT = trial_element(ORIGIN, EPOCH)
SHARES = split([scalar("a", 0), scalar("a", 1)], holders=3)
GROUP = SharedGroup(2, {at: generator_times(share) for at, share in SHARES.items()})
TRIALS = {at: try_share(share, ELEMENT, r=scalar("r", at)) for at, share in SHARES.items()}


def test_every_ledger_and_epoch_has_an_element_of_its_own() -> None:
    others = {
        trial_element("other.test/x", EPOCH),
        trial_element(ORIGIN, replace(EPOCH, number=2)),
        trial_element(ORIGIN, deal(make_consortium(), seed=2).document),
        # What the function itself would make of the same bytes.
        hash_to_group(EPOCH.encode().encode(), mode=Mode.VOPRF),
    }

    assert len(others | {ELEMENT}) == 5


def test_a_trial_holds_for_its_share_and_element_only() -> None:
    TRIALS[1].verify(ELEMENT, public=GROUP.publics[1])

    with pytest.raises(VerificationError):
        TRIALS[1].verify(ELEMENT, public=GROUP.publics[2])
    with pytest.raises(VerificationError):
        TRIALS[1].verify(trial_element("other.test/x", EPOCH), public=GROUP.publics[1])


def test_sets_of_holders_that_evaluate_differently_are_noticed() -> None:
    verify_trials([GROUP], [TRIALS])
    proof: Proof = TRIALS[3].proof
    wrong = TRIALS | {3: Trial(proof, ELEMENT)}

    with pytest.raises(VerificationError, match="differently"):
        verify_trials([GROUP], [wrong])
