"""Ten thousand answers to hits and to misses by the real matcher: without y they are alike."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import Connection

from ledger.answer import MAX_CARDS, SLOT_BYTES, SlotContext, open_slot
from ledger.block import Block
from ledger.body import Item
from ledger.bsn import synthetic_numbers
from ledger.encoding import Digest
from ledger.locator import encode_item, place
from nodes.matcher import Matcher
from nodes.prober import Prober
from nodes.store.matches import Matches
from nodes.store.presence import PlacedSignal, Presence, Presences
from nodes.store.statement import driver
from nodes.store.watch import Watch
from tests.support.chain import PURPOSE
from tests.support.databases import VAULT, Follower, copy_of, migrate
from tests.support.distinguisher import advantage
from tests.support.epochs import deal, opening
from tests.support.signers import ORIGIN

_FRAMES = 10_000
_MUCH = 4.0
_SALT = bytes(32)
# The same bytes each time: a test of chance must not fail by chance.
RANDOM = Random(4711).randbytes


class Answerer:
    """UWV, with one live signal about Anna and sixteen about Ben; SVB has one more."""

    def __init__(self, connection: Connection, follower: Follower) -> None:
        """Answer from `connection` what `follower` has; its chain ends with the signals."""
        presences = Presences(VAULT, index_key=b"\x03" * 32)
        watch = Watch(VAULT, index_key=b"\x04" * 32)
        self._connection = connection
        matches = Matches(VAULT, index_key=b"\x05" * 32)
        matcher = Matcher(
            member="uwv",
            origin=ORIGIN,
            replica=follower.replica,
            presences=presences,
            watch=watch,
            matches=matches,
        )
        self._prober = Prober(
            member="uwv",
            origin=ORIGIN,
            matcher=matcher,
            presences=presences,
            watch=watch,
            matches=matches,
            random=RANDOM,
        )
        *own, raw = follower.chain.blocks[-MAX_CARDS - 1 :]
        self._theirs = Block.decode(raw)
        self.people = []
        for bsn, count in zip(synthetic_numbers(), (1, MAX_CARDS), strict=False):
            blocks = [Block.decode(block) for block in own[:count]]
            placed = tuple(
                PlacedSignal(bytes([slot]) * 16, slot, 1, block.height, block.signed.id, True)
                for slot, block in enumerate(blocks)
            )
            presence = Presence(bsn.digits, PURPOSE, 1, RANDOM(64), 0, placed)
            key = presences.put(connection, presence)
            watch.add(connection, matcher.places(presence), presence=key)
            self.people.append(presence)

    def answer(self, about: Presence, locate: Digest) -> bytes:
        """Return the slot that answers SVB's signal, placed where one about that person is."""
        signal = self._theirs.signed.id
        placement = place(about.pseudonym(ORIGIN), author="svb", signal=signal, slot=3, desk=2)
        return self._prober._answer(
            self._connection,
            author="svb",
            located=self._theirs.height,
            item=Item(0, _SALT, encode_item([placement], random=RANDOM)),
            context=SlotContext("uwv", locate, 0),
        ).slot

    def statements(self, about: Presence) -> list[str]:
        """Return the statements, without values, that answering about that person takes."""
        seen: list[str] = []
        driver(self._connection).set_trace_callback(seen.append)
        self.answer(about, Digest(RANDOM(32)))
        driver(self._connection).set_trace_callback(None)
        return [" ".join(statement.split()[:3]) for statement in seen]

    def opens(self, slot: bytes, about: Presence, locate: Digest) -> int:
        """Return how many cards whoever knows the person reads in a slot."""
        key = about.pseudonym(ORIGIN).answer_key(
            answerer="uwv", signal=self._theirs.signed.id, locate=locate
        )
        return len(open_slot(slot, key=key, context=SlotContext("uwv", locate, 0)) or ())


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answerer]:
    folder = tmp_path_factory.mktemp("answerer")
    with closing(copy_of(migrate(folder), folder)) as database:
        follower = Follower(database)
        consortium = follower.chain.consortium
        follower.apply(opening(consortium, deal(consortium, 1).document))
        for _ in range(MAX_CARDS):
            follower.chain.post("uwv")
        follower.chain.post("svb")
        follower.catch_up()
        with database.begin() as connection:
            yield Answerer(connection, follower)


@pytest.fixture(scope="module")
def hits(answerer: Answerer) -> list[bytes]:
    """Return what answers signals about Anna and, one in fifty, about Ben."""
    slots = []
    for number in range(_FRAMES):
        person = answerer.people[number % 50 == 0]
        locate = Digest(RANDOM(32))
        slot = answerer.answer(person, locate)
        assert answerer.opens(slot, person, locate) == len(person.signals)
        slots.append(slot)
    return slots


@pytest.fixture(scope="module")
def misses(answerer: Answerer) -> list[bytes]:
    """Return what answers signals about somebody whom UWV does not know."""
    nobody = replace(answerer.people[0], y=RANDOM(64))
    locates = [Digest(RANDOM(32)) for _ in range(_FRAMES)]
    return [answerer.answer(nobody, locate) for locate in locates]


def test_frames_of_hits_and_misses_have_one_size(hits: list[bytes], misses: list[bytes]) -> None:
    assert {len(slot) for slot in (*hits, *misses)} == {SLOT_BYTES}


def test_no_part_of_a_frame_comes_twice(hits: list[bytes], misses: list[bytes]) -> None:
    for start in range(0, SLOT_BYTES, 16):
        parts = {slot[start : start + 16] for slot in (*hits, *misses)}
        assert len(parts) == 2 * _FRAMES


def test_a_distinguisher_without_y_cannot_tell_hits_from_misses(
    hits: list[bytes], misses: list[bytes]
) -> None:
    assert advantage(hits, misses) < _MUCH


def test_a_hit_and_a_miss_are_the_same_work_for_the_database(answerer: Answerer) -> None:
    anna = answerer.people[0]
    nobody = replace(anna, y=RANDOM(64))

    of_hit, of_miss = answerer.statements(anna), answerer.statements(nobody)

    assert sorted(of_hit) == sorted(of_miss)
    assert len(of_hit) > 5


@pytest.mark.parametrize("at", [0, 24, 100, SLOT_BYTES - 1])
def test_that_distinguisher_notices_one_byte_that_is_not_quite_random(
    hits: list[bytes], misses: list[bytes], at: int
) -> None:
    # Its highest bit is set in three of four, instead of in two.
    spoiled = [
        slot[:at] + bytes([slot[at] | (slot[at] << 1 & 0x80)]) + slot[at + 1 :] for slot in hits
    ]

    assert advantage(spoiled, misses) > _MUCH
