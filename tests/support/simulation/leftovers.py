"""The oracle's other half: what lies in a node's tables at rest, against what may lie there."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from ledger.block import Block
from ledger.state import STALE_AFTER
from nodes.store import chain
from tests.support.simulation.party import Party
from tests.support.simulation.truth import Sent, Truth
from tests.support.simulation.world import World

_TRANSIENT = ("placing", "wanted", "frame", "unopened", "withdrawing", "new_match")
"""Tables that are empty at rest."""
_LEFT_FOR_OTHERS = timedelta(days=7)
_BLAMES = ("void-slot", "false-card")


def left_at(party: Party, world: World, truth: Truth) -> Iterator[str]:
    """Yield what a node at rest has too much, or lacks."""
    for table in _TRANSIENT:
        if party.has(table):
            yield f"rows are left in {table}"
    if party.has("dispatch", "kind = 'locate'"):
        yield "an own locate that everybody has answered is kept"
    own = [sent for sent in truth.live if sent.author == party.name]
    yield from _in_custody(party, world, truth)
    yield from _in_watch(party, world, truth, own)
    yield from _in_presence(party, truth, own)
    yield from _in_cases(party)
    with party.database.read() as connection:
        blamed = chain.refusals(connection).keys() & _BLAMES
    if blamed:
        yield f"honest issuers are blamed for {sorted(blamed)}"
    for spans in truth.epochs.spans.values():
        for span in spans:
            name = (span.document.purpose, span.document.number)
            if span.closed is not None and name not in party.shares.destroyed:
                yield f"shares of the closed epoch {name} are kept"


def _in_custody(party: Party, world: World, truth: Truth) -> Iterator[str]:
    blocks = {block.admission.id: block for block in world.order.blocks}
    with party.database.read() as connection:
        today = date.fromordinal(chain.cursor(connection, "effects-day") or 1)
    held = set()
    for entry_id, day in party.database.raw.execute("SELECT entry_id, day FROM custody"):
        block = blocks.get(entry_id)
        if block is None:
            if date.fromisoformat(day) < today - STALE_AFTER:
                yield "a share that can never come on the chain is kept"
        elif block.admission.kind == "signal":
            held.add(block.height)
        elif block.admission.kind != "answer" or _is_addressed(party, world, truth, block.height):
            yield f"an item of the {block.admission.kind} in block {block.height} is kept"
        elif block.admission.day < today - _LEFT_FOR_OTHERS:
            yield f"frames of block {block.height} are kept for others for too long"
    signed = {
        sent.height
        for sent in truth.live
        if any(
            line.name.endswith(f"/{party.name}")
            for line in Block.decode(world.order.blocks[sent.height].raw).signed.lines[1:]
        )
    }
    for height in sorted(held - signed):
        yield f"content of the signal in block {height} is kept"
    for height in sorted(signed - held):
        yield f"content of the signal in block {height} is lost"


def _is_addressed(party: Party, world: World, truth: Truth, height: int) -> bool:
    """Tell whether the `answer` at `height` answers a `locate` of this node's."""
    return any(
        world.order.blocks[locate].admission.author == party.name
        for (locate, _), answers in truth.answered.items()
        if height in [at for at, _ in answers]
    )


def _in_watch(party: Party, world: World, truth: Truth, own: list[Sent]) -> Iterator[str]:
    others = world.order.newest.issuers - {party.name}
    key = party.stores.watch._key

    def watched_under(epochs_of: Callable[[Sent], list[int]]) -> set[bytes]:
        return {
            key((other, locator))
            for sent in own
            for epoch in epochs_of(sent)
            for other in others
            for locator in sent.y(epoch).locators(other)
        }

    watched = watched_under(truth.epochs_of)
    rows = party.database.column("SELECT key, box FROM watch")
    if extra := set(rows) - watched:
        yield f"{len(extra)} locators are watched without a live signal"
    if missing := watched_under(truth.sure_epochs_of) - set(rows):
        yield f"{len(missing)} locators of others are not watched"
    if rows != sorted(rows):
        yield "the order of rows on disk tells when locators were first watched"
    gone = {
        key((other, sent.y(epoch).locators(other)[0]))
        for sent in truth.signals.values()
        if sent.author == party.name
        for epoch in truth.epochs.open_at(sent.purpose, sent.height)
        for other in others
    } - watched
    if gone:
        disk = party.database.raw.serialize()
        if any(row in disk for row in gone):
            yield "a locator that is not watched any more is still on the disk"


def _in_presence(party: Party, truth: Truth, own: list[Sent]) -> Iterator[str]:
    about = {
        (sent.person.digits, sent.purpose, epoch) for sent in own for epoch in truth.epochs_of(sent)
    }
    with party.database.read() as connection:
        presences = [presence for _, presence in party.stores.presences.all(connection)]
    for presence in presences:
        numbers = {epoch.number for epoch in truth.epochs.open_now(presence.purpose)}
        if presence.epoch not in numbers:
            yield f"what followed from the closed epoch {presence.epoch} is kept"
        elif presence.y and (presence.digits, presence.purpose, presence.epoch) not in about:
            yield "a pseudonym is kept of a person about whom no signal is left"


def _in_cases(party: Party) -> Iterator[str]:
    expected = defaultdict(set)
    with party.database.read() as connection:
        for match in party.stores.matches.all(connection):
            expected[match.digits, match.purpose].add(match.id)
        cases = party.stores.matches.cases(connection, count=1_000)
    found = {(case.digits, case.purpose): set(case.match_ids) for case in cases}
    if found != expected or len({case.id for case in cases}) != len(cases):
        yield "cases are not the matches, grouped by person and purpose"
