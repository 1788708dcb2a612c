"""How a new version of the document comes into force, and who must have signed it."""

from typing import Any

import pytest

from ledger.entry import Entry, SignedEntry
from ledger.errors import RefusedError
from ledger.rules.consortium import missing_approvals
from ledger.state import State
from tests.support.chain import ChainBuilder
from tests.support.parties import (
    ALL,
    DAY,
    Change,
    make_consortium,
    make_member,
)
from tests.support.refusing import refusal
from tests.support.signers import ORIGIN

FOUNDED = make_consortium()
OTHERS = ("bzk", "svb", "uwv")
"""All but SZW, which is the author."""
WITHOUT_BZK = ("svb", "uwv")
EXTRA_DESK = {
    "number": 9,
    "name": "uwv/medisch",
    "title": "UWV Sociaal-medische zaken",
    "kind": "case",
    "neutral": False,
}


@pytest.fixture
def chain() -> ChainBuilder:
    return ChainBuilder()


def table(draft: dict[str, Any], name: str) -> Any:
    return next(table for table in draft["member"] if table["name"] == name)


def next_keys(name: str) -> dict[str, Any]:
    return make_member(name, generation=2).table()


def refused_detail(state: State, raw: bytes) -> str:
    with pytest.raises(RefusedError) as caught:
        state.apply(raw)
    return caught.value.detail


PROTECTED: dict[str, Change] = {
    "group threshold": lambda d: d["group"][0].update(threshold=1),
    "group holders": lambda d: d["group"][0].update(holders=["szw", "uwv"]),
    "group independence": lambda d: d["group"][1].update(independent=False),
    "new purpose": lambda d: d["purpose"].append(d["purpose"][0] | {"name": "more"}),
    "purpose title": lambda d: d["purpose"][0].update(title="Iets anders"),
    "new basis": lambda d: d["basis"].append(d["basis"][0] | {"name": "more"}),
    "basis status": lambda d: d["basis"][0].update(status="in-force"),
    "disclosure": lambda d: d["disclosure"][0]["fields"].append("severity"),
    "retention": lambda d: d["retention"].update(signal=7300),
    "retention of another kind": lambda d: d["retention"].update(locate=1),
    "k": lambda d: d.update(k=9),
    "quorum": lambda d: d.update(quorum=4),
    "quota": lambda d: d["quota"].update(signal=5),
    "profile": lambda d: d.update(profile="production"),
    "neutral desk made another": lambda d: (
        d["desk"][0].update(name="uwv/medisch")
        or [g.update(desk="uwv/medisch") for g in d["disclosure"] if g["desk"].startswith("uwv")]
    ),
    "neutral desk with another number": lambda d: d["desk"][0].update(number=9),
    "desk no longer neutral": lambda d: d["desk"][0].update(neutral=False),
    "new neutral desk": lambda d: d["desk"].append(EXTRA_DESK | {"neutral": True}),
    "key of an independent": lambda d: table(d, "bzk").update(next_keys("bzk")),
    "key added to an independent": lambda d: table(d, "bzk")["entry_keys"].extend(
        next_keys("bzk")["entry_keys"]
    ),
    "role of an independent": lambda d: (
        table(d, "bzk").update(roles=["holder", "custodian"]) or d.update(quorum=3)
    ),
}
FREE: dict[str, Change] = {
    "nothing": lambda _: None,
    "vocabulary": lambda d: d["vocabulary"]["theme"].append("werk"),
    "custodians": lambda d: d.update(custodians=["bzk"]),
    "desk that is not neutral": lambda d: d["desk"].append(EXTRA_DESK),
    "title of a neutral desk": lambda d: d["desk"][0].update(title="Anders"),
    "keys of an agency": lambda d: table(d, "uwv").update(next_keys("uwv")),
    "role of an agency": lambda d: table(d, "uwv").update(roles=["witness", "custodian"]),
}


@pytest.mark.parametrize("change", PROTECTED.values(), ids=PROTECTED)
def test_what_protects_people_does_not_change_without_the_independent(
    chain: ChainBuilder, change: Change
) -> None:
    document = FOUNDED.draft(change).document
    without = FOUNDED.propose(document, by=WITHOUT_BZK).encode()
    together = FOUNDED.propose(document, by=OTHERS).encode()

    assert refusal(chain.state, without) == "approval"
    assert refused_detail(chain.state, without) == "not signed by bzk"
    chain.apply(together)

    assert chain.state.document == document


@pytest.mark.parametrize("change", FREE.values(), ids=FREE)
def test_quorum_changes_what_is_not_protected(chain: ChainBuilder, change: Change) -> None:
    document = FOUNDED.draft(change).document

    chain.apply(FOUNDED.propose(document, by=WITHOUT_BZK).encode())

    assert chain.state.document == document


@pytest.mark.parametrize("by", [(), ("uwv",), ("bzk",)])
def test_fewer_than_a_quorum_change_nothing(chain: ChainBuilder, by: tuple[str, ...]) -> None:
    document = FOUNDED.draft().document

    raw = FOUNDED.propose(document, by=by).encode()

    assert refusal(chain.state, raw) == "approval"
    assert f"{2 - len(by)} more of " in refused_detail(chain.state, raw)


def test_members_that_do_not_witness_are_no_quorum_among_themselves() -> None:
    joined = tuple(make_member(f"gemeente-{i}") for i in range(1, 6))
    chain = ChainBuilder()
    chain.amend(
        lambda draft: [
            table(draft, member.name).update(roles=["policy"], oin=f"00000099{i:012}")
            for i, member in enumerate(joined)
        ],
        members=(*FOUNDED.members, *joined),
    )
    names = [member.name for member in joined]
    document = chain.consortium.draft(
        lambda draft: draft["vocabulary"]["theme"].append("werk")
    ).document

    few = chain.consortium.propose(document, author=names[0], by=names[1:3])
    still_few = chain.consortium.propose(document, author=names[0], by=names[1:])
    seven = chain.consortium.propose(document, author=names[0], by=[*names[1:], "svb", "uwv"])

    assert refusal(chain.state, few.encode()) == "approval"
    assert refusal(chain.state, still_few.encode()) == "approval"
    chain.apply(seven.encode())
    assert chain.state.document == document


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"version": 3}, "expected version 2 after"),
        ({"version": 1}, "expected version 2 after"),
        ({"previous": "00" * 32}, "expected version 2 after"),
        ({"previous": "ab" * 32}, "expected version 2 after"),
    ],
)
def test_version_follows_the_one_before_by_number_and_hash(
    chain: ChainBuilder, changed: dict[str, object], detail: str
) -> None:
    document = FOUNDED.draft(lambda draft: draft.update(changed)).document

    raw = FOUNDED.propose(document, by=OTHERS).encode()

    assert refusal(chain.state, raw) == "version"
    assert detail in refused_detail(chain.state, raw)


def test_version_that_lost_the_race_is_skipped(chain: ChainBuilder) -> None:
    first, second = (FOUNDED.draft(FREE[name]) for name in ("custodians", "vocabulary"))
    chain.apply(FOUNDED.propose(first.document, by=OTHERS).encode())

    late = FOUNDED.propose(second.document, by=OTHERS).encode()
    again = FOUNDED.propose(first.document, by=WITHOUT_BZK).encode()

    assert refusal(chain.state, late) == "version"
    assert refusal(chain.state, again) == "duplicate"


def test_unsound_document_is_skipped_with_its_place(chain: ChainBuilder) -> None:
    text = FOUNDED.draft().document.raw.replace("quorum = 3", "quorum = 2")

    raw = FOUNDED.propose(text, by=OTHERS).encode()

    assert refusal(chain.state, raw) == "document"
    assert "quorum" in refused_detail(chain.state, raw)


def test_document_of_another_ledger_is_skipped(chain: ChainBuilder) -> None:
    elsewhere = make_consortium("signaalketen.test/elsewhere").draft().document

    assert refusal(chain.state, FOUNDED.propose(elsewhere, by=OTHERS).encode()) == "wrong-origin"


@pytest.mark.parametrize(
    "approvals",
    [
        ("uwv", "svb", "bzk"),
        ("bzk", "svb", "svb"),
        ("bzk", "svb", "szw"),
        ("bzk", "svb", "uwv", "uwv"),
    ],
)
def test_approvals_stand_sorted_once_a_member(
    chain: ChainBuilder, approvals: tuple[str, ...]
) -> None:
    raw = FOUNDED.propose(FOUNDED.draft().document, by=approvals).encode()

    assert refusal(chain.state, raw) == "approval"


def test_approval_of_a_stranger_or_of_another_text_is_refused(chain: ChainBuilder) -> None:
    signed = FOUNDED.propose(FOUNDED.draft().document, by=OTHERS)
    stranger = make_member("zzz").entry.sign(signed.text)
    elsewhere = make_member("uwv").entry.sign("something else\n")

    for line in (stranger, elsewhere):
        lines = (*signed.lines[:3], line)
        raw = SignedEntry.of(signed.entry, lines).encode()
        assert refusal(chain.state, raw) == "approval"


def test_new_keys_do_not_approve_the_document_that_brings_them(chain: ChainBuilder) -> None:
    members = tuple(make_member(name, generation=2) for name in ALL)
    successor = FOUNDED.draft(members=members)
    entry = Entry(ORIGIN, "szw", "consortium", DAY, None, successor.document.raw)
    old_author = FOUNDED["szw"].entry.sign(entry.encode())

    all_new = successor.sign(entry, by=OTHERS)
    new_approvals = SignedEntry.of(entry, (old_author, *all_new.lines[1:]))

    assert refusal(chain.state, all_new.encode()) == "signature"
    assert refusal(chain.state, new_approvals.encode()) == "approval"


def test_independent_cannot_be_replaced_by_stealing_its_name_first(chain: ChainBuilder) -> None:
    usurped = tuple(
        make_member("bzk", generation=2) if member.name == "bzk" else member
        for member in FOUNDED.members
    )
    first = FOUNDED.draft(members=usurped)

    raw = FOUNDED.propose(first.document, by=WITHOUT_BZK).encode()

    assert refusal(chain.state, raw) == "approval"


def test_what_is_missing_is_told_before_it_is_submitted() -> None:
    current = FOUNDED.document
    free = FOUNDED.draft(FREE["vocabulary"]).document
    protected = FOUNDED.draft(PROTECTED["k"]).document

    def missing(new: Any, signers: set[str]) -> list[str]:
        return missing_approvals(new, current=current, signers=signers)

    assert missing(free, {"szw", "uwv"}) == ["1 more of bzk, svb"]
    assert missing(free, {"szw", "uwv", "svb"}) == []
    assert missing(protected, {"szw", "uwv", "svb"}) == ["bzk"]
    assert missing(protected, {"szw", "uwv", "bzk"}) == []
    assert missing_approvals(current, current=None, signers={"bzk", "uwv"}) == ["svb", "szw"]
