"""Synthetic people without end, in the demonstration's situations; nobody comes twice too soon.

All have numbers of the range that is nobody's (9999…). After its 9,091 numbers the crowd begins
again: nobody may get more than sixteen signals of one agency.
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace

from demo.people import CaseSignal, people
from ledger.bsn import Bsn, synthetic_numbers

_SITUATIONS = 1_000


class Crowd:
    """Hands out signals about people of whom there were none yet."""

    def __init__(self) -> None:
        """Start with the first of them."""
        self._numbers = _numbers()
        self._people = people(_SITUATIONS)
        self._signals = (
            replace(signal, bsn=bsn)
            for person, bsn in zip(itertools.cycle(self._people), self._numbers, strict=False)
            for signal in person.signals
        )

    def signals(self, agency: str, count: int) -> list[CaseSignal]:
        """Return `count` signals by `agency`, each about somebody new."""
        known = [s for p in self._people for s in p.signals if s.agency == agency]
        return [
            replace(signal, bsn=next(self._numbers))
            for signal in itertools.islice(itertools.cycle(known), count)
        ]

    def cases(self, count: int) -> list[CaseSignal]:
        """Return `count` signals about new people, some of whom several agencies know."""
        return list(itertools.islice(self._signals, count))


def same(signals: list[CaseSignal], others: list[CaseSignal]) -> list[CaseSignal]:
    """Return `others` about the people of `signals`."""
    return [replace(o, bsn=s.bsn) for s, o in zip(signals, others, strict=True)]


def _numbers() -> Iterator[Bsn]:
    while True:
        yield from synthetic_numbers()
