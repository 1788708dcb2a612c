"""Strategies for what members, strangers and accidents submit to a chain, one after the other."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from ledger.entry import Entry
from ledger.errors import RefusedError
from tests.support.chain import ChainBuilder, make_card, make_signal
from tests.support.parties import ALL, DAY, Consortium, make_member
from tests.support.signers import ORIGIN

POINT = make_signal(ChainBuilder().consortium).signed.entry.commitment
Outcome = tuple[str, bytes | str]
Submission = Callable[[ChainBuilder, list[bytes]], bytes]
"""Makes an entry note for a chain, after those that were submitted before."""

members = st.sampled_from(ALL)
issuers = st.sampled_from(["svb", "szw", "uwv"])
days = (st.just(0) | st.integers(-3, 4)).map(lambda n: DAY + timedelta(days=n))
anyone = st.sets(members, max_size=3).map(sorted)


def signals() -> st.SearchStrategy[Submission]:
    """Draw a signal, most of them good."""

    def make(author: str, number: int, day: date, by: list[str]) -> Submission:
        return lambda chain, _: (
            make_signal(chain.consortium, author, number=number, day=day, by=by).raw
        )

    return st.builds(make, issuers | members, st.integers(0, 3), days, st.just(["bzk"]) | anyone)


def cards() -> st.SearchStrategy[Submission]:
    """Draw a member's card, of the next version or another."""

    def make(author: str, step: int, day: date) -> Submission:
        def card(chain: ChainBuilder, _: list[bytes]) -> bytes:
            known = chain.state.cards.get(author)
            version = step + (0 if known is None else known.version)
            return make_card(chain.consortium, author, version=version, day=day)

        return card

    return st.builds(make, members, st.just(1) | st.integers(1, 2), days)


def naming_heights() -> st.SearchStrategy[Submission]:
    """Draw a `locate` or an `answer`, of what is owed or is not."""

    def make(author: str, kind: str, pick: int, day: date, by: list[str]) -> Submission:
        def naming(chain: ChainBuilder, _: list[bytes]) -> bytes:
            owed = chain.state.outstanding
            known = {height: {signal.author} for height, signal in owed.signals.items()}
            if kind == "answer":
                known = {height: set(locate.waiting) for height, locate in owed.locates.items()}
            heights = [height for height, names in known.items() if author in names]
            others = [*heights, *known, chain.state.height]
            named = heights[:2] if heights and pick % 2 else [others[pick % len(others)]]
            further = "".join(f"{height}\n" for height in named)
            entry = Entry(ORIGIN, author, kind, day, POINT, further)
            return chain.consortium.sign(entry, by=by).encode()

        return naming

    kinds = st.sampled_from(["locate", "answer"])
    return st.builds(make, issuers, kinds, st.integers(0, 9), days, st.just(["bzk"]) | anyone)


def documents() -> st.SearchStrategy[Submission]:
    """Draw a document with another quota, perhaps with other keys of UWV."""

    def make(quota: int, generation: int, by: list[str], day: date) -> Submission:
        def amend(chain: ChainBuilder, _: list[bytes]) -> bytes:
            changed = tuple(
                make_member("uwv", generation=generation) if member.name == "uwv" else member
                for member in chain.consortium.members
            )
            successor = chain.consortium.draft(
                lambda draft: draft["quota"].update(signal=quota), members=changed
            )
            return chain.consortium.propose(successor.document, by=by, day=day).encode()

        return amend

    signers = st.just(["bzk", "svb", "uwv"]) | anyone
    old = st.just(date(2026, 1, 1))
    return st.builds(make, st.integers(1, 2), st.integers(1, 2), signers, days | old)


def repeats() -> st.SearchStrategy[Submission]:
    """Draw what was submitted before, as it was or with more behind it."""

    def make(at: int, spoil: bytes) -> Submission:
        return lambda _, before: (before[at % len(before)] if before else b"") + spoil

    return st.builds(make, st.integers(0, 99), st.just(b"") | st.just(b"\n") | st.binary())


submissions = st.lists(
    st.one_of(signals(), signals(), cards(), naming_heights(), documents(), repeats()),
    min_size=5,
    max_size=25,
)


def grow(made: list[Submission]) -> tuple[ChainBuilder, list[bytes], list[Outcome]]:
    """Return a chain, what was submitted to it in turn, and what became of each."""
    chain = ChainBuilder()
    submitted: list[bytes] = []
    outcomes: list[Outcome] = []
    for make in made:
        submitted.append(make(chain, submitted))
        outcomes.append(outcome_of(chain.apply, submitted[-1]))
        document = chain.state.document
        assert document is not None
        if document.version != chain.consortium.document.version:
            uwv = document.by_name["uwv"].entry_keys[0]
            generation = 1 if uwv == make_member("uwv").entry.verifier else 2
            chain.consortium = Consortium(
                tuple(
                    make_member(name, generation=generation if name == "uwv" else 1) for name in ALL
                ),
                document,
            )
    return chain, submitted, outcomes


def outcome_of(apply: Callable[[bytes], Any], raw: bytes) -> Outcome:
    """Return what becomes of an entry note: its block, or why it is skipped."""
    try:
        return "block", apply(raw).raw
    except RefusedError as refusal:
        return "refused", refusal.reason
