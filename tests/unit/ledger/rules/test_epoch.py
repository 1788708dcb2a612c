"""`epoch` entries: every holder opens one, a quorum closes the oldest, two are open at most."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.entry import Entry
from ledger.epoch import OPEN, EpochDocument, PublicShare
from tests.support.chain import PURPOSE, ChainBuilder
from tests.support.epochs import OTHERS, closing, deal, opening, stating
from tests.support.parties import DAY, make_consortium, make_member
from tests.support.refusing import refusal
from tests.support.signers import ORIGIN

FOUNDED = make_consortium()


@pytest.fixture
def chain() -> ChainBuilder:
    return ChainBuilder()


def open_(
    number: int, *, by: tuple[str, ...] = OTHERS, seed: int = 1, replaces: int | None = None
) -> bytes:
    return opening(FOUNDED, deal(FOUNDED, number, seed=seed, replaces=replaces).document, by=by)


def close(number: int, *, by: tuple[str, ...] = OTHERS) -> bytes:
    return closing(FOUNDED, number, by=by)


def test_epochs_open_and_close_in_turn(chain: ChainBuilder) -> None:
    epochs = chain.state.epochs
    seen = []
    for raw in (open_(1), open_(2), close(1), open_(3), close(2), close(3)):
        chain.apply(raw)
        seen.append([known.number for known in epochs.open_now(PURPOSE)])

    assert seen == [[1], [2, 1], [2], [3, 2], [3], []]


def test_epoch_is_open_from_the_block_after_to_the_block_that_closes_it(
    chain: ChainBuilder,
) -> None:
    chain.apply(open_(1))
    chain.post()
    chain.apply(close(1))
    chain.post()

    opened = [chain.state.epochs.open_at(PURPOSE, height) for height in range(5)]

    assert opened == [[], [], [1], [1], []]


def test_number_that_was_used_does_not_come_again(chain: ChainBuilder) -> None:
    chain.apply(open_(1))
    chain.apply(close(1))

    assert refusal(chain.state, open_(1, seed=2)) == "epoch"
    assert chain.apply(open_(2)).height == 3


@pytest.mark.parametrize(
    "raw",
    [
        open_(2),
        open_(2**31 - 1),
        close(1),
        opening(FOUNDED, deal(FOUNDED, 1, purpose="armoede").document),
        closing(FOUNDED, 1, purpose="armoede"),
    ],
    ids=["second first", "a far number", "nothing to close", "no purpose", "no purpose to close"],
)
def test_what_does_not_follow_is_refused(chain: ChainBuilder, raw: bytes) -> None:
    assert refusal(chain.state, raw) == "epoch"


def test_third_open_epoch_is_refused(chain: ChainBuilder) -> None:
    chain.apply(open_(1))
    chain.apply(open_(2))

    assert refusal(chain.state, open_(3)) == "epoch"
    chain.apply(close(1))
    assert chain.apply(open_(3)).height == 4


def test_only_the_oldest_is_closed_and_once(chain: ChainBuilder) -> None:
    chain.apply(open_(1))
    chain.apply(open_(2))

    assert refusal(chain.state, close(2)) == "epoch"
    assert refusal(chain.state, close(3)) == "epoch"
    chain.apply(close(1))
    assert refusal(chain.state, close(1)) == "duplicate"
    assert refusal(chain.state, closing(FOUNDED, 1, by=("bzk", "svb"))) == "duplicate"


def test_closing_again_is_refused_when_its_first_closing_is_long_forgotten(
    chain: ChainBuilder,
) -> None:
    chain.apply(open_(1))
    chain.apply(close(1))
    chain.post(day=DAY + timedelta(days=30))

    assert refusal(chain.state, close(1)) == "epoch"
    assert refusal(chain.state, open_(1)) == "epoch"


@pytest.mark.parametrize("missing", OTHERS)
def test_opening_needs_every_holder(chain: ChainBuilder, missing: str) -> None:
    by = tuple(name for name in OTHERS if name != missing)

    assert refusal(chain.state, open_(1, by=by)) == "approval"


def test_opening_needs_the_holder_that_is_its_author_by_name_only_once(
    chain: ChainBuilder,
) -> None:
    assert refusal(chain.state, open_(1, by=("bzk", "svb", "szw", "uwv"))) == "approval"
    assert refusal(chain.state, open_(1, by=("svb", "bzk", "uwv"))) == "approval"


def test_member_without_a_share_need_not_sign() -> None:
    newcomer = make_member("gemeente")
    chain = ChainBuilder()
    chain.amend(lambda draft: draft.update(quorum=4), members=(*FOUNDED.members, newcomer))

    assert chain.apply(opening(chain.consortium, deal(chain.consortium).document)).height == 2


def test_closing_needs_a_quorum_for_a_holder_may_be_gone(chain: ChainBuilder) -> None:
    chain.apply(open_(1))

    assert refusal(chain.state, close(1, by=())) == "approval"
    assert refusal(chain.state, close(1, by=("uwv",))) == "approval"
    assert refusal(chain.state, close(1, by=("uwv", "uwv"))) == "approval"
    assert chain.apply(close(1, by=("svb", "uwv"))).height == 2


def test_shares_that_do_not_belong_together_are_refused(chain: ChainBuilder) -> None:
    first, second = (deal(FOUNDED, 1, seed=seed).document for seed in (1, 2))
    mixed = replace(first, shares=(*first.shares[:2], *second.shares[2:]))

    assert refusal(chain.state, opening(FOUNDED, mixed)) == "epoch"


DEALT = deal(FOUNDED).document
FIRST, *REST = DEALT.shares
CROOKED = {
    "a holder too few": REST,
    "a group too few": DEALT.shares[:3],
    "one twice": [FIRST, *DEALT.shares],
    "another order": DEALT.shares[::-1],
    "another index": [replace(FIRST, index=4), *REST],
    "the key itself": [replace(FIRST, index=0), *REST],
    "another group": [replace(FIRST, group="independents"), *REST],
    "not a holder": [replace(FIRST, holder="gemeente"), *REST],
    "another holder": [replace(FIRST, holder="svb"), *REST],
}


@pytest.mark.parametrize("shares", CROOKED.values(), ids=CROOKED)
def test_epoch_has_one_share_for_each_holder(
    chain: ChainBuilder, shares: Sequence[PublicShare]
) -> None:
    document = replace(DEALT, shares=tuple(shares))

    assert refusal(chain.state, opening(FOUNDED, document)) == "epoch"


def test_shares_follow_the_document_in_force() -> None:
    chain = ChainBuilder()
    before = deal(chain.consortium).document
    chain.amend(lambda draft: draft["group"][0].update(holders=["szw", "uwv"]))

    assert refusal(chain.state, opening(chain.consortium, before)) == "epoch"
    assert chain.apply(opening(chain.consortium, deal(chain.consortium).document)).height == 2


@pytest.mark.parametrize(
    "text",
    [
        DEALT.encode() + "\n",
        DEALT.encode().replace("number = 1", "number = 0"),
        EpochDocument(PURPOSE, 1, OPEN, ()).encode(),
        "",
        "x = [[[\n",
    ],
    ids=["a line more", "number 0", "open without shares", "nothing", "no TOML"],
)
def test_text_that_is_no_epoch_document_is_refused(chain: ChainBuilder, text: str) -> None:
    assert refusal(chain.state, stating(FOUNDED, text)) == "epoch"


def test_epoch_commits_to_nothing(chain: ChainBuilder) -> None:
    stated = Entry(ORIGIN, "szw", "epoch", DAY, b"\x07" * 32, DEALT.encode())

    assert refusal(chain.state, FOUNDED.sign(stated, by=OTHERS).encode()) == "commitment"


def test_epoch_is_never_stale_for_its_signatures_take_time_to_gather(chain: ChainBuilder) -> None:
    chain.post(day=DAY + timedelta(days=300))

    assert chain.apply(open_(1)).height == 2


def test_purposes_have_epochs_of_their_own() -> None:
    chain = ChainBuilder()
    chain.amend(lambda draft: draft["purpose"].append(draft["purpose"][0] | {"name": "armoede"}))
    consortium = chain.consortium

    for number in (1, 2):
        for purpose in ("armoede", PURPOSE):
            dealt = deal(consortium, number, purpose=purpose)
            chain.apply(opening(consortium, dealt.document))

    opened = [document.number for document in chain.state.epochs.open_now("armoede")]
    assert opened == [2, 1]
    third = deal(consortium, 3, purpose="armoede").document
    assert refusal(chain.state, opening(consortium, third)) == "epoch"


def test_epoch_whose_purpose_was_given_up_can_still_be_closed() -> None:
    chain = ChainBuilder()
    chain.amend(lambda draft: draft["purpose"].append(draft["purpose"][0] | {"name": "armoede"}))
    chain.apply(opening(chain.consortium, deal(chain.consortium, 1, purpose="armoede").document))
    chain.amend(lambda draft: draft["purpose"].pop())

    assert (
        refusal(
            chain.state,
            opening(chain.consortium, deal(chain.consortium, 2, purpose="armoede").document),
        )
        == "epoch"
    )
    chain.apply(closing(chain.consortium, 1, purpose="armoede"))

    assert chain.state.epochs.open_now("armoede") == []


@pytest.mark.parametrize("lost", [1, 2])
def test_an_epoch_whose_key_is_lost_gives_its_place_to_another_while_two_are_open(
    chain: ChainBuilder, lost: int
) -> None:
    chain.apply(open_(1))
    chain.apply(open_(2))
    assert refusal(chain.state, open_(3)) == "epoch"

    chain.apply(open_(3, replaces=lost))

    epochs = chain.state.epochs
    assert [known.number for known in epochs.open_now(PURPOSE)] == [3, 2, 1]
    assert [known.number for known in epochs.with_key(PURPOSE)] == [3, 3 - lost]
    assert refusal(chain.state, open_(4)) == "epoch"
    chain.apply(close(lost))
    assert [known.number for known in epochs.open_now(PURPOSE)] == [3, 3 - lost]


@pytest.mark.parametrize("lost", [1, 2])
def test_a_replaced_epoch_can_be_closed_before_an_older_one_and_no_other_can(
    chain: ChainBuilder, lost: int
) -> None:
    for raw in (open_(1), open_(2), open_(3, replaces=lost)):
        chain.apply(raw)

    assert refusal(chain.state, close(3)) == "epoch"
    chain.apply(close(lost))
    assert refusal(chain.state, close(3)) == "epoch"
    chain.apply(close(3 - lost))
    chain.apply(close(3))


def test_an_epoch_that_is_closed_or_replaced_or_not_there_is_not_replaced(
    chain: ChainBuilder,
) -> None:
    chain.apply(open_(1))
    chain.apply(open_(2, replaces=1))
    assert refusal(chain.state, open_(3, replaces=1)) == "epoch"
    chain.apply(close(1))

    assert refusal(chain.state, open_(3, replaces=1)) == "epoch"
    chain.apply(close(2))
    assert refusal(chain.state, open_(3, replaces=2)) == "epoch"


def test_a_replacement_is_signed_by_every_holder_like_any_epoch(chain: ChainBuilder) -> None:
    chain.apply(open_(1))

    assert refusal(chain.state, open_(2, by=("svb", "uwv"), replaces=1)) == "approval"
