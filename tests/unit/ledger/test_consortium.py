"""What a sound consortium document says of members, quorums and purposes."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.consortium import Consortium as Document
from ledger.consortium import least_quorum
from tests.support.parties import Change, make_consortium, make_member
from tests.support.signers import ORIGIN

FOUNDED = make_consortium()
DOCUMENT = FOUNDED.document


def changed(change: Change) -> Document:
    return FOUNDED.draft(change).document


@pytest.mark.parametrize(
    ("members", "quorum"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5), (10, 7)]
)
def test_least_quorum_is_over_two_thirds(members: int, quorum: int) -> None:
    assert least_quorum(members) == quorum


@given(st.integers(1, 10_000))
def test_two_quorums_share_an_honest_member_and_the_honest_alone_are_one(members: int) -> None:
    liars = (members - 1) // 3
    quorum = least_quorum(members)

    assert 2 * quorum - members > liars
    assert members - liars >= quorum


def test_approvals_are_a_quorum_of_all_members_and_not_only_of_witnesses() -> None:
    joined = tuple(make_member(f"gemeente-{i}") for i in range(1, 6))

    def without_witnessing(draft: dict[str, list[dict[str, object]]]) -> None:
        for i, table in enumerate(draft["member"][4:]):
            table.update(roles=["policy"], oin=f"00000099{i:012}")

    grown = FOUNDED.draft(without_witnessing, members=(*FOUNDED.members, *joined)).document

    assert (DOCUMENT.quorum, DOCUMENT.approvals) == (3, 3)
    assert (grown.quorum, grown.approvals) == (3, least_quorum(9))
    assert changed(lambda draft: draft.update(quorum=4)).approvals == 4


def test_digest_is_of_the_text_that_was_signed() -> None:
    assert DOCUMENT.digest == sha256(DOCUMENT.raw.encode()).digest()


def test_entry_keys_are_found_by_what_a_line_says() -> None:
    uwv = make_member("uwv").entry.verifier

    assert DOCUMENT.entry_keys[f"{ORIGIN}/uwv", uwv.id] == ("uwv", uwv)
    assert len(DOCUMENT.entry_keys) == 4


def test_members_are_told_apart_by_role() -> None:
    assert [member.name for member in DOCUMENT.witnesses] == ["bzk", "svb", "szw", "uwv"]
    assert [member.name for member in DOCUMENT.issuers] == ["svb", "szw", "uwv"]
    assert DOCUMENT.independents == {"bzk"}


def test_desks_and_purposes_are_found_by_name() -> None:
    desk = DOCUMENT.desk("svb/de-bedoeling")

    assert desk is not None
    assert (desk.member, desk.kind, desk.neutral) == ("svb", "case", True)
    assert DOCUMENT.desk("svb/none") is None
    assert DOCUMENT.purpose("armoede") is None


@pytest.mark.parametrize(
    ("profile", "status", "usable"),
    [
        ("demo", "none", True),
        ("demo", "bill", True),
        ("production", "none", False),
        ("production", "bill", False),
        ("production", "in-force", True),
    ],
)
def test_outside_the_demonstration_a_purpose_needs_a_basis_in_force(
    profile: str, status: str, usable: bool
) -> None:
    def change(draft: dict[str, object]) -> None:
        draft["profile"] = profile
        bases = draft["basis"]
        assert isinstance(bases, list)
        bases[0]["status"] = status
        # A law that the purpose does not name helps it nothing.
        bases.append(bases[0] | {"name": "another", "status": "in-force"})

    document = changed(change)
    purpose = document.purpose("multiproblematiek")

    assert purpose is not None
    assert document.is_usable(purpose) is usable
