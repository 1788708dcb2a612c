"""A key is lost and its epoch replaced: live signals are posted anew, and callers lose nothing."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from api.metrics import NodeCollector
from ledger.bsn import Bsn, synthetic_numbers
from ledger.receipt import Receipt, verify_receipt
from nodes.errors import GoneError, InputError, PeerUnreachableError
from nodes.readiness import reasons
from nodes.reposting import AHEAD
from nodes.shares import FOLDER
from tests.support.cluster import Cluster, posting_of
from tests.support.consortium import DESKS, ORIGIN, Founded, found
from tests.support.faults import PLACES

PURPOSE = "multiproblematiek"
Story = Callable[[Cluster], Coroutine[Any, Any, None]]


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path, peer_timeout=5)


@dataclass(frozen=True)
class Own:
    """A signal as its caller knows it: of the agency `name`, under that local id."""

    name: str
    local_id: str


def people(count: int) -> list[Bsn]:
    return [bsn for bsn, _ in zip(synthetic_numbers(), range(count), strict=False)]


def play(founded: Founded, story: Story) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            await cluster.open_epoch(1)
            await story(cluster)

    asyncio.run(scenario())


async def post(cluster: Cluster, name: str, bsn: Bsn) -> Own:
    local_id = await cluster.post(name, posting=posting_of(name, bsn=bsn))
    await cluster.until_final(name, local_id)
    return Own(name, local_id)


async def post_all(cluster: Cluster, *posted: tuple[str, Bsn]) -> list[Own]:
    owns = [await post(cluster, name, bsn) for name, bsn in posted]
    await cluster.until_answered()
    return owns


def lose_share(cluster: Cluster, number: int = 1, *, name: str = "bzk") -> None:
    for path in (cluster.founded.root / name / "keys" / FOLDER).glob(f"{PURPOSE}.{number}.*"):
        path.unlink()
    cluster[name].shares._known.clear()


def is_over(cluster: Cluster, *names: str) -> bool:
    """Tell whether everything is posted anew and stands in its old one's place."""
    progress = [cluster[name].reposting.progress() for name in names or DESKS]
    return all(of and all(one.is_over for one in of) for of in progress)


async def until_over(cluster: Cluster) -> None:
    await cluster.until(lambda: is_over(cluster))
    await until_erased(cluster)


async def until_erased(cluster: Cluster) -> None:
    """Let the nodes work until everybody has heard of all that was withdrawn."""
    await cluster.until(
        lambda: not any(
            rows(cluster, name, "SELECT 1 FROM signal WHERE withdrawn AND EXISTS "
                 "(SELECT 1 FROM disclosure WHERE disclosure.local_id = signal.local_id)")
            for name in DESKS
        )
    )  # fmt: skip
    await cluster.until_answered()


def rows(cluster: Cluster, name: str, query: str) -> list[tuple[Any, ...]]:
    with cluster[name].database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def standing(cluster: Cluster, name: str) -> int:
    return len(rows(cluster, name, "SELECT 1 FROM signal WHERE NOT withdrawn"))


def hold_posting(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, name: str) -> None:
    monkeypatch.setattr(cluster[name].pending, "count_anew", lambda: AHEAD)


def hold_pushing(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, name: str) -> None:
    async def refuse(_: object) -> None:
        raise PeerUnreachableError("nobody takes anything")

    monkeypatch.setattr(cluster[name].outbox._pusher, "push", refuse)


def hold_taking_over(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, name: str) -> None:
    monkeypatch.setattr(cluster[name].reposting, "_is_ready", lambda *_: False)


def do_not_hold(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, name: str) -> None:
    pass


def case_of(cluster: Cluster, own: Own) -> str | None:
    return cluster[own.name].counter.signal(own.local_id).standing.case_id


async def members_met(cluster: Cluster, own: Own) -> set[tuple[str, str]]:
    """Return with whom the case of a signal is, and as whose signal callers read it."""
    case_id = case_of(cluster, own)
    if case_id is None:
        return set()
    case = await cluster[own.name].cases.show(case_id)
    return {(match.member, match.own_local_id) for match in case.matches}


def test_live_signals_are_posted_anew_and_their_callers_lose_nothing(founded: Founded) -> None:
    async def story(cluster: Cluster) -> None:
        shared, lonely = people(2)
        uwv, svb, alone = await post_all(cluster, ("uwv", shared), ("svb", shared), ("szw", lonely))
        before = cluster["uwv"].counter.signal(uwv.local_id)
        cases = {own: case_of(cluster, own) for own in (uwv, svb)}
        seen = set[tuple[Own, str | None]]()

        def look() -> bool:
            seen.update((own, case_of(cluster, own)) for own in cases)
            return True

        lose_share(cluster)

        await cluster.open_epoch(2, replaces=1)
        await cluster.until(lambda: look() and is_over(cluster))
        await until_erased(cluster)

        after = cluster["uwv"].counter.signal(uwv.local_id)
        assert after.signal.height is not None
        assert before.signal.height is not None
        assert after.signal.height > before.signal.height
        assert after.signal.local_id == uwv.local_id
        assert (after.signal.fields, after.signal.case_reference, after.signal.desk) == (
            before.signal.fields,
            before.signal.case_reference,
            before.signal.desk,
        )
        for posted in (before, after):
            assert posted.receipt is not None
            verify_receipt(
                Receipt.decode(posted.receipt),
                origin=ORIGIN,
                members=founded.document.witnesses,
                quorum=founded.document.quorum,
            )
        assert seen | {(own, case_of(cluster, own)) for own in cases} == set(cases.items())
        assert await members_met(cluster, uwv) == {("svb", uwv.local_id)}
        assert await members_met(cluster, svb) == {("uwv", svb.local_id)}
        assert [
            s.local_id for s in await cluster["szw"].counter.show_page(before=None, count=9)
        ] == [alone.local_id]

        (late,) = await post_all(cluster, ("szw", shared))
        assert {name for name, _ in await members_met(cluster, late)} == {"uwv", "svb"}
        await cluster.close_epoch(1)
        await cluster.until_answered()
        assert await members_met(cluster, uwv) == {("svb", uwv.local_id), ("szw", uwv.local_id)}
        assert cluster.audit("bzk").is_sound

    play(founded, story)


STAGES = {
    "before its turn": (hold_posting, "found"),
    "before it is on the chain": (hold_pushing, "posted"),
    "while both stand": (hold_taking_over, "posted"),
    "when the new one stands in its place": (do_not_hold, "done"),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_signal_that_is_withdrawn_meanwhile_does_not_come_back(
    founded: Founded, stage: str
) -> None:
    hold, state = STAGES[stage]

    async def story(cluster: Cluster) -> None:
        (person,) = people(1)
        uwv, svb = await post_all(cluster, ("uwv", person), ("svb", person))
        with pytest.MonkeyPatch.context() as patch:
            hold(patch, cluster, "uwv")
            await cluster.open_epoch(2, replaces=1)
            await cluster.until(
                lambda: rows(cluster, "uwv", "SELECT state FROM anew") == [(state,)]
            )
            if stage == "while both stand":
                await cluster.until_answered()

            await cluster["uwv"].withdrawal.withdraw(uwv.local_id)
            with pytest.raises(GoneError):
                cluster["uwv"].counter.signal(uwv.local_id)
            assert await cluster["uwv"].counter.show_page(before=None, count=9) == []

        # The other's old signal goes once nothing needs it any more.
        await until_over(cluster)
        with pytest.raises(GoneError):
            cluster["uwv"].counter.signal(uwv.local_id)
        assert (standing(cluster, "uwv"), standing(cluster, "svb")) == (0, 1)
        assert case_of(cluster, svb) is None
        assert cluster.audit("bzk").is_sound

    play(founded, story)


def test_an_old_signal_stands_until_those_it_matched_have_posted_anew_too(
    founded: Founded,
) -> None:
    async def story(cluster: Cluster) -> None:
        (person,) = people(1)
        uwv, svb = await post_all(cluster, ("uwv", person), ("svb", person))
        before = case_of(cluster, uwv)
        with pytest.MonkeyPatch.context() as patch:
            hold_posting(patch, cluster, "svb")
            await cluster.open_epoch(2, replaces=1)
            await cluster.until(lambda: standing(cluster, "uwv") == 2)
            await cluster.until_answered()
            await asyncio.sleep(2)

            (progress,) = cluster["uwv"].reposting.progress()
            assert (progress.total, progress.posted, progress.done) == (1, 1, 0)
            assert await members_met(cluster, uwv) == {("svb", uwv.local_id)}
            assert len(await cluster["uwv"].counter.show_page(before=None, count=9)) == 1

        await until_over(cluster)
        assert case_of(cluster, uwv) == before
        assert await members_met(cluster, svb) == {("uwv", svb.local_id)}

    play(founded, story)


def test_what_is_posted_anew_takes_no_callers_place_in_the_quota(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        everybody = people(7)
        await post_all(cluster, *(("uwv", bsn) for bsn in everybody[:3]))
        with pytest.raises(InputError, match="quota of 3"):
            await post(cluster, "uwv", everybody[3])
        cluster.clock.turn(days=1)
        await post(cluster, "uwv", everybody[3])

        await cluster.open_epoch(2, replaces=1)
        await until_over(cluster)

        assert standing(cluster, "uwv") == 4
        await post_all(cluster, *(("uwv", bsn) for bsn in everybody[4:6]))
        with pytest.raises(InputError, match="quota of 3"):
            await post(cluster, "uwv", everybody[6])
        assert cluster["uwv"].outbox.skipped == {}

    play(found(tmp_path, quota=3, peer_timeout=5), story)


@pytest.mark.parametrize(("lost", "anew"), [(1, [1, 0]), (2, [0, 1])])
def test_of_two_open_epochs_only_what_was_to_be_found_longest_under_the_lost_one_is_posted_anew(
    founded: Founded, lost: int, anew: list[int]
) -> None:
    async def story(cluster: Cluster) -> None:
        older, newer = people(2)
        owns = await post_all(cluster, ("uwv", older))
        await cluster.open_epoch(2)
        owns += await post_all(cluster, ("uwv", newer))
        heights = [cluster.signal("uwv", own.local_id).height for own in owns]
        lose_share(cluster, lost)

        await cluster.open_epoch(3, replaces=lost)
        await until_over(cluster)

        now = [cluster["uwv"].counter.signal(own.local_id).signal.height for own in owns]
        assert [a != b for a, b in zip(heights, now, strict=True)] == [bool(n) for n in anew]
        theirs = await post_all(cluster, ("svb", older), ("svb", newer))
        assert [await members_met(cluster, own) for own in theirs] == [
            {("uwv", own.local_id)} for own in theirs
        ]

    play(founded, story)


@pytest.mark.parametrize("first", range(2))
def test_deaths_while_signals_are_posted_anew_lose_and_double_nothing(
    founded: Founded, first: int
) -> None:
    async def story(cluster: Cluster) -> None:
        everybody = people(6)
        owns = await post_all(
            cluster, *((name, bsn) for bsn in everybody for name in ("uwv", "svb"))
        )
        cases = {own: case_of(cluster, own) for own in owns}
        lose_share(cluster)
        with pytest.MonkeyPatch.context() as patch:
            hold_posting(patch, cluster, "uwv")
            await cluster.open_epoch(2, replaces=1)

        deaths = 0
        for number, place in enumerate(PLACES):
            cluster.doom("uwv", place, after=(first + number) % 3)
            deaths += await cluster.is_dead_before(lambda: is_over(cluster, "uwv"))
            await cluster.restart("uwv")
        await until_over(cluster)
        assert deaths > 1

        assert {own: case_of(cluster, own) for own in owns} == cases
        for name in ("uwv", "svb"):
            assert standing(cluster, name) == len(everybody)
            on_chain = cluster.signals_on_chain("bzk", author=name)
            assert len(on_chain) == 2 * len(everybody)
        assert cluster.audit("bzk").is_sound

    play(founded, story)


def test_readiness_says_how_far_posting_anew_is_and_then_to_close_the_old_epoch(
    founded: Founded,
) -> None:
    async def story(cluster: Cluster) -> None:
        await post_all(cluster, *(("uwv", bsn) for bsn in people(3)))
        lose_share(cluster)
        with pytest.MonkeyPatch.context() as patch:
            hold_posting(patch, cluster, "uwv")
            await cluster.open_epoch(2, replaces=1)
            await cluster.until(
                lambda: "0 of 3 signals are posted anew" in said(cluster, "posting-anew")
            )
            assert not said(cluster, "epoch-replaced")
            assert counted(cluster) == {"waiting": 3, "beside": 0, "done": 0, "refused": 0}

        await until_over(cluster)
        assert counted(cluster) == {"waiting": 0, "beside": 0, "done": 3, "refused": 0}
        assert not said(cluster, "posting-anew")
        assert "epoch close --purpose multiproblematiek --number 1" in said(
            cluster, "epoch-replaced"
        )
        await cluster.close_epoch(1)
        await cluster.until_settled()
        assert not said(cluster, "epoch-replaced")

    def counted(cluster: Cluster) -> dict[str, float]:
        (family,) = (m for m in NodeCollector(cluster["uwv"]).collect() if "anew" in m.name)
        return {sample.labels["state"]: sample.value for sample in family.samples}

    def said(cluster: Cluster, code: str) -> str:
        found = [r for r in reasons(cluster["uwv"]) if r.code == code]
        assert not any(reason.is_blocking for reason in found)
        return " ".join(f"{reason.text} {reason.remedy}" for reason in found)

    play(founded, story)


def test_neither_order_nor_disk_tells_in_whose_place_a_signal_was_posted(founded: Founded) -> None:
    async def story(cluster: Cluster) -> None:
        owns = await post_all(cluster, *(("uwv", bsn) for bsn in people(12)))
        with pytest.MonkeyPatch.context() as patch:
            hold_taking_over(patch, cluster, "uwv")
            await cluster.open_epoch(2, replaces=1)
            await cluster.until(lambda: standing(cluster, "uwv") == 2 * len(owns))
            await cluster.until_answered()
            ids = {bytes.fromhex(i) for (i,) in rows(cluster, "uwv", "SELECT local_id FROM signal")}
            noted = [value for row in rows(cluster, "uwv", "SELECT * FROM anew") for value in row]

        await until_over(cluster)

        now = [cluster["uwv"].counter.signal(own.local_id).signal.height for own in owns]
        assert len(ids) == 2 * len(owns)
        assert now != sorted(now, key=lambda height: height or 0)
        assert not [i for i in ids for value in noted if i.hex() in str(value)]
        assert not [i for i in ids for value in noted if isinstance(value, bytes) and i in value]

    play(founded, story)


def test_nothing_is_withdrawn_before_everything_is_posted_anew(founded: Founded) -> None:
    async def story(cluster: Cluster) -> None:
        await post_all(cluster, *(("uwv", bsn) for bsn in people(3)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cluster["uwv"].pending, "count_anew", lambda: AHEAD - 1 + posted(cluster))
            await cluster.open_epoch(2, replaces=1)
            await cluster.until(lambda: posted(cluster) == 1)
            await cluster.until_answered()
            await asyncio.sleep(2)

            assert standing(cluster, "uwv") == 4
        await until_over(cluster)
        assert standing(cluster, "uwv") == 3

    def posted(cluster: Cluster) -> int:
        return len(rows(cluster, "uwv", "SELECT 1 FROM anew WHERE state <> 'found'"))

    play(founded, story)
