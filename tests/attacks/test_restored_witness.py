"""A witness whose disk was set back is asked to cosign: what it did before, others remember."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint
from ledger.cosignature import SignedCheckpoint, cosign
from ledger.encoding import Digest
from ledger.errors import VerificationError
from ledger.note import Note
from nodes.readiness import reasons
from nodes.store import cosigned
from tests.support.bench import run
from tests.support.cluster import Cluster
from tests.support.consortium import ORIGIN, ROLES, found

VICTIM = "uwv"


def play(root: Path, story: Callable[[Cluster], Awaitable[None]]) -> None:
    async def scenario() -> None:
        async with Cluster(found(root), start=ROLES) as cluster:
            await cluster.until(cluster.is_introduced)
            await cluster.until_settled()
            await story(cluster)

    run(scenario())


def disk_of(cluster: Cluster, name: str) -> Path:
    return cluster.founded.root / name / cluster._data[name]


async def post_final(cluster: Cluster, name: str) -> None:
    await cluster.until_final(name, await cluster.post(name))
    await cluster.until_settled()


async def set_back(cluster: Cluster) -> None:
    """Put the victim's disk back to what it was before more became final."""
    await cluster.stop(VICTIM)
    yesterday = disk_of(cluster, VICTIM).with_name("yesterday")
    shutil.copytree(disk_of(cluster, VICTIM), yesterday)
    cluster.start(VICTIM)
    await post_final(cluster, VICTIM)
    await cluster.stop(VICTIM)
    cluster.lose_disk(VICTIM)
    yesterday.rename(disk_of(cluster, VICTIM))


def codes(cluster: Cluster) -> set[str]:
    return {reason.code for reason in reasons(cluster[VICTIM])}


def test_a_witness_set_back_to_yesterday_cosigns_nothing_until_a_quorum_vouches(
    tmp_path: Path,
) -> None:
    async def story(cluster: Cluster) -> None:
        await set_back(cluster)
        await cluster.stop("svb")

        cluster.start(VICTIM)
        tip = cluster.final("bzk").checkpoint
        await cluster.until(lambda: cluster[VICTIM].progress.applied.value >= tip.size)
        await cluster.until(lambda: len(cluster[VICTIM].vouching._shown) == 2)
        with pytest.raises(VerificationError, match="waiting for svb"):
            await cluster[VICTIM].witness.cosign(tip, timeout=1)
        assert "not-vouched" in codes(cluster)

        cluster.start("svb")
        await cluster.until(lambda: cluster[VICTIM].vouching.is_done)
        await cluster[VICTIM].witness.cosign(tip, timeout=0)
        await post_final(cluster, VICTIM)
        assert "not-vouched" not in codes(cluster)

    play(tmp_path, story)


def test_a_witness_with_a_new_disk_needs_a_quorum_too(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        await post_final(cluster, VICTIM)
        await cluster.stop(VICTIM, "svb")
        cluster.lose_disk(VICTIM)

        cluster.start(VICTIM)
        await cluster.until(lambda: len(cluster[VICTIM].vouching._shown) == 2)
        assert not cluster[VICTIM].vouching.is_done

        cluster.start("svb")
        await cluster.until(lambda: cluster[VICTIM].vouching.is_done)

    play(tmp_path, story)


def test_a_routine_restart_goes_on_while_one_member_is_dead(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        await post_final(cluster, VICTIM)
        await cluster.stop("svb")
        await cluster.restart(VICTIM)

        await cluster.until_final("szw", await cluster.post("szw"))

        assert cluster[VICTIM].vouching.is_done

    play(tmp_path, story)


def test_a_witness_that_is_shown_another_history_under_its_own_signature_never_cosigns_again(
    tmp_path: Path,
) -> None:
    async def story(cluster: Cluster) -> None:
        await post_final(cluster, VICTIM)
        other = Checkpoint(ORIGIN, cluster.final("bzk").checkpoint.size, Digest(bytes(32)))
        line = cosign(other.encode(), key=cluster[VICTIM].keyring.cosigning, time=1_796_126_400)
        shown = SignedCheckpoint(other, Note(other.encode(), (line,)))
        await cluster.stop(VICTIM)
        for name in ("bzk", "svb", "szw"):
            with cluster[name].database.begin() as connection:
                cosigned.remember(connection, [VICTIM], size=other.size + 1, note=shown.encode())

        cluster.start(VICTIM)
        await cluster.until(lambda: bool(cluster[VICTIM].vouching.disputes))

        with pytest.raises(VerificationError, match="another history"):
            await cluster[VICTIM].witness.cosign(cluster.final("bzk").checkpoint, timeout=0)
        assert "fork" in codes(cluster)

    play(tmp_path, story)


def test_nobody_invents_a_cosignature_that_keeps_a_witness_from_cosigning(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        await post_final(cluster, VICTIM)
        other = Checkpoint(ORIGIN, 2**40, Digest(bytes(32)))
        line = cosign(other.encode(), key=cluster["bzk"].keyring.cosigning, time=1_796_126_400)
        shown = SignedCheckpoint(other, Note(other.encode(), (line,)))
        await cluster.stop(VICTIM)
        with cluster["bzk"].database.begin() as connection:
            cosigned.remember(connection, [VICTIM], size=other.size, note=shown.encode())

        cluster.start(VICTIM)
        await cluster.until(lambda: cluster[VICTIM].vouching.is_done)

        assert not cluster[VICTIM].vouching.disputes

    play(tmp_path, story)
