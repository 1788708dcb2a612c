"""Random schedules: what happens in a consortium, drawn from a seed.

    play(4711) == []        nothing is wrong, once everything has come to rest

The same seed gives the same schedule, so a failure can be played again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from tests.support.simulation.oracle import findings, overdue
from tests.support.simulation.order import PURPOSES
from tests.support.simulation.party import TASKS, Party
from tests.support.simulation.signals import PERSONS
from tests.support.simulation.world import World

MAX_DAYS = 3
"""How often a schedule turns the day: what is kept for seven days must not run out."""
_USUAL = {
    "work": 60,
    "arrive": 40,
    "post": 8,
    "withdraw": 3,
    "lose": 2,
    "copy": 2,
    "linger": 1,
    "give_up": 2,
    "kill": 2,
    "restart": 1,
    "cut": 1,
    "mend": 4,
    "turn_day": 1,
    "open_epoch": 1,
    "close_epoch": 1,
    "join": 1,
    "settle": 1,
}
_SLOWNESS = 0.9
_SCENE = ("post", "settle", "post", "stir")


@dataclass(frozen=True)
class Mood:
    """What happens first in a schedule, what more often afterwards, and which tasks are slow."""

    beginning: tuple[str, ...] = ()
    often: Mapping[str, int] = field(default_factory=dict)
    slow: tuple[str, ...] = ()


_LOSSES = {"lose": 10, "copy": 8, "give_up": 8, "linger": 6}
MOODS: Mapping[str, Mood] = {
    "any": Mood(),
    "posting again": Mood(("post", "settle", "withdraw", "settle", "post"), {"post": 16}),
    "posting at once": Mood(("post", "settle", "post", "post", "stir")),
    "withdrawing": Mood((*_SCENE, "withdraw"), {"withdraw": 8}),
    "withdrawing late": Mood((*_SCENE, "withdraw"), {"withdraw": 8, **_LOSSES}),
    "answering late": Mood(
        ("post", "settle", "post", "settle", "withdraw"), {"withdraw": 8}, slow=("answering",)
    ),
    "closing": Mood(
        (*_SCENE, "lose", "open_epoch", "close_epoch"),
        {"open_epoch": 2, "close_epoch": 2, "lose": 8},
    ),
    "replacing": Mood(
        ("post", "stir", "replace_epoch"),
        {"post": 16, "replace_epoch": 3, "open_epoch": 2, "close_epoch": 2},
    ),
    "dying": Mood((), {"kill": 8, "restart": 5}),
    "losing": Mood(_SCENE, _LOSSES),
    "cut": Mood((*_SCENE, "cut", "turn_day"), {"cut": 5, "mend": 1, "turn_day": 3, "lose": 8}),
    "joining": Mood((*_SCENE, "join"), {"settle": 3}),
}


class Schedule:
    """The actions of one schedule; each draws what it needs and does it."""

    def __init__(self, seed: int, *, mood: str | None = None) -> None:
        """Draw from `seed`; in a given mood, all is about one person."""
        self._random = Random(seed)
        drawn = self._random.choice(list(MOODS))
        self._mood = MOODS[mood or drawn]
        self.world = World(
            issuers=self._random.choice((3, 3, 4)),
            has_epochs=self._random.random() < 0.95,
            seed=seed,
        )
        self.persons = PERSONS[: 1 if mood else self._random.choice((1, 1, 2, 3))]
        self.posts_left = self._random.randint(2, 8)
        self.days_left = MAX_DAYS

    def run(self, steps: int) -> None:
        """Do so many actions."""
        weights = {**_USUAL, **self._mood.often}
        drawn = self._random.choices(list(weights), list(weights.values()), k=steps)
        for name in (*self._mood.beginning, *drawn):
            act: Callable[[], None] = getattr(self, f"_{name}")
            act()

    def rest(self) -> list[str]:
        """Let everything come to rest, at first without those that are down; return what is wrong.

        Those that are up must have done what they owe, although days went by (MATCHING, rule 10).
        """
        world = self.world
        if not world.order.newest.epochs.spans:
            # Before the first epoch of all, signals wait to be located.
            world.order.open_epoch(PURPOSES[0])
        for party in world.parties.values():
            party.database.ticks_left = None
        if not all(party.is_up for party in world.parties.values()):
            world.settle()
            world.clock.turn(days=2)
            world.settle()
            if owing := overdue(world):
                return owing
            for name in world.parties:
                world.mend(name)
        world.settle(without=self._mood.slow)
        is_resting = world.settle()
        world.bring_lingering()
        return findings(world) if is_resting and world.settle() else ["nodes do not come to rest"]

    def _work(self) -> None:
        party = self._party()
        tasks = [task for task in TASKS if party.has_work(task) and not self._is_too_slow(task)]
        if party.position < len(self.world.order.batches):
            tasks.append("apply")
        if party.done < party.replica.height:
            tasks.append("effects")
        if not tasks:
            return
        task = self._random.choice(tasks)
        if task == "apply":
            self.world.apply(party.name, self._random.randint(1, 4))
        elif task == "effects":
            self.world.take_effects(party.name, self._random.randint(1, 6))
        else:
            self.world.work(party.name, task)

    def _is_too_slow(self, task: str) -> bool:
        return task in self._mood.slow and self._random.random() < _SLOWNESS

    def _arrive(self) -> None:
        if self.world.bag:
            self.world.arrive(self._message())

    def _lose(self) -> None:
        if self.world.bag:
            self.world.lose(self._message())

    def _copy(self) -> None:
        if self.world.bag:
            self.world.copy(self._message())

    def _give_up(self) -> None:
        if self.world.bag:
            self.world.give_up(self._message())

    def _linger(self) -> None:
        if self.world.bag:
            self.world.linger(self._message())

    def _stir(self) -> None:
        """Let some of what is under way go on."""
        for _ in range(self._random.randint(0, 60)):
            self._random.choice((self._work, self._arrive))()

    def _post(self) -> None:
        party = self._party()
        if self.posts_left and party.name in party.replica.state.issuers:
            self.posts_left -= 1
            purpose = self._random.choice((*PURPOSES[:1] * 9, PURPOSES[1]))
            self.world.post(party.name, self._random.choice(self.persons), purpose)

    def _withdraw(self) -> None:
        left = sorted(self.world.posted.keys() - self.world.withdrawn)
        if left:
            local_id = self._random.choice(left)
            self.world.withdraw(self.world.posted[local_id].author, local_id)

    def _kill(self) -> None:
        self.world.kill(self._party().name, after=self._random.randint(0, 60))

    def _restart(self) -> None:
        self.world.restart(self._party().name)

    def _cut(self) -> None:
        if sum(not party.is_up for party in self.world.parties.values()) < 2:
            self.world.cut(self._party().name)

    def _mend(self) -> None:
        self.world.mend(self._party().name)

    def _turn_day(self) -> None:
        if self.days_left:
            self.days_left -= 1
            self.world.clock.turn(days=1)

    def _open_epoch(self) -> None:
        self.world.order.open_epoch(self._random.choice(PURPOSES))

    def _replace_epoch(self) -> None:
        """Lose the key of an epoch."""
        purpose = self._random.choice((*PURPOSES[:1] * 9, PURPOSES[1]))
        known = self.world.order.newest.epochs.with_key(purpose)
        if known:
            self.world.order.replace_epoch(purpose, self._random.choice(known).number)

    def _close_epoch(self) -> None:
        self.world.order.close_epoch(self._random.choice(PURPOSES))

    def _join(self) -> None:
        self.world.join()

    def _settle(self) -> None:
        self.world.settle(without=self._mood.slow)

    def _party(self) -> Party:
        return self._random.choice(list(self.world.parties.values()))

    def _message(self) -> int:
        return self._random.randrange(len(self.world.bag))


def play(seed: int, *, mood: str | None = None) -> list[str]:
    """Play the schedule of a seed; return what is wrong at rest."""
    schedule = Schedule(seed, mood=mood)
    schedule.run(Random(seed).randint(40, 120))
    return schedule.rest()
