"""A year of signals in a simulated consortium, and everything that lies about in public afterwards.

    year = Year.lived(signals=5_000, seed=1)
    year.signals[12].author              what the chain says of the signal in block 12
    year.persons[12]                     about whom it was: what an observer wants to know
    year.items[12], year.slots[12]       what members showed each other about it
    year.told["szw"]                     heights in the erasure items that SZW was given

Persons, authors, days and withdrawals are drawn independently of each other, so that whatever tells
two signals of one person from two of strangers was told by the protocol. Matching, store and order
of events are the real ones of `tests.support.simulation`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Self

from ledger.answer import split_frame
from ledger.block import Block
from ledger.body import Share
from ledger.bsn import Bsn, synthetic_numbers
from ledger.encoding import Digest
from ledger.entry import SignedEntry
from ledger.heights import Heights
from ledger.parts import decode_erasure
from tests.support.chain import PURPOSE
from tests.support.simulation.network import Push
from tests.support.simulation.world import World

ISSUERS = ("svb", "szw", "uwv")
_A_DAY = 100
_SETTLE, _WITHDRAW = 0.04, 0.12


class TappedWorld(World):
    """A world of which somebody notes everything that one node pushes to another."""

    def __init__(self, *, seed: int) -> None:
        """Found three issuers with an open epoch."""
        super().__init__(issuers=3, has_epochs=True, seed=seed)
        self.pushed: dict[Digest, dict[str, Share]] = defaultdict(dict)
        """By entry id and receiver: the items that the receiver got of it."""

    def arrive(self, index: int) -> None:
        """See `World`."""
        message = self.bag[index]
        if isinstance(message, Push):
            note, share = message.parcel
            self.pushed[SignedEntry.decode(note).id][message.to] = Share.decode(share)
        super().arrive(index)


@dataclass(frozen=True)
class Entered:
    """An entry in its block: all public."""

    height: int
    author: str
    kind: str
    day: int
    size: int
    signed: SignedEntry

    @property
    def stored_by(self) -> tuple[str, ...]:
        """Return who signed that it has a part of the body."""
        return tuple(line.name.rpartition("/")[2] for line in self.signed.lines[1:])

    @property
    def commitment(self) -> bytes:
        """Return the commitment; zeros where there is none."""
        return self.signed.entry.commitment or bytes(32)


@dataclass(frozen=True)
class Located:
    """In which `locate` a signal stands, at which place of how many, and who answered it where."""

    locate: Entered
    index: int
    count: int
    answers: dict[str, Entered]


@dataclass(frozen=True)
class Year:
    """What is left; all by height of the signal unless it says otherwise."""

    signals: dict[int, Entered]
    located: dict[int, Located]
    erasures: list[Entered]
    items: dict[int, bytes]
    slots: dict[int, dict[str, bytes]]
    """By height and answerer."""
    told: dict[str, set[int]]
    """By member: the heights that erasure items named to it."""
    persons: dict[int, Bsn] = field(repr=False)

    @classmethod
    def lived(cls, *, signals: int, seed: int) -> Self:
        """Let `signals` be posted, located, answered and, some of them, withdrawn."""
        world = _lived(signals, Random(seed), TappedWorld(seed=seed))
        year = cls.read([block.raw for block in world.order.blocks], persons=_persons(world))
        return replace(
            year,
            items={h: _item(world, at) for h, at in year.located.items()},
            slots={h: _slots(world, at) for h, at in year.located.items()},
            told=_told(world),
        )

    @classmethod
    def read(cls, blocks: Sequence[bytes], *, persons: dict[int, Bsn]) -> Self:
        """Read what a chain says; what members showed each other is not there."""
        entered = [_entered(raw) for raw in blocks]
        answers: dict[int, dict[str, Entered]] = defaultdict(dict)
        for entry in entered:
            if entry.kind == "answer":
                for height in Heights.decode(entry.signed.entry.further).named:
                    answers[height][entry.author] = entry
        located = {}
        for entry in entered:
            if entry.kind == "locate":
                named = Heights.decode(entry.signed.entry.further).named
                for index, height in enumerate(named):
                    located[height] = Located(entry, index, len(named), answers[entry.height])
        return cls(
            signals={e.height: e for e in entered if e.kind == "signal"},
            located=located,
            erasures=[e for e in entered if e.kind == "erasure"],
            items={},
            slots={},
            told={},
            persons=persons,
        )

    @cached_property
    def erasures_by(self) -> dict[str, list[Entered]]:
        """Return the erasures of each author, in order of height."""
        return {name: [e for e in self.erasures if e.author == name] for name in ISSUERS}

    def receivers(self, height: int) -> list[str]:
        """Return the issuers other than the author of a signal."""
        return [name for name in ISSUERS if name != self.signals[height].author]


def _lived(signals: int, random: Random, world: TappedWorld) -> TappedWorld:
    people = [bsn for bsn, _ in zip(synthetic_numbers(), range(signals // 2), strict=False)]
    left: list[str] = []
    for number in range(1, signals + 1):
        world.post(random.choice(ISSUERS), random.choice(people), PURPOSE)
        if random.random() < _SETTLE:
            world.settle()
            left = sorted(world.posted.keys() - world.withdrawn)
        if left and random.random() < _WITHDRAW:
            chosen = left.pop(random.randrange(len(left)))
            world.withdraw(world.posted[chosen].author, chosen)
        if number % _A_DAY == 0:
            world.settle()
            world.clock.turn(days=1)
    assert world.settle()
    return world


def _entered(raw: bytes) -> Entered:
    block = Block.decode(raw)
    entry = block.signed.entry
    day = entry.day.toordinal()
    return Entered(block.height, entry.author, entry.kind, day, len(raw), block.signed)


def _item(world: TappedWorld, at: Located) -> bytes:
    share = next(iter(world.pushed[at.locate.signed.id].values()))
    item = share.item(at.index)
    assert item is not None
    return item.content


def _slots(world: TappedWorld, at: Located) -> dict[str, bytes]:
    found = {}
    for answerer, answer in at.answers.items():
        named = Heights.decode(answer.signed.entry.further).named
        item = world.pushed[answer.signed.id][at.locate.author].item(named.index(at.locate.height))
        assert item is not None
        found[answerer] = split_frame(item.content, slots=at.count)[at.index]
    return found


def _told(world: TappedWorld) -> dict[str, set[int]]:
    told: dict[str, set[int]] = defaultdict(set)
    for block in world.order.blocks:
        if block.admission.kind == "erasure":
            for name, share in world.pushed[block.admission.id].items():
                told[name].update(h for item in share.items for h in decode_erasure(item.content))
    return told


def _persons(world: TappedWorld) -> dict[int, Bsn]:
    found = {}
    for party in world.parties.values():
        rows: Sequence[tuple[str, int]] = party.database.raw.execute(
            "SELECT local_id, height FROM signal"
        ).fetchall()
        found.update({height: world.posted[local_id].person for local_id, height in rows})
    return found
