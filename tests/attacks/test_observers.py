"""Who looks on, and knows no pseudonym, tries to find out which signals are about one person.

It has 5,000 signals of fifty days, with their `locate` entries, answers and erasures. What two
signals of one person have in common that two of strangers have not, it learns from one half of the
people, told to it, and tries on the other half. People, authors, days and withdrawals are drawn
independently, so that nothing but the protocol can have told it.

The same learner finds each of the leaks that are planted here: if there were one like it, this
would be red.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from ledger.encoding import sha256
from tests.support.observer import link, public, shown, tell_matches, third_party
from tests.support.observing import Entered, Year

SIGNALS = 5_000
_PIECE = 8
Plant = Callable[[Year], Year]


@pytest.fixture(scope="module")
def year() -> Year:
    """Return what lies about after a consortium's busy weeks; the same each time."""
    return Year.lived(signals=SIGNALS, seed=5)


def test_an_observer_with_all_public_bytes_links_no_two_signals_of_one_person(year: Year) -> None:
    area = link(year, public)

    assert len(year.signals) == SIGNALS
    assert len(year.erasures) > 100
    assert area.is_blind, area.interval


def test_an_observer_with_all_items_and_frames_links_no_two_signals_of_one_person(
    year: Year,
) -> None:
    area = link(year, shown)

    assert all(len(slots) == 2 for slots in year.slots.values())
    assert area.is_blind, area.interval


def test_no_piece_of_any_item_or_frame_ever_comes_twice(year: Year) -> None:
    # What comes twice links without any learning, however seldom it does.
    shown_once: set[bytes] = set()
    count = 0
    for height, item in year.items.items():
        for raw in (year.signals[height].commitment, item, *year.slots[height].values()):
            pieces = [raw[at : at + _PIECE] for at in range(0, len(raw), _PIECE)]
            shown_once.update(pieces)
            count += len(pieces)

    assert count > 60 * SIGNALS
    assert len(shown_once) == count


def test_frames_timing_and_erasures_tell_no_third_issuer_of_a_match(year: Year) -> None:
    area = tell_matches(year, third_party)

    assert area.is_blind, area.interval


def test_erasure_items_of_all_members_together_tell_which_signals_had_met(year: Year) -> None:
    """What it gains: of a withdrawn signal, all members know together with whom it had met.

    Each is told of its own matches only, which it knows already; BZK keeps the content of all.
    """
    met = {height for name in ("svb", "szw", "uwv") for height in year.told[name]}

    assert len(met) > 100
    assert len(met - met_somebody(year)) == 0
    assert met < year.told["bzk"]


def met_somebody(year: Year) -> set[int]:
    """Return the signals about whose person another issuer posted too."""
    authors: dict[str, set[str]] = {}
    for height, signal in year.signals.items():
        authors.setdefault(year.persons[height].digits, set()).add(signal.author)
    return {h for h in year.signals if len(authors[year.persons[h].digits]) > 1}


def chance(year: Year, height: int) -> int:
    """Return a number from 0 to 255 that follows from the person, who cannot choose it."""
    return sha256(year.persons[height].digits.encode())[0]


def committed(year: Year, height: int, signal: Entered) -> Entered:
    """Return the signal with a byte of its commitment that follows from the person."""
    raw = bytearray(signal.commitment)
    raw[20] = chance(year, height)
    entry = replace(signal.signed.entry, commitment=bytes(raw))
    return replace(signal, signed=replace(signal.signed, entry=entry))


def commitment_tells(year: Year) -> Year:
    """Let the commitments of a third of the people share a byte."""
    signals = {
        height: committed(year, height, signal) if chance(year, height) % 3 == 0 else signal
        for height, signal in year.signals.items()
    }
    return replace(year, signals=signals)


def size_tells(year: Year) -> Year:
    """Let blocks of a third of the people be a byte longer."""
    signals = {
        height: replace(signal, size=signal.size + (chance(year, height) % 3 == 0))
        for height, signal in year.signals.items()
    }
    return replace(year, signals=signals)


def locators_tell(year: Year) -> Year:
    """Let the locators of a third of the people share a byte, whoever places them."""
    items = {
        height: bytes([chance(year, height)]) + item[1:] if chance(year, height) % 3 == 0 else item
        for height, item in year.items.items()
    }
    return replace(year, items=items)


def nonces_tell(year: Year) -> Year:
    """Let the frames about a third of the people begin alike."""
    slots = {
        height: {
            name: bytes([chance(year, height)]) + slot[1:]
            if chance(year, height) % 3 == 0
            else slot
            for name, slot in frames.items()
        }
        for height, frames in year.slots.items()
    }
    return replace(year, slots=slots)


def answers_tell(year: Year) -> Year:
    """Let one in four answers to a match be ordered sixteen blocks later."""
    met, located = met_somebody(year), {}
    for height, at in year.located.items():
        late = 16 * (height in met and height % 4 == 0)
        answers = {n: replace(a, height=a.height + late) for n, a in at.answers.items()}
        located[height] = replace(at, answers=answers)
    return replace(year, located=located)


def erasures_tell(year: Year) -> Year:
    """Let everybody hear of erasures of signals that had met, instead of those concerned."""
    met = year.told["bzk"] & met_somebody(year)
    return replace(year, told={name: told | met for name, told in year.told.items()})


LINKING: Mapping[str, tuple[Plant, bool]] = {
    "commitments": (commitment_tells, True),
    "sizes": (size_tells, True),
    "locators": (locators_tell, False),
    "nonces": (nonces_tell, False),
}


@pytest.mark.parametrize("leak", LINKING)
def test_the_observer_would_find_a_leak_by(year: Year, leak: str) -> None:
    plant, is_public = LINKING[leak]

    area = link(plant(year), public if is_public else shown)

    assert area.interval[0] > 0.5


@pytest.mark.parametrize("plant", [answers_tell, erasures_tell])
def test_a_third_issuer_would_find_a_leak_by(year: Year, plant: Plant) -> None:
    area = tell_matches(plant(year), third_party)

    assert area.interval[0] > 0.5
