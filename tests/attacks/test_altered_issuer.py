"""SVB's software is altered: it publishes false locators, and keeps every item that it was shown.

It has the pseudonyms of those about whom it posted, since it had their signals evaluated, and no
others. Everybody else is honest.
"""

from collections.abc import Iterator
from itertools import islice

import pytest

from ledger.answer import SlotContext, open_slot, split_frame
from ledger.body import Share
from ledger.bsn import Bsn, synthetic_numbers
from ledger.encoding import Digest
from ledger.errors import VerificationError
from ledger.heights import Heights
from ledger.locator import LocateItem
from ledger.pseudonym import Pseudonym
from ledger.voprf import person_input
from tests.support.chain import PURPOSE
from tests.support.crooked import CrookedWorld
from tests.support.observing import TappedWorld
from tests.support.parties import ALL
from tests.support.signers import ORIGIN
from tests.support.simulation.order import DESKS, pseudonym

ANNA, BEN = islice(synthetic_numbers(), 2)
ATTACKER = "svb"
Seen = set[tuple[str, int, int]]
"""(author, height, desk) of signals."""


@pytest.fixture
def world() -> TappedWorld:
    return TappedWorld(seed=3)


def post(world: TappedWorld, name: str, person: Bsn) -> int:
    """Post about a person, let everybody do what is to be done, and return the height."""
    before = set(world.posted)
    world.post(name, person, PURPOSE)
    world.settle()
    (local_id,) = set(world.posted) - before
    return height_of(world, name, local_id)


def height_of(world: TappedWorld, name: str, local_id: str) -> int:
    query = f"SELECT height FROM signal WHERE local_id = '{local_id}'"
    (height,) = world.parties[name].database.column(query)
    return int(height)


def withdraw(world: TappedWorld, name: str, height: int) -> None:
    (local_id,) = (i for i in world.posted if height_of(world, world.posted[i].author, i) == height)
    world.withdraw(name, local_id)
    assert world.settle()


def place_falsely(world: TappedWorld) -> None:
    """Let SVB place its signals under random locators from now on."""
    parts = world.parties[ATTACKER].parts
    parts.locating._placements = lambda *_: []  # type: ignore[method-assign]


def evaluated(world: TappedWorld) -> Iterator[Pseudonym]:
    """Yield the pseudonyms that SVB has a right to: of those about whom it posted."""
    for person in {p.person for p in world.posted.values() if p.author == ATTACKER}:
        yield Pseudonym(ORIGIN, PURPOSE, 1, pseudonym(person_input(person), PURPOSE, 1))


def recognised(world: TappedWorld) -> Seen:
    """Return what SVB reads in all items that it was ever shown, with the pseudonyms it has."""
    found: Seen = set()
    for block in world.order.blocks:
        share = world.pushed.get(block.admission.id, {}).get(ATTACKER)
        if block.admission.kind != "locate" or share is None:
            continue
        author, named = block.admission.author, Heights.decode(block.admission.further).named
        for item in share.items:
            signal = world.order.blocks[named[item.index]].admission.id
            for placement in LocateItem.decode(item.content).placements:
                for y in evaluated(world):
                    try:
                        desk = placement.open_card(y, author=author, signal=signal)
                    except VerificationError:
                        continue
                    found.add((author, named[item.index], desk))
    return found


def met(world: TappedWorld, name: str) -> set[tuple[str, int]]:
    """Return with whose signals a node has matches."""
    party = world.parties[name]
    with party.database.read() as connection:
        return {(m.member, m.height) for m in party.stores.matches.all(connection)}


def test_false_locators_are_answered_noise(world: TappedWorld) -> None:
    post(world, "uwv", ANNA)
    place_falsely(world)

    post(world, ATTACKER, ANNA)

    # It learns nothing of UWV's earlier signal in this way, and UWV nothing of SVB's.
    assert met(world, ATTACKER) == met(world, "uwv") == set()
    for y in evaluated(world):
        assert opened_answers(world, y) == 0


def opened_answers(world: TappedWorld, y: Pseudonym) -> int:
    """Return how many frames that came to SVB open under a pseudonym, whichever signal it tries."""
    opened = 0
    for block in world.order.blocks:
        share = world.pushed.get(block.admission.id, {}).get(ATTACKER)
        if block.admission.kind != "answer" or share is None:
            continue
        for item in share.items:
            locate = world.order.blocks[Heights.decode(block.admission.further).named[item.index]]
            heights = Heights.decode(locate.admission.further).named
            for at, slot in enumerate(split_frame(item.content, slots=len(heights))):
                key = y.answer_key(
                    answerer=block.admission.author,
                    signal=world.order.blocks[heights[at]].admission.id,
                    locate=locate.admission.id,
                )
                context = SlotContext(block.admission.author, locate.admission.id, at)
                opened += open_slot(slot, key=key, context=context) is not None
    return opened


def test_whoever_placed_falsely_recognises_every_later_signal_about_that_person(
    world: TappedWorld,
) -> None:
    """What it gains: agency, desk and day of all later ones, until the epochs have closed.

    The others see its signal on the chain, counted and open to a sample, and find no match.
    """
    place_falsely(world)
    post(world, ATTACKER, ANNA)

    by_uwv, by_szw, about_ben = (
        post(world, "uwv", ANNA),
        post(world, "szw", ANNA),
        post(world, "uwv", BEN),
    )

    assert recognised(world) == {("uwv", by_uwv, DESKS["uwv"]), ("szw", by_szw, DESKS["szw"])}
    assert about_ben not in {height for _, height, _ in recognised(world)}
    assert met(world, "uwv") == {("szw", by_szw)}


def test_an_item_that_should_be_deleted_tells_whoever_keeps_it_of_one_person_a_signal(
    world: TappedWorld,
) -> None:
    """What it gains: for one person per posted signal it looks back, also at what was withdrawn."""
    withdrawn, about_ben = post(world, "uwv", ANNA), post(world, "uwv", BEN)
    withdraw(world, "uwv", withdrawn)
    assert recognised(world) == set()

    post(world, ATTACKER, ANNA)

    assert met(world, ATTACKER) == set()
    assert recognised(world) == {("uwv", withdrawn, DESKS["uwv"])}
    assert about_ben not in {height for _, height, _ in recognised(world)}


def entries(world: TappedWorld, kind: str, author: str) -> list[Digest]:
    """Return the ids of an author's entries of a kind."""
    admitted = [block.admission for block in world.order.blocks]
    return [one.id for one in admitted if (one.kind, one.author) == (kind, author)]


def test_who_owes_no_answer_is_shown_no_item(world: TappedWorld) -> None:
    world.cut("szw")
    post(world, "uwv", ANNA)
    (locate,) = entries(world, "locate", "uwv")

    # SZW has not answered; SVB has, and BZK is no issuer.
    (for_szw,) = world.items("uwv", "szw", [locate])
    others = [world.items(source, by, [locate]) for source in ALL for by in ("svb", "bzk")]

    assert len(Share.decode(for_szw).items) == 1
    assert others == [[b""]] * len(others)


def test_frames_are_shown_to_nobody_but_whom_they_answer() -> None:
    # SVB's frames do not reach UWV, and wait for it at SVB and at the custodians.
    world = CrookedWorld(seed=6, author="svb", shows=lose_answers)
    world.silent = set(ALL)
    post(world, "uwv", ANNA)
    world.shows, world.silent = None, set()
    answers = entries(world, "answer", "svb")

    by_others = [world.items(source, by, answers) for source in ALL for by in ("szw", "bzk")]
    by_uwv = [world.items(source, "uwv", answers) for source in ALL]

    assert by_others == [[b""]] * len(by_others)
    assert any(part for (part,) in by_uwv)


def lose_answers(kind: str, to: str, share: Share) -> Share | None:
    return None if (kind, to) == ("answer", "uwv") else share


def test_an_honest_issuer_has_no_item_left_to_look_back_into(world: TappedWorld) -> None:
    post(world, "uwv", ANNA)
    post(world, "szw", BEN)
    post(world, ATTACKER, ANNA)

    database = world.parties[ATTACKER].database
    disk, kept = database.raw.serialize(), set(database.column("SELECT entry_id FROM custody"))
    items = [
        item.content
        for block in world.order.blocks
        if block.admission.kind == "locate" and block.admission.author != ATTACKER
        for item in world.pushed[block.admission.id][ATTACKER].items
    ]

    assert len(items) == 2
    assert not any(item[:16] in disk for item in items)
    # Nor in a box, to which it has the key.
    assert kept.isdisjoint(
        b.admission.id for b in world.order.blocks if b.admission.kind == "locate"
    )
