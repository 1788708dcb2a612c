"""Epoch documents: one spelling, and shares that make up one key."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.consortium import Group
from ledger.epoch import CLOSED, OPEN, EpochDocument, PublicShare
from ledger.errors import MalformedError, VerificationError
from ledger.group import Point, Scalar, generator_times
from ledger.threshold import share_public, split


def scalar(seed: int) -> Scalar:
    return Scalar.reduce(bytes([seed]) * 64)


GROUPS = (
    Group("agencies", independent=False, threshold=2, holders=("szw", "uwv", "svb")),
    Group("independents", independent=True, threshold=1, holders=("bzk",)),
)
SHARES = {
    f"agencies/{i}": share_public(share)
    for i, share in split([scalar(1), scalar(2)], holders=3).items()
}
ALONE = share_public(scalar(3))


def document(**replaced: Point) -> EpochDocument:
    publics = {**SHARES, "independents/1": ALONE, **replaced}
    shares = tuple(
        PublicShare(group.name, holder, index, publics[f"{group.name}/{index}"])
        for group in GROUPS
        for index, holder in enumerate(group.holders, start=1)
    )
    return EpochDocument("help", 1, OPEN, shares)


def test_document_survives_its_encoding() -> None:
    assert EpochDocument.decode(document().encode()) == document()


def test_closed_document_has_no_shares() -> None:
    closed = EpochDocument("help", 1, CLOSED, ())

    assert EpochDocument.decode(closed.encode()) == closed
    with pytest.raises(MalformedError, match="canonical"):
        EpochDocument.decode(EpochDocument("help", 1, CLOSED, document().shares).encode())
    with pytest.raises(MalformedError, match="canonical"):
        EpochDocument.decode(EpochDocument("help", 1, OPEN, ()).encode())


def test_document_says_which_epoch_it_replaces() -> None:
    epoch = replace(document(), number=3, replaces=2)

    assert "\nreplaces = 2\n" in epoch.encode()
    assert EpochDocument.decode(epoch.encode()) == epoch


@pytest.mark.parametrize("replaces", [0, -1, 3, 4, True, 2.0])
def test_only_an_older_epoch_is_replaced(replaces: Any) -> None:
    with pytest.raises(MalformedError):
        EpochDocument.decode(replace(document(), number=3, replaces=replaces).encode())


def test_a_closed_document_replaces_nothing() -> None:
    with pytest.raises(MalformedError, match="canonical"):
        EpochDocument.decode(EpochDocument("help", 2, CLOSED, (), 1).encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('purpose = "help"', 'purpose = "Help"'),
        ("number = 1", "number = 0"),
        ("number = 1", "number = 01"),
        ("number = 1", "number = 1.0"),
        ("number = 1", 'number = "1"'),
        ('state = "open"', 'state = "ajar"'),
        ("index = 1", "index =  1"),
        ('holder = "szw"', "holder = 7"),
        ('format = "signaalketen/epoch/v1"', 'format = "signaalketen/epoch/v2"'),
        ("[[share]]", "[share]"),
        (ALONE.encode().hex(), "00" * 32),
        (ALONE.encode().hex(), ALONE.encode().hex().upper()),
        (ALONE.encode().hex(), "zz"),
    ],
)
def test_other_spellings_and_values_are_refused(old: str, new: str) -> None:
    text = document().encode()
    assert old in text

    with pytest.raises(MalformedError):
        EpochDocument.decode(text.replace(old, new, 1))


@pytest.mark.parametrize("text", ["", "x = " + "[" * 5000, "number = " + "1" * 5000, "\0"])
def test_text_that_is_no_document_is_refused_and_nothing_worse(text: str) -> None:
    with pytest.raises(MalformedError):
        EpochDocument.decode(text)


def test_shares_make_up_the_sum_of_the_groups() -> None:
    assert document().verify_shares(GROUPS) == generator_times(scalar(1) + scalar(3))


def test_share_that_does_not_belong_is_noticed() -> None:
    crooked = document(**{"agencies/3": ALONE})

    with pytest.raises(VerificationError, match="one key"):
        crooked.verify_shares(GROUPS)


def test_missing_or_reordered_share_is_noticed() -> None:
    whole = document()
    for shares in (whole.shares[:-1], whole.shares[::-1], (*whole.shares, whole.shares[0])):
        with pytest.raises(VerificationError, match="document's order"):
            EpochDocument("help", 1, OPEN, shares).verify_shares(GROUPS)
