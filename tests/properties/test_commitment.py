"""A commitment binds everything that goes into it, and shows none of it."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.commitment import commit, verify_commitment
from ledger.encoding import Digest
from ledger.errors import VerificationError
from ledger.group import Point, Scalar, generator_times
from tests.support import drawing


@dataclass(frozen=True)
class Opening:
    """What opens a commitment."""

    origin: str
    kind: str
    author: str
    date: str
    digests: tuple[Digest, ...]
    r: Scalar

    def commit(self) -> Point:
        """Return the commitment."""
        return commit(
            origin=self.origin,
            kind=self.kind,
            author=self.author,
            date=self.date,
            digests=self.digests,
            r=self.r,
        )

    def verify(self, commitment: bytes) -> None:
        """Check that this opens `commitment`."""
        verify_commitment(
            commitment,
            origin=self.origin,
            kind=self.kind,
            author=self.author,
            date=self.date,
            digests=self.digests,
            r=self.r,
        )


texts = st.text("abc/", max_size=6)
openings = st.builds(
    Opening,
    texts,
    texts,
    texts,
    texts,
    st.lists(drawing.digests, max_size=4).map(tuple),
    drawing.scalars,
)


@given(openings)
def test_a_commitment_opens(opening: Opening) -> None:
    opening.verify(opening.commit().encode())


@given(openings, openings)
def test_a_commitment_opens_to_one_opening_only(opening: Opening, other: Opening) -> None:
    # Fields that merely run together differently are different openings.
    shifted = replace(opening, origin=opening.origin + opening.kind[:1], kind=opening.kind[1:])

    for wrong in {other, shifted} - {opening}:
        with pytest.raises(VerificationError, match="do not open"):
            wrong.verify(opening.commit().encode())


@given(openings, drawing.scalars)
def test_the_same_body_under_another_r_looks_like_any_other(opening: Opening, r: Scalar) -> None:
    again = replace(opening, r=r)

    assert (again.commit() == opening.commit()) == (r == opening.r)


@given(openings)
def test_r_is_not_blinded_by_the_generator_itself(opening: Opening) -> None:
    # If H were a known multiple of G, whoever knows it could open C to anything. At the least, it
    # is not G: then C would be (H_s + r)·G, which this tells.
    doubled = replace(opening, r=opening.r + opening.r)
    difference = generator_times(opening.r)

    assert doubled.commit() != opening.commit() + difference


@given(openings.filter(lambda o: len(set(o.digests)) > 1))
def test_items_cannot_change_places(opening: Opening) -> None:
    turned = replace(opening, digests=opening.digests[::-1])

    if turned != opening:
        with pytest.raises(VerificationError):
            turned.verify(opening.commit().encode())
