"""SVB keeps something back, or shows different things to different members.

Every item opens the commitment of its entry or is refused, so that whoever shows two shows one that
is none. What is kept back is missed after a day or two: by every reader of the chain where the
chain can tell, and else by the audit of the member that misses it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest

from ledger.answer import noise_slot
from ledger.body import Item, Share
from ledger.bsn import synthetic_numbers
from ledger.heights import Heights
from nodes.prober import Answered
from nodes.store import chain, matching
from tests.support.chain import PURPOSE, ChainBuilder, make_entry, make_signal
from tests.support.crooked import CrookedWorld
from tests.support.parties import DAY
from tests.support.refusing import refusal

ANNA, BEN = islice(synthetic_numbers(), 2)
CROOK = "svb"


def blamed(world: CrookedWorld) -> set[tuple[str, str]]:
    """Return (issuer, author of a `locate`) of every "missing" on the chain."""
    found = set()
    for block in world.order.blocks:
        if block.admission.kind == "answer":
            for height in Heights.decode(block.admission.further).missing:
                found.add((block.admission.author, world.order.blocks[height].admission.author))
    return found


def met(world: CrookedWorld, name: str) -> set[str]:
    """Return with whom a node has matches."""
    party = world.parties[name]
    with party.database.read() as connection:
        return {match.member for match in party.stores.matches.all(connection)}


def post(world: CrookedWorld, name: str) -> None:
    world.post(name, ANNA, PURPOSE)
    world.settle()


def days_go_by(world: CrookedWorld) -> None:
    """Turn the clock by two days, on which others post."""
    world.clock.turn(days=2)
    world.post("uwv", BEN, PURPOSE)
    world.settle()


def another(share: Share) -> Share:
    """Return a share with an item that looks as good and is another."""
    first, *rest = share.items
    other = Item(first.index, first.salt, bytes(reversed(first.content)))
    return replace(share, items=(other, *rest))


def another_with_its_digest(share: Share) -> Share:
    spoilt = another(share)
    digests = list(share.digests)
    digests[spoilt.items[0].index] = spoilt.items[0].digest
    return replace(spoilt, digests=tuple(digests))


@pytest.mark.parametrize("spoil", [another, another_with_its_digest])
def test_an_author_that_shows_different_items_to_different_members_is_named_in_public(
    spoil: Callable[[Share], Share],
) -> None:
    world = CrookedWorld(
        seed=1,
        author=CROOK,
        shows=lambda kind, to, share: spoil(share) if (kind, to) == ("locate", "szw") else share,
    )
    post(world, "uwv")
    post(world, "szw")

    post(world, CROOK)
    days_go_by(world)

    # UWV got the true one and met it; SZW took none, and says so.
    assert CROOK in met(world, "uwv")
    assert CROOK not in met(world, "szw")
    assert blamed(world) == {("szw", CROOK)}


def test_a_withheld_item_stands_in_public_against_its_author() -> None:
    world = CrookedWorld(
        seed=2,
        author=CROOK,
        shows=lambda kind, to, share: None if (kind, to) == ("locate", "szw") else share,
    )
    post(world, "szw")
    post(world, CROOK)
    assert blamed(world) == set()

    days_go_by(world)

    assert blamed(world) == {("szw", CROOK)}
    # What it gains: SZW never hears that they have met. Nor does SVB: it is answered noise.
    assert met(world, "szw") == met(world, CROOK) == set()


def test_a_withheld_frame_is_a_finding_of_its_receiver_and_stands_in_nobodys_public_record() -> (
    None
):
    """SVB answers, leaves the frames with custodians that lose them, and UWV gets none.

    What it gains: UWV never hears of the match, and SVB does. The chain says that SVB answered and
    who signed that it has the frames; only UWV's own audit says who owes it what.
    """
    world = CrookedWorld(
        seed=3,
        author=CROOK,
        shows=lambda kind, to, share: None if (kind, to) == ("answer", "uwv") else share,
    )
    world.silent = {"bzk", "szw"}
    post(world, CROOK)
    post(world, "uwv")
    days_go_by(world)

    assert met(world, CROOK) == {"uwv"}
    assert met(world, "uwv") == set()
    assert blamed(world) == set()
    assert not world.order.newest.outstanding.locates
    with world.parties["uwv"].database.read() as connection:
        today = world.clock.today()
        owed = list(matching.overdue(connection, before=today - timedelta(days=1)))
    assert {(wanted.author, wanted.kind) for wanted in owed} == {(CROOK, "answer")}

    # One honest custodian of those that hold the frames is enough.
    world.silent.remove("szw")
    world.settle()
    assert met(world, "uwv") == {CROOK}


def test_noise_in_place_of_a_true_answer_hides_a_match_from_the_other_side() -> None:
    """What it gains: SVB alone knows of the match, and no record of anybody shows it.

    Noise is what an honest issuer answers when nothing matches; only a sample could tell.
    """
    world = CrookedWorld(seed=4, author=CROOK, shows=lambda kind, to, share: share)
    prober = world.parties[CROOK].parts.answering._prober
    honest = prober._answer

    def noise(*args: Any, **named: Any) -> Answered:
        return honest(*args, **named)._replace(slot=noise_slot(prober._random))

    prober._answer = noise  # type: ignore[method-assign]
    post(world, CROOK)
    post(world, "uwv")
    days_go_by(world)

    assert (met(world, CROOK), met(world, "uwv")) == ({"uwv"}, set())
    assert blamed(world) == set()
    assert not world.order.newest.outstanding.locates


def test_a_withheld_opening_leaves_a_signal_unlocated_in_public() -> None:
    # Whoever posts and has it not evaluated, or places it nowhere, learns nothing and is listed.
    built = ChainBuilder()
    posted = built.post(CROOK)
    for later in (1, 2):
        assert built.state.outstanding.unlocated(DAY + timedelta(days=later - 1)) == []
        built.post("uwv", day=DAY + timedelta(days=later))

    assert built.state.chain_day == DAY + timedelta(days=2)
    assert posted.height in built.state.outstanding.unlocated(DAY + timedelta(days=2))


def test_a_signal_whose_content_no_custodian_was_shown_never_comes_on_the_chain() -> None:
    built = ChainBuilder()

    assert refusal(built.state, make_signal(built.consortium, CROOK, by=()).raw) == "stored-line"


def test_a_withheld_answer_stands_in_public_against_who_owes_it() -> None:
    built = ChainBuilder()
    signal = built.post("uwv")
    locate = built.apply(
        make_entry(built.consortium, "uwv", "locate", f"{signal.height}\n", by=["szw"])
    )
    built.apply(make_entry(built.consortium, "szw", "answer", f"{locate.height}\n", by=["uwv"]))
    built.post("uwv", day=DAY + timedelta(days=2))

    assert built.state.outstanding.late(DAY + timedelta(days=1)) == []
    assert built.state.outstanding.late(DAY + timedelta(days=2)) == [(locate.height, CROOK)]


def test_who_calls_missing_what_it_signed_for_is_contradicted_by_its_own_line() -> None:
    """What it gains: an accusation. Where another signed for the items, it is word against word."""
    built = ChainBuilder()
    signal = built.post("uwv")
    locate = built.apply(
        make_entry(built.consortium, "uwv", "locate", f"{signal.height}\n", by=[CROOK])
    )
    tomorrow = DAY + timedelta(days=1)

    false = built.apply(
        make_entry(built.consortium, CROOK, "answer", f"{locate.height} missing\n", day=tomorrow)
    )

    assert CROOK in locate.admission.stored_by
    assert locate.height in Heights.decode(false.admission.further).missing


def test_an_honest_issuer_never_calls_missing_what_it_signed_for() -> None:
    world = CrookedWorld(seed=5, author=CROOK, shows=lambda kind, to, share: share)
    post(world, CROOK)
    days_go_by(world)
    days_go_by(world)

    assert blamed(world) == set()
    with world.parties["uwv"].database.read() as connection:
        assert "void-slot" not in chain.refusals(connection)
