"""Somebody times UWV's node: how long it works on another's item before it answers."""

from itertools import islice

from ledger.bsn import Bsn, synthetic_numbers
from tests.support.chain import PURPOSE
from tests.support.observing import TappedWorld

KNOWN, *STRANGERS = islice(synthetic_numbers(), 13)
VICTIM = "uwv"


def statements_of_probe(world: TappedWorld, person: Bsn) -> int:
    """Let SVB post about a person; return how many statements UWV's probe of its item took."""
    party = world.parties[VICTIM]
    counts: dict[str, list[int]] = {}
    seen = 0

    def count(_: str) -> None:
        nonlocal seen
        seen += 1

    take = party.take_effects
    party.database.raw.set_trace_callback(count)

    def one_by_one(_: int) -> None:
        nonlocal seen
        while party.done < party.replica.height:
            kind, seen = world.order.blocks[party.done].admission.kind, 0
            take(1)
            counts.setdefault(kind, []).append(seen)

    party.take_effects = one_by_one  # type: ignore[assignment, method-assign]
    try:
        world.post("svb", person, PURPOSE)
        assert world.settle()
    finally:
        party.take_effects = take  # type: ignore[method-assign]
        party.database.raw.set_trace_callback(None)
    (probed,) = counts["locate"]
    return probed


def test_timing_tells_no_hit_from_a_miss() -> None:
    """What it gains: nothing that the database's work would show; what a match needs comes later.

    The author of the `locate` learns of the match anyway.
    """
    world = TappedWorld(seed=8)
    world.post(VICTIM, KNOWN, PURPOSE)
    assert world.settle()

    misses = {statements_of_probe(world, person) for person in STRANGERS}
    hits = {statements_of_probe(world, KNOWN) for _ in range(5)}

    assert len(misses) == 1
    assert hits == misses


def test_timing_tells_no_stranger_from_another_whoever_is_watched() -> None:
    world = TappedWorld(seed=9)
    first = statements_of_probe(world, STRANGERS[0])
    for person in islice(synthetic_numbers(), 20, 40):
        world.post(VICTIM, person, PURPOSE)
    assert world.settle()

    assert statements_of_probe(world, STRANGERS[1]) == first
