"""A key generation among honest participants, and each lie that is noticed, with who told it."""

from dataclasses import replace
from itertools import combinations

import pytest

from ledger.dkg.rounds import certify, contribute, read, verify_certificate
from ledger.dkg.session import Session
from ledger.errors import MalformedError, MisbehaviourError
from ledger.group import ORDER, Point, Scalar, generator_times, sum_points, sum_scalars
from ledger.threshold import SharedGroup, interpolate
from tests.support.generating import Lie, Run, committing_to, garbling, scalar, telling


@pytest.mark.parametrize(("threshold", "size"), [(1, 1), (1, 2), (2, 2), (2, 3), (3, 5)])
def test_all_accept_one_key_that_only_a_threshold_of_them_has(threshold: int, size: int) -> None:
    run = Run(threshold, size)
    accepted = {at: run.accept(at) for at in range(1, size + 1)}

    key = sum_scalars([run.secrets(at).coefficients[0] for at in accepted])

    publics = {at: generator_times(one.share) for at, one in accepted.items()}
    assert {one.publics for one in accepted.values()} == {tuple(publics.values())}
    assert {one.transcript for one in accepted.values()} == {accepted[1].transcript}
    assert SharedGroup(threshold, publics).public() == generator_times(key)
    for some in combinations(publics, threshold):
        assert interpolate({at: publics[at] for at in some}, at=0) == generator_times(key)


def test_payloads_reach_their_recipient() -> None:
    run = Run()
    payloads = [b"one", b"", bytes(range(200))]
    run.sent[1] = contribute(run.session, me=2, secrets=run.secrets(2), payloads=payloads).encode()

    assert [run.accept(me).payloads[1] for me in (1, 2, 3)] == payloads


OTHER = scalar("another")
ZERO = bytes(32)


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        pytest.param(telling(3, OTHER.encode()), "share", id="another share"),
        pytest.param(telling(3, ORDER.to_bytes(32, "little")), "share", id="a share of L"),
        pytest.param(telling(3, ZERO), "share", id="a share of zero"),
        pytest.param(garbling(3), "ciphertext", id="a ciphertext that does not open"),
        pytest.param(
            committing_to(generator_times(OTHER), generator_times(OTHER)),
            "proof",
            id="commitments to what it does not know",
        ),
        pytest.param(
            committing_to(generator_times(OTHER), generator_times(OTHER), secret=OTHER),
            "share",
            id="commitments to another polynomial",
        ),
    ],
)
def test_a_lie_is_noticed_by_the_one_it_is_told_and_names_the_liar(lie: Lie, reason: str) -> None:
    run = Run()

    run.replace(2, lie)

    with pytest.raises(MisbehaviourError) as caught:
        run.accept(3)
    assert (caught.value.participant, caught.value.reason) == (2, reason)


def test_a_lie_to_one_does_not_keep_the_others_from_accepting() -> None:
    run = Run()

    run.replace(2, telling(3, OTHER.encode()))

    assert run.accept(1).publics == run.accept(2).publics == Run().accept(1).publics


def test_a_wrong_proof_is_noticed_before_any_share_is_opened() -> None:
    run = Run()
    run.replace(2, telling(3, OTHER.encode()))
    run.replace(3, lambda _, __, one: replace(one, ephemeral=generator_times(OTHER)))

    with pytest.raises(MisbehaviourError, match="participant 3: proof"):
        read(run.session, run.sent)


def test_a_proof_of_another_run_proves_nothing_in_this_one() -> None:
    run, other = Run(), Run(extension=b"the same")
    replayed = Session(b"another session", 2, run.session.participants)

    with pytest.raises(MisbehaviourError, match="participant 1: proof"):
        read(replayed, other.sent)


def test_a_threshold_raised_by_one_participant_is_malformed_and_names_it() -> None:
    run, higher = Run(2), Run(3)
    run.sent[1] = higher.sent[1]

    with pytest.raises(MisbehaviourError, match="participant 2: malformed"):
        run.accept(1)


def test_two_whose_commitments_cancel_do_not_stop_the_others() -> None:
    run = Run(threshold=1, size=3)
    secret = run.secrets(1).coefficients[0]
    negated = Scalar((ORDER - int.from_bytes(secret.encode(), "little")).to_bytes(32, "little"))
    run.replace(2, committing_to(generator_times(negated), secret=negated))
    for recipient in (1, 2, 3):
        run.replace(2, telling(recipient, negated.encode()))

    assert run.accept(3).share == run.secrets(3).coefficients[0]


def test_a_certificate_needs_the_signature_of_each_under_one_transcript() -> None:
    run = Run()
    transcript = run.accept(1).transcript
    signatures = [certify(transcript, static=run.secrets(at).static).encode() for at in (1, 2, 3)]

    verify_certificate(run.session, transcript, signatures)

    signatures[1] = certify(transcript + b"x", static=run.secrets(2).static).encode()
    with pytest.raises(MisbehaviourError, match="participant 2: certificate"):
        verify_certificate(run.session, transcript, signatures)
    with pytest.raises(MisbehaviourError, match="participant 2: certificate"):
        verify_certificate(run.session, transcript, [signatures[0], b"", signatures[2]])
    with pytest.raises(MalformedError, match="one signature of each"):
        verify_certificate(run.session, transcript, signatures[:2])


def test_whoever_agrees_on_something_else_signs_another_transcript() -> None:
    run, other = Run(), Run(extension=b"another epoch")
    theirs = certify(other.accept(2).transcript, static=run.secrets(2).static)
    transcript = run.accept(1).transcript
    signatures = [certify(transcript, static=run.secrets(at).static).encode() for at in (1, 2, 3)]
    signatures[1] = theirs.encode()

    with pytest.raises(MisbehaviourError, match="participant 2"):
        verify_certificate(run.session, transcript, signatures)


@pytest.mark.parametrize("threshold", [0, 4])
def test_a_threshold_that_cannot_be_met_is_refused(threshold: int) -> None:
    with pytest.raises(MalformedError, match="threshold"):
        Session(b"", threshold, Run().session.participants)


def test_one_key_twice_is_refused() -> None:
    first = Run().session.participants[0]

    with pytest.raises(MalformedError, match="one key"):
        Session(b"", 1, (first, first))


def test_a_contribution_too_few_is_refused() -> None:
    run = Run()
    run.sent.pop()

    with pytest.raises(MalformedError, match="one contribution of each"):
        run.accept(1)


def test_whoever_has_another_number_of_coefficients_contributes_nothing() -> None:
    run = Run()

    with pytest.raises(MalformedError, match="coefficient"):
        contribute(run.session, me=1, secrets=Run(threshold=3).secrets(1))


def test_nothing_secret_is_printed() -> None:
    run = Run()
    accepted = run.accept(1)

    shown = repr((run.secrets(1), accepted))

    for secret in (run.secrets(1).static, run.secrets(1).coefficients[0], accepted.share):
        assert repr(secret.encode())[2:-1] not in shown
        assert secret.encode().hex() not in shown


def test_sums_that_vanish_on_the_way_are_sums_all_the_same() -> None:
    one = Scalar((1).to_bytes(32, "little"))
    minus = Scalar((ORDER - 1).to_bytes(32, "little"))
    points: list[Point] = [generator_times(value) for value in (one, minus, OTHER)]

    assert sum_scalars([one, minus, OTHER]) == OTHER
    assert sum_points(points) == generator_times(OTHER)
    with pytest.raises(MalformedError):
        sum_scalars([one, minus])
    with pytest.raises(MalformedError):
        sum_points(points[:2])
