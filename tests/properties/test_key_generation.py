"""Laws of a generated key: admissible holders evaluate as the whole key; no flipped bit helps."""

from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.dleq import prove, verify_proof
from ledger.errors import MisbehaviourError
from ledger.group import generator_times, hash_to_point, sum_scalars
from ledger.threshold import SharedGroup, combine, public_key
from tests.support.generating import Run, scalar

groups = st.tuples(st.integers(1, 3), st.integers(0, 2), st.integers(1, 2**31)).map(
    lambda drawn: Run(threshold=drawn[0], size=drawn[0] + drawn[1], seed=drawn[2])
)


@settings(max_examples=12)
@given(
    runs=st.lists(groups, min_size=1, max_size=2),
    uniform=st.binary(min_size=64, max_size=64).filter(any),
)
def test_every_admissible_set_of_holders_evaluates_as_the_whole_key_would(
    runs: list[Run], uniform: bytes
) -> None:
    element = hash_to_point(uniform)
    shares = [[run.accept(me).share for me in range(1, run.size + 1)] for run in runs]
    secrets = [run.secrets(at).coefficients[0] for run in runs for at in range(1, run.size + 1)]
    shared = [
        SharedGroup(run.threshold, {at: generator_times(one) for at, one in enumerate(of, start=1)})
        for run, of in zip(runs, shares, strict=True)
    ]
    key = sum_scalars(secrets)

    choices = [list(combinations(range(1, run.size + 1), run.threshold)) for run in runs]
    for choice in product(*choices):
        evaluations = []
        for group, of, indexes in zip(shared, shares, choice, strict=True):
            given_ones = {}
            for at in indexes:
                evaluated = element.times(of[at - 1])
                proof = prove(of[at - 1], blinded=[element], evaluated=[evaluated], r=scalar("r"))
                verify_proof(
                    proof, public=group.publics[at], blinded=[element], evaluated=[evaluated]
                )
                given_ones[at] = evaluated
            evaluations.append(given_ones)

        assert combine(shared, evaluations) == element.times(key)
    assert public_key(shared) == generator_times(key)


SENT = Run().sent[1]


@given(at=st.integers(0, len(SENT) - 1), bit=st.integers(0, 7))
def test_a_bit_flipped_in_what_a_participant_sent_is_noticed_and_blamed_on_it(
    at: int, bit: int
) -> None:
    run = Run()
    changed = bytearray(SENT)
    changed[at] ^= 1 << bit
    run.sent[1] = bytes(changed)

    noticed = []
    for me in (1, 2, 3):
        try:
            run.accept(me)
        except MisbehaviourError as blame:
            noticed.append(blame.participant)

    assert noticed
    assert set(noticed) == {2}


def test_what_one_participant_says_in_the_place_of_another_is_blamed_on_that_place() -> None:
    run = Run()
    run.sent[0], run.sent[1] = run.sent[1], run.sent[0]

    with pytest.raises(MisbehaviourError) as caught:
        run.accept(3)

    assert caught.value.reason == "ciphertext"
