"""`answer` is given once by each issuer to each `locate` of another."""

from datetime import timedelta
from typing import Any

import pytest

from ledger.entry import Entry
from tests.support.chain import ChainBuilder, make_entry
from tests.support.parties import DAY, make_consortium, make_member
from tests.support.refusing import refusal
from tests.support.signers import ORIGIN

FOUNDED = make_consortium()
NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture
def chain() -> ChainBuilder:
    """Return a chain with `locate` blocks of UWV at 3 and of SVB at 4."""
    chain = ChainBuilder()
    chain.post("uwv")
    chain.post("svb")
    chain.apply(make_entry(FOUNDED, "uwv", "locate", "1\n", by=("svb",)))
    chain.apply(make_entry(FOUNDED, "svb", "locate", "2\n", by=("uwv",)))
    return chain


def answer(further: str, author: str, *, day: int = 0, by: tuple[str, ...] = ("bzk",)) -> bytes:
    return make_entry(FOUNDED, author, "answer", further, by=by, day=DAY + timedelta(days=day))


def waiting(chain: ChainBuilder) -> dict[int, list[str]]:
    locates = chain.state.outstanding.locates
    return {height: sorted(locate.waiting) for height, locate in locates.items()}


def test_answer_is_awaited_until_it_came(chain: ChainBuilder) -> None:
    assert waiting(chain) == {3: ["svb", "szw"], 4: ["szw", "uwv"]}

    chain.apply(answer("3\n4\n", "szw"))
    assert waiting(chain) == {3: ["svb"], 4: ["uwv"]}
    chain.apply(answer("3\n", "svb"))
    chain.apply(answer("4\n", "uwv"))

    assert waiting(chain) == {}


@pytest.mark.parametrize(
    ("further", "author"),
    [("3\n", "uwv"), ("3\n4\n", "svb"), ("1\n", "svb"), ("5\n", "szw"), ("3\n99\n", "szw")],
    ids=["its own", "its own too", "a signal", "itself", "nothing there"],
)
def test_height_that_awaits_no_answer_of_the_author_is_refused(
    chain: ChainBuilder, further: str, author: str
) -> None:
    assert refusal(chain.state, answer(further, author)) == "heights"


def test_locate_is_answered_once(chain: ChainBuilder) -> None:
    chain.apply(answer("3\n", "szw"))

    assert refusal(chain.state, answer("3\n4\n", "szw")) == "heights"
    assert refusal(chain.state, answer("3\n", "szw", day=1)) == "heights"
    assert chain.apply(answer("4\n", "szw")).height == 6


def test_items_are_missing_only_from_the_next_day_on(chain: ChainBuilder) -> None:
    assert refusal(chain.state, answer("3 missing\n4\n", "szw")) == "heights"

    chain.apply(answer("3 missing\n4\n", "szw", day=1))

    assert waiting(chain) == {3: ["svb"], 4: ["uwv"]}


@pytest.mark.parametrize("further", ["", "4\n3\n", "3 gone\n", "3  missing\n", "missing\n"])
def test_heights_have_one_spelling(chain: ChainBuilder, further: str) -> None:
    assert refusal(chain.state, answer(further, "szw")) == "further-lines"


@pytest.mark.parametrize(("author", "reason"), [("bzk", "role"), ("szw", "stored-line")])
def test_only_issuers_answer_and_others_store_it(
    chain: ChainBuilder, author: str, reason: str
) -> None:
    assert refusal(chain.state, answer("3\n", author, by=("szw",))) == reason


def test_answer_commits_to_its_frames(chain: ChainBuilder) -> None:
    entry = Entry(ORIGIN, "szw", "answer", DAY, None, "3\n")

    assert refusal(chain.state, FOUNDED.sign(entry, by=("uwv",)).encode()) == "commitment"


def test_issuer_that_is_one_no_more_is_awaited_no_more(chain: ChainBuilder) -> None:
    chain.amend(
        lambda draft: next(m for m in draft["member"] if m["name"] == "szw").update(
            roles=["policy", "witness", "holder", "custodian"]
        )
    )

    assert waiting(chain) == {3: ["svb"], 4: ["uwv"]}
    assert refusal(chain.state, answer("3\n", "szw")) == "role"


def test_issuer_that_left_altogether_is_awaited_no_more(chain: ChainBuilder) -> None:
    former = chain.consortium
    stayed = tuple(member for member in former.members if member.name != "svb")

    chain.amend(_without_svb, members=stayed)

    assert waiting(chain) == {3: ["szw"], 4: ["szw", "uwv"]}
    late = make_entry(former, "svb", "answer", "3\n")
    assert refusal(chain.state, late) == "unknown-author"
    # What it had located is still owed an answer by those who stayed.
    assert chain.apply(make_entry(chain.consortium, "uwv", "answer", "4\n")).height == 6


def test_issuer_that_comes_back_is_not_awaited_for_what_it_missed(chain: ChainBuilder) -> None:
    chain.amend(lambda draft: _szw(draft).update(roles=["witness", "custodian"]))
    chain.amend(lambda draft: _szw(draft).update(roles=["issuer", "witness", "custodian"]))

    back = make_entry(chain.consortium, "szw", "answer", "3\n")

    assert waiting(chain) == {3: ["svb"], 4: ["uwv"]}
    assert refusal(chain.state, back) == "heights"


def test_newcomer_is_not_awaited_for_what_was_located_before(chain: ChainBuilder) -> None:
    newcomer = make_member("gemeente")
    chain.amend(lambda draft: draft.update(quorum=4), members=(*chain.consortium.members, newcomer))

    late = make_entry(chain.consortium, "gemeente", "answer", "3\n")
    chain.post("uwv")
    chain.apply(make_entry(chain.consortium, "uwv", "locate", "6\n"))

    assert refusal(chain.state, late) == "heights"
    assert waiting(chain)[3] == ["svb", "szw"]
    assert waiting(chain)[7] == ["gemeente", "svb", "szw"]


def test_missing_is_counted_in_days_of_the_answer_not_of_the_chain(chain: ChainBuilder) -> None:
    # Else one entry with a date ahead would let everybody call everything missing.
    chain.post("uwv", day=NEXT_DAY)

    assert refusal(chain.state, answer("3 missing\n", "szw")) == "heights"


def test_answer_goes_with_all_its_heights_or_not_at_all(chain: ChainBuilder) -> None:
    chain.apply(answer("4\n", "szw"))

    assert refusal(chain.state, answer("3\n4\n", "szw")) == "heights"
    assert waiting(chain) == {3: ["svb", "szw"], 4: ["uwv"]}


def test_answer_that_comes_before_its_locate_is_skipped(chain: ChainBuilder) -> None:
    chain.post("uwv")
    early = answer("6\n", "szw")
    assert refusal(chain.state, early) == "heights"

    chain.apply(make_entry(FOUNDED, "uwv", "locate", "5\n", by=("svb",)))

    assert chain.apply(early).height == 7


@pytest.mark.parametrize("by", [("svb",), ("uwv",), ("bzk",), ("bzk", "svb", "uwv")])
def test_authors_addressed_and_custodians_store_it(
    chain: ChainBuilder, by: tuple[str, ...]
) -> None:
    assert chain.apply(answer("3\n4\n", "szw", by=by)).height == 5


def test_witness_that_neither_issues_nor_keeps_does_not_store_it(chain: ChainBuilder) -> None:
    chain.amend(lambda draft: draft.update(custodians=["szw"]))

    assert refusal(chain.state, answer("3\n", "szw", by=("bzk",))) == "stored-line"


def test_issuer_that_is_neither_addressed_nor_a_custodian_does_not_store_it(
    chain: ChainBuilder,
) -> None:
    chain.amend(lambda draft: draft.update(custodians=["bzk"]))

    assert refusal(chain.state, answer("3\n", "szw", by=("svb", "uwv"))) == "stored-line"
    assert refusal(chain.state, answer("3\n", "szw", by=("svb",))) == "stored-line"
    assert chain.apply(answer("3\n", "szw", by=("bzk", "uwv"))).height == 6


def test_stale_answer_is_skipped_and_still_awaited(chain: ChainBuilder) -> None:
    chain.post("uwv", day=DAY + timedelta(days=3))

    assert refusal(chain.state, answer("3\n", "szw")) == "stale"
    assert waiting(chain)[3] == ["svb", "szw"]
    assert chain.apply(answer("3\n", "szw", day=1)).height == 6


def test_what_is_late_stands_in_public(chain: ChainBuilder) -> None:
    outstanding = chain.state.outstanding
    chain.post("uwv")

    assert outstanding.late(NEXT_DAY) == []
    assert outstanding.late(NEXT_DAY + timedelta(days=1)) == [
        (3, "svb"), (3, "szw"), (4, "szw"), (4, "uwv"),
    ]  # fmt: skip
    assert outstanding.unlocated(NEXT_DAY) == []
    assert outstanding.unlocated(NEXT_DAY + timedelta(days=1)) == [5]


def _szw(draft: dict[str, Any]) -> dict[str, Any]:
    return next(table for table in draft["member"] if table["name"] == "szw")


def _without_svb(draft: dict[str, Any]) -> None:
    desk = "svb/de-bedoeling"
    draft["custodians"] = ["bzk", "szw"]
    draft["desk"] = [d for d in draft["desk"] if d["name"] != desk]
    draft["disclosure"] = [d for d in draft["disclosure"] if d["desk"] != desk]
    draft["group"][0]["holders"] = ["szw", "uwv"]
