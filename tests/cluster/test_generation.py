"""Four nodes generate a key that none of them has, and match under it; who lies is named."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest

from ledger.backup import ShareBackup
from ledger.bsn import Bsn, synthetic_numbers
from ledger.generation.plan import Plan
from ledger.generation.statement import Statement, Step
from ledger.seal import SealingKey
from nodes.errors import InputError
from nodes.generation.participant import SIGN
from nodes.generation.progress import FAILED, OPEN, Generation
from nodes.readiness import Reason, reasons
from nodes.shares import BACKUPS, FOLDER, HeldShare
from tests.support.cluster import Cluster, posting_of
from tests.support.consortium import ORIGIN, ROLES, Founded, found, url_of

PURPOSE = "multiproblematiek"
LEADER = "szw"
PERSON, OTHER = [bsn for bsn, _ in zip(synthetic_numbers(), range(2), strict=False)]
Change = Callable[[Statement], Statement]


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path, peer_timeout=5)


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


async def generate(
    cluster: Cluster, *, leader: str = LEADER, replaces: int | None = None
) -> Generation:
    """Generate the next epoch's key and return how that ended."""
    node = cluster[leader]
    node.leader.begin(PURPOSE, replaces=replaces)
    await cluster.until(lambda: node.leader.latest().state in {OPEN, FAILED})
    return node.leader.latest()


def epochs(cluster: Cluster) -> dict[str, list[int]]:
    """Return the numbers of the open epochs, by member."""
    return {
        name: [epoch.number for epoch in life.node.replica.state.epochs.open_now(PURPOSE)]
        for name, life in cluster.lives.items()
    }


def files(founded: Founded, folder: str) -> dict[str, list[Path]]:
    """Return the files in a folder of each member's keys."""
    return {name: sorted((founded.root / name / "keys" / folder).glob("*")) for name in ROLES}


def lying(cluster: Cluster, name: str, step: str, change: Change) -> None:
    """Let a node say something else in a step; it signs that as its own."""
    node = cluster[name]
    take = node.participant.take
    document = cluster.founded.document

    def lie(plan: Plan, asked: str, said: Sequence[bytes], *, sender: str) -> list[bytes]:
        answer = take(plan, asked, said, sender=sender)
        if asked != step:
            return answer
        statements = [Statement.decode(raw, document) for raw in answer]
        return [change(statement).sign(node.keyring.entry) for statement in statements]

    node.participant.take = lie  # type: ignore[assignment]


def saying(**changed: object) -> Change:
    """Return the change that puts other fields in a statement's place."""

    def change(statement: Statement) -> Statement:
        fields = {name: getattr(statement, name) for name in Statement.__dataclass_fields__}
        return Statement(**(fields | changed))

    return change


def with_last_bit_flipped(statement: Statement) -> Statement:
    content = statement.content
    return saying(content=content[:-1] + bytes([content[-1] ^ 1]))(statement)


async def match(cluster: Cluster, bsn: Bsn, *names: str) -> None:
    """Let two agencies post about a person, and wait until they have found each other."""
    posted = {name: await cluster.post(name, posting=posting_of(name, bsn=bsn)) for name in names}
    await cluster.until_answered()
    for name, local_id in posted.items():
        node = cluster[name]
        with node.database.read() as connection:
            met = {match.member for match in node.matches.of_own(connection, local_id)}
        assert met == set(names) - {name}


def test_four_nodes_generate_a_key_and_match_under_it(founded: Founded) -> None:
    async def story() -> None:
        async with Cluster(founded) as cluster:
            ended = await generate(cluster)
            await cluster.until_settled()

            assert (ended.state, ended.number, ended.fault) == (OPEN, 1, None)
            assert ended.holders == ("bzk", "svb", "szw", "uwv")
            assert epochs(cluster) == {key: [1] for key in ROLES}
            await match(cluster, PERSON, "uwv", "svb")
            cluster.audit("bzk")

    run(story())

    held = files(founded, FOLDER)
    assert {name: len(of) for name, of in held.items()} == dict.fromkeys(ROLES, 1)
    scalars = {name: of[0].read_bytes() for name, of in held.items()}
    assert len(set(scalars.values())) == len(ROLES)
    for name in ROLES:
        everything = [path for path in (founded.root / name).rglob("*") if path.is_file()]
        stored = b"".join(path.read_bytes() for path in everything)
        others = [scalar for owner, scalar in scalars.items() if owner != name]
        assert not any(scalar in stored for scalar in others)


def test_a_member_that_is_down_is_named_and_no_epoch_opens_until_it_is_back(
    founded: Founded,
) -> None:
    async def story() -> None:
        async with Cluster(founded) as cluster:
            cluster.wires.down = {url_of("bzk")}
            failed = await generate(cluster)
            assert failed.state == FAILED
            assert failed.fault is not None
            assert failed.fault.startswith("bzk: ")
            assert not any(files(founded, FOLDER).values())
            assert "generation-failed" in codes(cluster, LEADER)

            cluster.wires.down = set()
            ended = await generate(cluster, leader="uwv")

            assert (ended.state, ended.number) == (OPEN, 1)
            await cluster.until(lambda: "generation-failed" not in codes(cluster, LEADER))

    run(story())


@pytest.mark.parametrize("liar", ["svb", LEADER])
@pytest.mark.parametrize(
    ("step", "change", "word"),
    [
        (Step.KEY, saying(content=bytes(32)), "key"),
        (Step.CONTRIBUTION, saying(content=b""), "malformed"),
        (Step.CONTRIBUTION, with_last_bit_flipped, "ciphertext"),
        (Step.CERTIFICATE, with_last_bit_flipped, "certificate"),
        (Step.CERTIFICATE, saying(step=Step.COMPLAINT, content=bytes(4 + 128)), "complains"),
        (Step.TRIAL, with_last_bit_flipped, "trial"),
        (Step.TRIAL, saying(step=Step.KEY), "says key where trial is asked"),
        (Step.TRIAL, saying(plan=bytes(32)), "another's statement"),
        (Step.TRIAL, saying(group="independents"), "nothing by"),
    ],
)
def test_a_member_that_lies_is_named_and_no_epoch_opens(
    founded: Founded, liar: str, step: Step, change: Change, word: str
) -> None:
    async def story() -> None:
        async with Cluster(founded) as cluster:
            lying(cluster, liar, step, change)

            ended = await generate(cluster)

            assert ended.state == FAILED
            assert ended.fault is not None
            assert word in ended.fault
            assert liar in (ended.culprit or ended.fault)
            assert epochs(cluster) == {key: [] for key in ROLES}

    run(story())


@pytest.mark.parametrize("wrong", ["no line", "two lines", "another's line", "another text's line"])
def test_a_member_that_signs_something_else_than_the_epoch_is_named(
    founded: Founded, wrong: str
) -> None:
    async def story() -> None:
        async with Cluster(founded) as cluster:
            node = cluster["svb"]
            take, own = node.participant.take, node.keyring.entry
            other = founded.keyring("uwv").entry

            def lie(plan: Plan, asked: str, said: Sequence[bytes], *, sender: str) -> list[bytes]:
                answer = take(plan, asked, said, sender=sender)
                if asked != SIGN:
                    return answer
                return {
                    "no line": [b"\xff"],
                    "two lines": answer * 2,
                    "another's line": [other.sign(said[-1].decode()).encode().encode()],
                    "another text's line": [own.sign("another text\n").encode().encode()],
                }[wrong]

            node.participant.take = lie  # type: ignore[assignment]

            ended = await generate(cluster)

            assert (ended.state, ended.culprit) == (FAILED, "svb")
            assert "signs something else" in (ended.fault or "")
            assert epochs(cluster) == {name: [] for name in ROLES}

    run(story())


def codes(cluster: Cluster, name: str) -> list[str]:
    return [reason.code for reason in reasons(cluster[name])]


def the(cluster: Cluster, name: str, code: str) -> Reason:
    (reason,) = (reason for reason in reasons(cluster[name]) if reason.code == code)
    return reason


def test_a_generation_that_was_cut_is_begun_again_and_leaves_no_share_of_another_key(
    founded: Founded,
) -> None:
    async def story() -> None:
        async with Cluster(founded) as cluster:
            bzk = cluster["bzk"]
            take = bzk.participant.take

            def refuse(plan: Plan, step: str, said: Sequence[bytes], *, sender: str) -> list[bytes]:
                if step == SIGN:
                    bzk.participant._runs.clear()
                return take(plan, step, said, sender=sender)

            bzk.participant.take = refuse  # type: ignore[method-assign]
            cut = await generate(cluster)
            assert cut.state == FAILED
            assert "bzk: " in (cut.fault or "")
            assert "begin it again" in (cut.fault or "")
            assert all(len(of) == 1 for of in files(founded, FOLDER).values())

            bzk.participant.take = take  # type: ignore[method-assign]
            assert (await generate(cluster)).state == OPEN

            def is_settled() -> bool:
                left = [*files(founded, FOLDER).values(), *files(founded, BACKUPS).values()]
                return all(len(of) == 1 for of in left)

            await cluster.until(is_settled)
            await match(cluster, PERSON, "uwv", "szw")

    run(story())


def test_an_answer_that_was_lost_on_the_way_is_asked_for_again(founded: Founded) -> None:
    async def story() -> None:
        async with Cluster(founded) as cluster:
            lost: list[int] = []

            def lose(sender: str, url: str, message: bytes) -> bool:
                is_wanted = url == url_of("uwv") and b"\ngenerate\n" in message[:400]
                if is_wanted and len(lost) < 2:
                    lost.append(len(message))
                    return True
                return False

            cluster.wires.lose_answers = lose

            assert (await generate(cluster)).state == OPEN
            assert len(lost) == 2

    run(story())


def test_a_leader_that_stops_half_way_says_so_when_it_is_back(founded: Founded) -> None:
    async def story() -> None:
        async with Cluster(founded) as cluster:
            cluster.wires.lose_requests = lambda _, __, message: b"\ngenerate\n" in message[:400]
            cluster[LEADER].leader.begin(PURPOSE)
            await cluster.stop(LEADER)
            cluster.wires.lose_requests = lambda *_: False

            cluster.start(LEADER)
            await cluster.until(cluster.is_introduced)

            assert "begin another" in the(cluster, LEADER, "generation-failed").text
            assert (await generate(cluster)).state == OPEN

    run(story())


def test_a_share_that_is_lost_stops_matching_until_its_backup_is_restored(
    founded: Founded,
) -> None:
    async def story() -> None:
        async with Cluster(founded) as cluster:
            await generate(cluster)
            await match(cluster, PERSON, "uwv", "svb")
            await cluster.stop("bzk")
            (share,) = files(founded, FOLDER)["bzk"]
            share.unlink()
            cluster.start("bzk")
            await cluster.until(cluster.is_introduced)

            lost = the(cluster, "bzk", "share-lost")
            assert not lost.is_blocking
            assert "signaalketen share restore" in lost.remedy
            assert "signaalketen epoch generate" in lost.remedy
            local_id = await cluster.post("szw", posting=posting_of("szw", bsn=PERSON))
            await cluster.until_final("szw", local_id)
            await cluster.until(lambda: "locating-waits" in codes(cluster, "szw"))

            (path,) = files(founded, BACKUPS)["bzk"]
            seed = (founded.root / "bzk" / "recovery.seed").read_bytes()
            backup = ShareBackup.decode(path.read_bytes())
            scalar = backup.open(key=SealingKey(seed), origin=ORIGIN, holder="bzk")
            held = HeldShare(backup.group, backup.index, scalar)
            cluster["bzk"].shares.store(purpose=PURPOSE, number=1, share=held)
            await cluster.until_answered()

            assert "share-lost" not in codes(cluster, "bzk")
            node = cluster["szw"]
            with node.database.read() as connection:
                met = {match.member for match in node.matches.of_own(connection, local_id)}
            assert met == {"uwv", "svb"}

    run(story())


def test_a_lost_share_without_a_backup_leads_to_a_new_epoch_under_which_all_goes_on(
    founded: Founded,
) -> None:
    async def story() -> None:
        async with Cluster(founded) as cluster:
            await generate(cluster)
            for folder in (FOLDER, BACKUPS):
                files(founded, folder)["uwv"][0].unlink()
            assert "--replaces 1" in the(cluster, "uwv", "share-lost").remedy

            unheard = await generate(cluster, leader="uwv", replaces=1)
            assert "its operator has not agreed" in (unheard.fault or "")
            for name in ROLES:
                cluster[name].agreements.agree(PURPOSE, 1)
            assert (await generate(cluster, leader="uwv", replaces=1)).number == 2
            await cluster.until(lambda: "share-lost" not in codes(cluster, "uwv"))
            await match(cluster, PERSON, "uwv", "szw")
            await cluster.close_epoch(1)

            await cluster.until_settled()
            await match(cluster, OTHER, "uwv", "szw")
            held = files(founded, FOLDER)
            assert {path.name.split(".")[1] for of in held.values() for path in of} == {"2"}

    run(story())


def test_a_share_of_no_epoch_that_a_crash_left_goes_at_the_next_start(founded: Founded) -> None:
    async def story() -> None:
        async with Cluster(founded) as cluster:
            await generate(cluster)
            await cluster.until_settled()
            await cluster.stop("bzk")
            (kept,) = files(founded, FOLDER)["bzk"]
            left = kept.with_name(f"{PURPOSE}.1.independents.1.{'0' * 16}.share")
            left.write_bytes(b"\x01" * 32)

            cluster.start("bzk")
            await cluster.until(lambda: not left.exists())

            assert files(founded, FOLDER)["bzk"] == [kept]

    run(story())


def test_a_third_epoch_is_not_begun_while_two_are_open(founded: Founded) -> None:
    async def story() -> None:
        async with Cluster(founded) as cluster:
            await generate(cluster)
            await generate(cluster, leader="uwv")

            with pytest.raises(InputError, match="2 epochs are open; close the oldest first"):
                cluster["bzk"].leader.begin(PURPOSE)

    run(story())
