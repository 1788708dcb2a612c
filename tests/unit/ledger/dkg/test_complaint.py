"""Complaints: everybody can see who lied, the sender of a share or whoever complains of it."""

import pytest

from ledger.dkg.complaint import Complaint, complain, judge
from ledger.dkg.envelope import Exchanged
from ledger.errors import MalformedError
from ledger.group import generator_times
from tests.support.generating import Lie, Run, garbling, scalar, telling

R = scalar("r")


def complaint(run: Run, *, accused: int, by: int) -> Complaint:
    return complain(run.route(accused, by), static=run.secrets(by).static, r=R)


def blamed(run: Run, complaint: Complaint, *, accused: int, by: int) -> tuple[int, str]:
    blame = judge(run.route(accused, by), run.contribution(accused), complaint)
    return blame.participant, blame.reason


@pytest.mark.parametrize(
    ("lie", "reason"),
    [(telling(3, scalar("another").encode()), "share"), (garbling(3), "ciphertext")],
)
def test_a_share_that_is_wrong_convicts_its_sender(lie: Lie, reason: str) -> None:
    run = Run()
    run.replace(2, lie)

    assert blamed(run, complaint(run, accused=2, by=3), accused=2, by=3) == (2, reason)


def test_complaining_of_a_share_that_is_right_convicts_who_complains() -> None:
    run = Run()

    made = complaint(run, accused=2, by=3)

    assert blamed(run, made, accused=2, by=3) == (3, "complaint")


def test_showing_points_that_decrypt_nothing_convicts_who_complains() -> None:
    run = Run()
    made = complaint(run, accused=2, by=3)
    other = generator_times(scalar("other"))

    for exchanged in (
        Exchanged(other, made.exchanged.static),
        Exchanged(made.exchanged.ephemeral, other),
    ):
        forged = Complaint(exchanged, made.proof)
        assert blamed(run, forged, accused=2, by=3) == (3, "complaint")


def test_the_complaint_of_another_convicts_nobody_else() -> None:
    run = Run()
    run.replace(2, telling(3, scalar("another").encode()))
    made = complaint(run, accused=2, by=3)

    assert blamed(run, made, accused=2, by=1) == (1, "complaint")
    assert blamed(run, made, accused=1, by=3) == (3, "complaint")


def test_a_complaint_of_another_size_is_malformed() -> None:
    raw = complaint(Run(), accused=1, by=2).encode()

    for wrong in (raw[:-1], raw + b"\0", b""):
        with pytest.raises(MalformedError):
            Complaint.decode(wrong)
