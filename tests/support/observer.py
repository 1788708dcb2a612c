"""Observers: what each reads of two signals, or of one, as a string of small numbers.

Distances and delays stand on a scale that doubles; bytes are compared by how many of their bits
differ and by which of their bytes are equal. What can be learned from it, a distinguisher learns.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random

from tests.support.distinguisher import Area, tell_apart
from tests.support.observing import ISSUERS, Entered, Year

_NAMES = ("", "bzk", *ISSUERS)
_MOST = 15
_CHUNK = 16
ReadPair = Callable[[Year, int, int], bytes]
"""Reads two signals, the one of the lower height first."""
ReadOne = Callable[[Year, int, str], bytes]
"""Reads a signal with the eyes of a member that posted nothing about its person."""


def link(year: Year, read: ReadPair) -> Area:
    """Tell pairs of signals about one person from pairs about two, as `read` sees them.

    Learned from half of the people, and tried on the others. No signal is in two pairs of a kind:
    what pairs had in common would make chance look like knowledge.
    """
    random = Random(len(year.signals))
    about: dict[str, list[int]] = defaultdict(list)
    for height in random.sample(sorted(year.signals), len(year.signals)):
        about[year.persons[height].digits].append(height)
    people = random.sample(sorted(about), len(about))
    middle = len(people) // 2
    ones, others = [], []
    for half in (people[:middle], people[middle:]):
        heights = [height for digits in half for height in about[digits]]
        mixed = random.sample(heights, len(heights))
        ones.append([pair for digits in half for pair in _pairs(about[digits])])
        others.append([p for p in _pairs(mixed) if year.persons[p[0]] != year.persons[p[1]]])
    count = min(map(len, [*ones, *others]))
    return tell_apart(
        [read(year, *pair) for half in ones for pair in half[:count]],
        [read(year, *pair) for half in others for pair in half[:count]],
    )


def _pairs(heights: Sequence[int]) -> list[tuple[int, int]]:
    """Return neighbours in pairs, the lower first, each in one pair at most."""
    return [(min(pair), max(pair)) for pair in zip(heights[::2], heights[1::2], strict=False)]


def tell_matches(year: Year, read: ReadOne) -> Area:
    """Tell signals that met another issuer's from those that met none, as a third issuer sees them.

    Of persons about whom the third one posted itself it knows more, and may.
    """
    posted: dict[str, set[str]] = defaultdict(set)
    for height, signal in year.signals.items():
        posted[year.persons[height].digits].add(signal.author)
    seen: dict[bool, list[bytes]] = {True: [], False: []}
    for height in Random(len(posted)).sample(sorted(year.signals), len(year.signals)):
        signal = year.signals[height]
        by = posted[year.persons[height].digits]
        for third in year.receivers(height):
            if third not in by:
                seen[by != {signal.author}].append(read(year, height, third))
    return tell_apart(seen[True], seen[False])


def public(year: Year, one: int, other: int) -> bytes:
    """Read what the chain says of two signals, of their `locate` entries, answers and erasures."""
    first, second = year.signals[one], year.signals[other]
    placed, also = year.located[one], year.located[other]
    found = [
        _name(first.author) == _name(second.author),
        _scale(second.day - first.day),
        _scale(other - one),
        first.size == second.size,
        first.stored_by == second.stored_by,
        placed.locate == also.locate,
        _scale(also.locate.height - placed.locate.height),
        _scale(also.index - placed.index),
        _scale(placed.count),
        _scale(also.count),
        placed.locate.stored_by == also.locate.stored_by,
        _scale((also.locate.height - other) - (placed.locate.height - one)),
        placed.answers.keys() == also.answers.keys(),
        *_answered(year, one),
        *_answered(year, other),
        *_erased(year, first, since=one),
        *_erased(year, second, since=other),
        *_erased(year, first, since=other),
    ]
    alike = (
        *_alike(first.commitment, second.commitment),
        *_alike(first.signed.id, second.signed.id),
        *_alike(first.signed.lines[0].signature, second.signed.lines[0].signature),
        *_alike(placed.locate.commitment, also.locate.commitment),
        *_alike(first.commitment, also.locate.commitment),
    )
    return bytes([*found, *alike])


def shown(year: Year, one: int, other: int) -> bytes:
    """Read all that members showed each other so that these signals could meet, and what is public.

    Nobody is shown all of it: these are the items that each issuer got, and the frames.
    """
    author, another = year.signals[one].author, year.signals[other].author
    answers, also = year.slots[one], year.slots[other]
    asked = answers.get(another) or next(iter(answers.values()))
    asked_too = also.get(author) or next(iter(also.values()))
    whole = (year.items[one] + b"".join(answers.values()), year.items[other] + asked_too)
    return bytes(
        [
            *public(year, one, other),
            *_alike(year.items[one], year.items[other]),
            *_alike(asked, asked_too),
            *_alike(year.items[one], asked_too[: len(year.items[one])]),
            not _chunks(whole[0]).isdisjoint(_chunks(whole[1])),
        ]
    )


def third_party(year: Year, height: int, third: str) -> bytes:
    """Read of one signal what is public, the item that the third issuer got, and its erasures."""
    # An eighth of a byte's values each: a few thousand signals teach no more.
    item = (byte >> 5 for byte in year.items[height])
    return bytes([*witnessed(year, height, third), height in year.told[third], *item])


def witnessed(year: Year, height: int, third: str) -> bytes:
    """Read of one signal what the chain says, as a third issuer that answered it, too."""
    signal, placed = year.signals[height], year.located[height]
    other = next(name for name in year.receivers(height) if name != third)
    return bytes(
        [
            _scale(placed.locate.height - height),
            _scale(placed.index),
            _scale(placed.count),
            _scale(placed.answers[other].height - placed.answers[third].height),
            placed.answers[other].height > placed.answers[third].height,
            *(_name(name) for name in (_first_of(signal), _first_of(placed.locate))),
            *_answered(year, height),
            *_erased(year, signal, since=height),
            *_erased(year, placed.answers[other], since=height),
        ]
    )


def _answered(year: Year, height: int) -> list[int]:
    """Return of each answer how late it came, of what size, and who stored it first."""
    placed = year.located[height]
    return [
        value
        for answer in sorted(placed.answers.values(), key=lambda a: (a.author, a.height))
        for value in (
            _scale(answer.height - placed.locate.height),
            _scale(answer.size // 8),
            _name(_first_of(answer)),
        )
    ]


def _erased(year: Year, entered: Entered, *, since: int) -> list[int]:
    """Return when, how and for how many the author of an entry withdrew signals afterwards."""
    own = year.erasures_by[entered.author]
    at = bisect_right(own, since, key=lambda erasure: erasure.height)
    if at == len(own):
        return [_MOST, 0, 0, 0]
    count = int(own[at].signed.entry.further)
    return [
        _scale(own[at].height - since),
        _scale(count),
        _name(_first_of(own[at])),
        _scale(len(own) - at),
    ]


def _scale(distance: int) -> int:
    """Return 0 for 0, 1 for 1, 2 for 2 and 3, 3 for 4 to 7 …; 16 more where it is negative."""
    scaled = min(abs(distance).bit_length(), _MOST)
    return scaled if distance >= 0 else 16 + scaled


def _name(name: str) -> int:
    return _NAMES.index(name)


def _first_of(entered: Entered) -> str:
    return entered.stored_by[0] if entered.stored_by else ""


def _alike(one: bytes, other: bytes) -> list[int]:
    """Return how many bits differ, in quarters of what chance would make of it, and equal bytes."""
    size = min(len(one), len(other))
    pairs = list(zip(one[:size], other[:size], strict=True))
    differing = sum((a ^ b).bit_count() for a, b in pairs) - 4 * size
    equal = [a == b for a, b in pairs]
    return [_scale(differing), min(sum(equal), _MOST), *equal[:80]]


def _chunks(raw: bytes) -> set[bytes]:
    return {raw[at : at + _CHUNK] for at in range(0, len(raw) - _CHUNK + 1, 8)}
