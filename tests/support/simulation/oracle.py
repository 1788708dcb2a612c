"""The oracle: everything that is wrong with a consortium at rest, each in one line.

What nodes have is held against `Truth`, which knows nothing of how they match.
"""

from collections import defaultdict
from collections.abc import Iterator

from ledger.body import Share
from ledger.heights import Heights
from ledger.locator import LocateItem
from nodes.store.matches import Match
from tests.support.simulation.leftovers import left_at
from tests.support.simulation.order import DESKS, NEWCOMER
from tests.support.simulation.party import Party
from tests.support.simulation.truth import Pair, Truth
from tests.support.simulation.world import World


def findings(world: World) -> list[str]:
    """Return what is wrong; nothing, if all is well."""
    wrong = list(_of_chain(world))
    if wrong:
        # Without these nothing else can be told.
        return wrong
    truth = Truth(world)
    wrong += _of_answers(world, truth)
    if wrong:
        return wrong
    wrong += _of_matches(world, truth)
    wrong += _of_locators(world)
    for party in world.parties.values():
        wrong += [f"{party.name}: {what}" for what in left_at(party, world, truth)]
    return wrong


def overdue(world: World) -> list[str]:
    """Return who of those that are up owes something, though days went by (MATCHING, rule 10)."""
    state = world.order.newest
    up = {name for name, party in world.parties.items() if party.is_up}
    found = [
        f"{sorted(owed.waiting & up)} owe an answer to the locate in block {height}"
        for height, owed in state.outstanding.locates.items()
        if owed.waiting & up
    ]
    # Locators are shown to issuers alone, and to those that were when they were drafted: one that
    # is up without any of these has nobody to sign.
    if len(up & state.issuers - {NEWCOMER}) > 1:
        found += [
            f"{owed.author} owes a locate of the signal in block {height}"
            for height, owed in state.outstanding.signals.items()
            if owed.author in up
        ]
    return found


def _of_chain(world: World) -> Iterator[str]:
    state = world.order.newest
    for local_id, posted in world.posted.items():
        if world.parties[posted.author].has("signal", f"local_id = '{local_id}' AND NOT final"):
            yield f"a signal of {posted.author} never came on the chain"
    for height in state.outstanding.signals:
        yield f"the signal in block {height} stands unlocated"
    for height, owed in state.outstanding.locates.items():
        yield f"the locate in block {height} is not answered by {', '.join(sorted(owed.waiting))}"


def _of_answers(world: World, truth: Truth) -> Iterator[str]:
    for height in truth.signals:
        if len(truth.located[height]) != 1:
            yield f"the signal in block {height} is located {len(truth.located[height])} times"
    for block in world.order.blocks:
        if block.admission.kind != "locate":
            continue
        issuers = world.order.states[block.height].issuers - {block.admission.author}
        answerers = {by for locate, by in truth.answered if locate == block.height}
        repeated = [n for n in issuers if len(truth.answered[block.height, n]) != 1]
        if answerers != issuers or repeated:
            yield f"the locate in block {block.height} is not answered once by {sorted(issuers)}"


def _of_matches(world: World, truth: Truth) -> Iterator[str]:
    sides: dict[Pair, list[Match]] = defaultdict(list)
    for party in world.parties.values():
        for match in _matches(party):
            sides[_pair(match)].append(match)
            if wrong := _wrong_with(match, party.name, truth):
                yield wrong
    for pair in sorted(truth.must_match - set(sides)):
        yield f"the match of {pair} was missed"
    for pair, matches in sorted(sides.items()):
        if len({match.own_height for match in matches}) != 2:
            yield f"the match of {pair} stands on one side only"
        elif len(matches) != 2:
            yield f"the match of {pair} stands {len(matches)} times"
        elif len({match.id for match in matches}) != 1:
            yield f"the match of {pair} has another id at each side"


def _pair(match: Match) -> Pair:
    return min(match.own_height, match.height), max(match.own_height, match.height)


def _wrong_with(match: Match, name: str, truth: Truth) -> str | None:
    own, other = truth.signals.get(match.own_height), truth.signals.get(match.height)
    pair = _pair(match)
    if own is None or other is None or own.author != name:
        return f"{name} invented a match of {pair}"
    if own.is_withdrawn or other.is_withdrawn:
        return f"the match of {pair} dangles at {name}: one was withdrawn"
    if (match.member, match.desk) != (other.author, DESKS[other.author]):
        return f"{name} takes {pair} for a match with another desk"
    if pair not in truth.may_match:
        return f"{name} invented a match of {pair}"
    if match.id not in truth.may_match[pair]:
        return f"{name} gives the match of {pair} another id"
    return None


def _of_locators(world: World) -> Iterator[str]:
    """Tell which locators were sent for two signals."""
    meant: dict[tuple[str, bytes], set[int]] = defaultdict(set)
    for shown in world.shown.values():
        entry = shown.signed.entry
        heights = Heights.decode(entry.further).named
        for item in Share.decode(shown.body).items:
            for placement in LocateItem.decode(item.content).placements:
                meant[entry.author, placement.locator].add(heights[item.index])
    for (author, _), signals in meant.items():
        if len(signals) > 1:
            yield f"{author} sent one locator for the signals in blocks {sorted(signals)}"


def _matches(party: Party) -> list[Match]:
    with party.database.read() as connection:
        return party.stores.matches.all(connection)
