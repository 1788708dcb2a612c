"""A member's own card: by itself, about itself, one version after the other."""

import pytest

from ledger.entry import Entry
from tests.support.chain import ChainBuilder, entry_of, make_card
from tests.support.parties import DAY, make_consortium
from tests.support.refusing import refusal
from tests.support.signers import ORIGIN

FOUNDED = make_consortium()
CARD = make_card(FOUNDED, "uwv").decode().split("\n", 5)[5].partition("\n\n— ")[0] + "\n"


@pytest.fixture
def chain() -> ChainBuilder:
    return ChainBuilder()


def test_card_of_every_member_stands_side_by_side(chain: ChainBuilder) -> None:
    for author in ("bzk", "svb", "szw", "uwv"):
        chain.apply(make_card(FOUNDED, author))

    urls = {name: card.url for name, card in chain.state.cards.items()}
    assert urls == {name: f"https://{name}.test" for name in ("bzk", "svb", "szw", "uwv")}


def test_newest_version_counts(chain: ChainBuilder) -> None:
    for version in (1, 2, 3):
        chain.apply(make_card(FOUNDED, "uwv", version=version))

    assert chain.state.cards["uwv"].version == 3


@pytest.mark.parametrize("version", [1, 2, 4, 5])
def test_version_is_one_more_than_the_last(chain: ChainBuilder, version: int) -> None:
    for earlier in (1, 2):
        chain.apply(make_card(FOUNDED, "uwv", version=earlier))

    wrong = make_card(FOUNDED, "uwv", version=version)

    assert refusal(chain.state, wrong) == ("duplicate" if version < 3 else "version")


def test_first_version_is_one(chain: ChainBuilder) -> None:
    assert refusal(chain.state, make_card(FOUNDED, "uwv", version=2)) == "version"


def test_old_version_is_not_said_again_under_a_later_date(chain: ChainBuilder) -> None:
    chain.apply(make_card(FOUNDED, "uwv", version=1))
    chain.apply(make_card(FOUNDED, "uwv", version=2))

    again = make_card(FOUNDED, "uwv", version=1, day=DAY.replace(day=2))

    assert refusal(chain.state, again) == "version"


@pytest.mark.parametrize(
    ("commitment", "by"), [(b"\x07" * 32, ()), (None, ("bzk",)), (None, ("uwv",))]
)
def test_card_has_one_line_and_no_commitment(
    chain: ChainBuilder, commitment: bytes | None, by: tuple[str, ...]
) -> None:
    entry = Entry(ORIGIN, "uwv", "member", DAY, commitment, CARD)

    assert refusal(chain.state, FOUNDED.sign(entry, by=by).encode()) == "further-lines"


@pytest.mark.parametrize(
    "further",
    [
        "",
        "nothing\n",
        CARD + "\n",
        CARD.replace("version = 1", "version = 01"),
        "#\n" + CARD,
        CARD.replace('peer = ""', 'peer = "uwv.example:26656"'),
    ],
)
def test_document_that_is_not_canonical_is_skipped(chain: ChainBuilder, further: str) -> None:
    entry = Entry(ORIGIN, "uwv", "member", DAY, None, further)

    assert refusal(chain.state, FOUNDED.sign(entry).encode()) == "member-document"


def test_card_survives_a_new_version_of_the_consortium_document(chain: ChainBuilder) -> None:
    appended = chain.apply(make_card(FOUNDED, "uwv"))

    chain.amend(lambda draft: draft.update(k=12))

    assert chain.state.cards["uwv"].version == 1
    assert CARD.encode() in entry_of(appended.raw)
