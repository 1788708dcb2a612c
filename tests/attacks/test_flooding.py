"""SVB submits what is no entry, and what is not its own, as fast as the order takes it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.block import Block
from ledger.entry import SignedEntry
from ledger.rules import PROTOCOLS
from ledger.state import LONGEST_STANDSTILL_DAYS
from nodes.sequencer.port import MAX_SUBMISSION
from tests.support.agencies import Agencies, meeting, verify_pair
from tests.support.chain import ChainBuilder, make_card, make_entry
from tests.support.parties import DAY, make_consortium
from tests.support.refusing import refusal

ATTACKER = "svb"
SUBMISSIONS = 30
HONEST = 8


@pytest.fixture(scope="module")
def agencies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    with meeting(tmp_path_factory.mktemp("agencies")) as agencies:
        yield agencies


def malformed(agencies: Agencies, number: int) -> bytes:
    """Return one of everything that is no good entry, each time another."""
    node = agencies.cluster[ATTACKER]
    entry = next(
        signed.entry
        for raw in agencies.cluster.blocks(ATTACKER)
        if (signed := Block.decode(raw).signed).entry.kind == "signal"
    )
    own = replace(entry, author=ATTACKER, day=entry.day + timedelta(days=number % 5 - 2))
    as_uwv = replace(entry, author="uwv", day=entry.day)
    sign = node.keyring.entry.sign
    return (
        b"",
        b"\xff" * (number % 700),
        b"x" * 70_000,
        str(number).encode() + b"\n\n",
        SignedEntry.of(own, (sign(own.encode()),)).encode(),
        SignedEntry.of(own, (sign(own.encode()), sign(own.encode()))).encode(),
        SignedEntry.of(as_uwv, (sign(as_uwv.encode()),)).encode(),
        SignedEntry.of(replace(own, kind="consortium"), (sign(own.encode()),)).encode(),
        SignedEntry.of(replace(own, commitment=b"\xff" * 32), (sign(own.encode()),)).encode(),
    )[number % 9]


async def flood(agencies: Agencies) -> int:
    """Submit as much as can be submitted at once; return how many entries that were."""
    sequencer = agencies.cluster[ATTACKER].sequencer
    for number in range(SUBMISSIONS):
        start = number * MAX_SUBMISSION
        await sequencer.submit([malformed(agencies, start + at) for at in range(MAX_SUBMISSION)])
    return SUBMISSIONS * MAX_SUBMISSION


def test_a_member_posting_malformed_submissions_at_full_rate_stops_nobody(
    agencies: Agencies,
) -> None:
    async def story() -> None:
        person = agencies.person()
        (theirs,) = await agencies.post_answered(("szw", person))
        before = {name: sum(agencies.refusals(name).values()) for name in agencies.cluster.lives}
        size = len(agencies.cluster.blocks("bzk"))

        flooding = asyncio.create_task(flood(agencies))
        posted = [await agencies.post("uwv", agencies.person()) for _ in range(HONEST)]
        ours = await agencies.post("uwv", person)
        sent = await flooding
        await agencies.cluster.until_answered()

        verify_pair(agencies, ours, theirs)
        assert len({placed.height for placed in posted}) == HONEST
        kinds = [Block.decode(raw).signed.entry for raw in agencies.cluster.blocks("bzk")[size:]]
        assert {(e.kind, e.author) for e in kinds} <= {
            ("signal", "uwv"),
            ("locate", "uwv"),
            ("answer", "svb"),
            ("answer", "szw"),
        }
        # Every node skipped the very same, and counted each with a reason.
        for name, counted in before.items():
            assert sum(agencies.refusals(name).values()) - counted == sent
        assert agencies.cluster.audit("bzk").is_sound

    agencies.run(story())


def test_what_is_skipped_in_anothers_name_uses_up_none_of_its_quota(agencies: Agencies) -> None:
    async def story() -> None:
        await agencies.post_answered(("szw", agencies.person()))
        before = {n: dict(c) for n, c in quotas(agencies).items()}

        await agencies.cluster[ATTACKER].sequencer.submit(
            [malformed(agencies, number) for number in range(MAX_SUBMISSION)]
        )
        await agencies.cluster.until_settled()

        assert quotas(agencies) == before

    agencies.run(story())


def quotas(agencies: Agencies) -> dict[str, dict[tuple[str, str], int]]:
    """Return at every node how much of its quota every author has used today."""
    today = agencies.cluster.clock.today()
    return {
        name: dict(life.node.replica.state.posted.get(today, {}))
        for name, life in agencies.cluster.lives.items()
    }


OWED = {"locate", "answer"}
"""At most one for each signal, and for each `locate` and issuer: the state machine sees to it."""
SIGNED_BY_MANY = {"epoch"}


def test_no_kind_of_entry_is_without_a_bound_on_what_one_member_can_post() -> None:
    # A well-formed entry stays on the chain for ever.
    document = make_consortium().document

    unbounded = set(PROTOCOLS[1]) - set(document.quota) - OWED - SIGNED_BY_MANY

    assert unbounded == set()


@pytest.mark.parametrize("kind", ["member", "logbook"])
def test_quotas_of_the_days_to_come_are_no_more_than_a_months(kind: str) -> None:
    """Of these kinds nobody else signs the date."""
    quota = 2
    chain = ChainBuilder()
    chain.amend(lambda draft: draft["quota"].update({kind: quota}))
    for member in ("uwv", "svb", "szw"):
        chain.post(member)
    assert chain.state.chain_day == DAY

    def dated(days: int) -> bytes:
        day = DAY + timedelta(days=days)
        if kind == "member":
            known = chain.state.cards.get(ATTACKER)
            version = 1 if known is None else known.version + 1
            return make_card(chain.consortium, ATTACKER, version=version, day=day)
        return make_entry(chain.consortium, ATTACKER, kind, "64\n", by=(), day=day)

    for days in range(quota * LONGEST_STANDSTILL_DAYS):
        chain.apply(dated(1 + 100 * days))

    assert refusal(chain.state, dated(10_000)) == "over-quota"
    # What others may post is theirs, and today has its own.
    chain.post("uwv")
    chain.apply(dated(0))


def test_erasures_of_nothing_end_with_the_quota() -> None:
    chain = ChainBuilder()
    chain.amend(lambda draft: draft["quota"].update(erasure=3))
    chain.post(ATTACKER)

    for number in range(3):
        chain.apply(erasure(chain, number))

    assert refusal(chain.state, erasure(chain, 3)) == "over-quota"


def erasure(chain: ChainBuilder, number: int) -> bytes:
    """Return an erasure by SVB that BZK stored; another `number`, another one."""
    return make_entry(chain.consortium, ATTACKER, "erasure", f"{number + 1}\n")
