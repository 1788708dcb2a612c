"""UWV's software is altered: it wants pseudonyms of people about whom it posts nothing.

It has its own keys, knows every BSN, and talks to all four key holders, each of which is honest.
What it needs is an evaluation by BZK and by one more agency; its own share it may use as it likes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from ledger.body import Body, Item, Share
from ledger.bsn import Bsn, synthetic_numbers
from ledger.commitment import commit
from ledger.entry import Entry
from ledger.errors import LedgerError
from ledger.group import Point, Scalar
from ledger.rules.signal import ALPHA
from ledger.threshold import combine
from ledger.voprf import Alpha, blind, finalize, person_input
from nodes.evaluator import Person
from nodes.holder import Asked
from nodes.store.database import Database
from tests.support.chain import PURPOSE, make_signal
from tests.support.holding import Holding
from tests.support.parties import ALL, DAY, make_consortium, seeded
from tests.support.signers import ORIGIN

ANNA, BEN, *MANY = islice(synthetic_numbers(), 20)
ATTACKER = "uwv"
GROUPS = make_consortium().document.groups
OTHERS = tuple(name for name in ALL if name != ATTACKER)
BLINDING = Scalar.reduce(b"\x07" * 64)


@pytest.fixture
def holding(database: Database, tmp_path: Path) -> Holding:
    """Return holders of one open epoch."""
    holding = Holding(database, tmp_path)
    holding.open_epoch(1)
    return holding


@pytest.fixture
def anna(holding: Holding) -> Person:
    """Return what UWV has of a final signal about Anna."""
    return holding.post_about(ANNA, ATTACKER)


def gains(holding: Holding, *asked: Asked, purpose: str = PURPOSE) -> list[str]:
    """Ask every other holder; return those that evaluated."""
    evaluated = []
    for name in OTHERS:
        try:
            found = holding.holder(name).evaluate(asked, purpose=purpose, author=ATTACKER)
        except LedgerError:
            continue
        evaluated += [name] if found else []
    return evaluated


def body_of(*contents: bytes) -> Body:
    """Return a body of any items that the attacker likes."""
    items = tuple(Item(i, seeded(32, "salt", i), content) for i, content in enumerate(contents))
    return Body(items, Scalar.reduce(seeded(64, "r")))


def entry_of(body: Body) -> Entry:
    """Return UWV's entry that commits to a body."""
    commitment = commit(
        origin=ORIGIN,
        kind="signal",
        author=ATTACKER,
        date=DAY.isoformat(),
        digests=body.digests,
        r=body.r,
    )
    return Entry(ORIGIN, ATTACKER, "signal", DAY, commitment.encode())


def alpha_of(bsn: Bsn, *, purpose: str = PURPOSE) -> bytes:
    """Return an `alpha` item about a person."""
    return Alpha(purpose, blind(person_input(bsn), blinding=BLINDING)).encode()


def test_evaluation_without_a_posted_signal_is_refused_by_every_holder(
    holding: Holding, anna: Person
) -> None:
    body = body_of(alpha_of(BEN), b"never posted", b"jwt")
    share = body.share([ALPHA]).encode()

    # Everything that there is on the chain, and some way beyond it, is tried in its place.
    tried = [gains(holding, Asked(height, share)) for height in range(anna.asked.height + 3)]

    assert tried == [[]] * len(tried)
    assert gains(holding, anna.asked) == list(OTHERS)


def test_evaluation_for_anothers_signal_is_refused_although_all_of_it_is_known(
    holding: Holding,
) -> None:
    # SVB tells UWV all that it has of its own signal: the opening, even the blind.
    theirs = holding.post_about(ANNA, "svb")

    assert gains(holding, theirs.asked) == []


def test_evaluation_for_another_element_is_refused_by_every_holder(
    holding: Holding, anna: Person
) -> None:
    share = Share.decode(anna.asked.share)
    forged = replace(share.items[0], content=alpha_of(BEN))

    for digests in (share.digests, (forged.digest, *share.digests[1:])):
        other = replace(share, items=(forged,), digests=digests).encode()
        assert gains(holding, anna.asked._replace(share=other)) == []
        # Nor does it get through among others that are as they should be.
        assert gains(holding, anna.asked, anna.asked._replace(share=other)) == []


def test_evaluation_for_an_unfinal_signal_is_refused_by_every_holder(holding: Holding) -> None:
    # A signal that a quorum has not seen might yet be lost, and with it that it was posted.
    person = holding.post_about(BEN, ATTACKER, is_final=False)

    assert gains(holding, person.asked) == []


def test_evaluation_for_an_old_signal_is_refused_after_seven_days(
    holding: Holding, anna: Person
) -> None:
    holding.clock.turn(days=7)
    assert gains(holding, anna.asked) == list(OTHERS)

    holding.clock.turn(days=1)
    assert gains(holding, anna.asked) == []


def test_evaluation_under_another_purpose_is_refused_by_every_holder(
    holding: Holding, anna: Person
) -> None:
    holding.amend(lambda draft: draft["purpose"].append(draft["purpose"][0] | {"name": "armoede"}))
    holding.open_epoch(1, purpose="armoede")

    assert gains(holding, anna.asked, purpose="armoede") == []
    assert gains(holding, anna.asked, purpose="") == []


def test_evaluation_beyond_quota_finds_no_block_to_name(holding: Holding) -> None:
    holding.amend(lambda draft: draft["quota"].update(signal=3))

    posted = [holding.post_about(bsn, ATTACKER) for bsn in MANY[:6]]
    evaluated = [bool(gains(holding, person.asked)) for person in posted]

    # What the state machine skipped is in no block: three people a day, and no more.
    assert evaluated == [True] * 3 + [False] * 3


def test_evaluation_beyond_quota_by_dating_ahead_is_refused(holding: Holding) -> None:
    # An honest custodian signs for tomorrow at most; SZW signs for every day of the year.
    holding.amend(lambda draft: draft["quota"].update(signal=1))
    evaluated = []
    for ahead in (0, 1, 2, 3, 30, 365):
        signal = make_signal(
            holding.consortium, ATTACKER, day=DAY + timedelta(days=ahead), by=["szw"]
        )
        share = signal.body.share([ALPHA]).encode()
        evaluated.append(bool(gains(holding, Asked(holding.append(signal.raw), share))))

    assert evaluated == [True, True, False, False, False, False]


def test_evaluation_by_rotating_holders_gives_one_person_a_signal(
    holding: Holding, anna: Person
) -> None:
    # A different person is shown to each holder under the one signal that was posted.
    share = Share.decode(anna.asked.share)
    gained = []
    for name, bsn in zip(OTHERS, MANY, strict=False):
        item = replace(share.items[0], content=alpha_of(bsn))
        asked = anna.asked._replace(share=replace(share, items=(item,)).encode())
        with pytest.raises(LedgerError):
            holding.holder(name).evaluate([asked], purpose=PURPOSE, author=ATTACKER)
        gained += gains(holding, asked)
    assert gained == []

    # And whichever holders evaluate what was posted, it is one pseudonym: Anna's.
    agencies = [("uwv", "svb"), ("uwv", "szw"), ("svb", "szw")]
    assert {pseudonym(holding, anna, *by, "bzk") for by in agencies} == {
        finalize(
            anna.message,
            blinding=anna.blinding,
            evaluated=anna.alpha.times(holding.dealt(1).key),
        )
    }


def pseudonym(holding: Holding, person: Person, *holders: str) -> bytes:
    """Return what UWV computes from the evaluations of these holders."""
    given: dict[str, dict[int, Point]] = {group.name: {} for group in GROUPS}
    for name in holders:
        for found in holding.holder(name).evaluate(
            [person.asked], purpose=PURPOSE, author=ATTACKER
        ):
            given[found.group][found.index] = found.elements[0]
    shared = holding.dealt(1).document.groups(GROUPS)
    combined = combine(shared, [given[group.name] for group in GROUPS])
    return finalize(person.message, blinding=person.blinding, evaluated=combined)


ALPHAS = [alpha_of(bsn) for bsn in MANY[:3]]
BODIES: Mapping[str, Sequence[bytes]] = {
    "two, nothing else": ALPHAS[:2],
    "two and content": [*ALPHAS[:2], b"content"],
    "one, content, one": [ALPHAS[0], b"content", ALPHAS[1]],
    "two in one item": [ALPHAS[0] + ALPHAS[1], b"content", b"jwt"],
    "two, content and jwt": [*ALPHAS[:2], b"content", b"jwt"],
    "three": ALPHAS,
}


@pytest.mark.parametrize("what", BODIES)
def test_two_alpha_items_in_one_body_give_one_evaluation_at_most(
    holding: Holding, what: str
) -> None:
    body = body_of(*BODIES[what])
    height = holding.append(holding.consortium.sign(entry_of(body), by=["bzk"]).encode())
    every = range(len(BODIES[what]))

    evaluated = [
        bool(gains(holding, Asked(height, body.share(shown).encode())))
        for shown in (*([index] for index in every), every)
    ]

    # The first of a body of three items is evaluated, as any signal's is; no second one ever.
    is_first = len(every) == 3 and what != "two in one item"
    assert evaluated == [is_first, *[False] * len(every)]
