"""A node whose database is gone: the chain comes back, and it says what does not."""

from base64 import urlsafe_b64decode
from pathlib import Path

import pytest

from ledger.body import Share
from ledger.rules.signal import CONTENT
from ledger.sdjwt import SdJwt
from ledger.seal import SealContext, SealingKey, open_sealed
from nodes.readiness import Reason, reasons
from tests.support.bench import run
from tests.support.cluster import FIELDS, Cluster
from tests.support.consortium import Founded, found
from tests.support.orphans import shares_given_back

MANY = 70
"""More than custodians are asked for at once."""


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def lost(cluster: Cluster, name: str) -> Reason | None:
    found = [reason for reason in reasons(cluster[name]) if reason.code == "own-signals-lost"]
    return found[0] if found else None


def test_the_chain_returns_and_custodians_give_the_content_back(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            ids = [await cluster.post("uwv") for _ in range(MANY)]
            await cluster.until_final("uwv", *ids)
            await cluster.until_settled()
            heights = sorted(cluster.signal("uwv", local_id).height or 0 for local_id in ids)
            before = cluster.blocks("bzk")
            await cluster.stop("uwv")
            cluster.lose_disk("uwv")

            cluster.start("uwv")
            await cluster.until_settled()
            await cluster.until(
                lambda: (
                    (reason := lost(cluster, "uwv")) is not None
                    and reason.text.endswith(f"the sealed content of {MANY}")
                )
            )

            assert cluster.blocks("uwv") == before
            assert cluster.audit("uwv").is_sound
            reason = lost(cluster, "uwv")
            assert reason is not None
            assert not reason.is_blocking
            assert list(reason.heights) == heights
            assert {r.code for r in reasons(cluster["uwv"])} == {"own-signals-lost"}
            _verify_opens(founded, cluster)

    run(scenario())


def _verify_opens(founded: Founded, cluster: Cluster) -> None:
    """Check that the recovery key from the safe opens all that came back."""
    key = SealingKey((founded.root / "uwv" / "recovery.seed").read_bytes())
    day = cluster.clock.today().isoformat()
    context = SealContext(founded.document.origin, "signal", "uwv", day)
    shares = shares_given_back(cluster["uwv"])
    assert len(shares) == MANY
    for raw in shares.values():
        content = Share.decode(raw).item(CONTENT)
        assert content is not None
        sdjwt = SdJwt.decode(open_sealed(content.content, key=key, context=context).decode())
        assert any(FIELDS["helpQuestion"] in disclosed for disclosed in _shown(sdjwt))


def _shown(sdjwt: SdJwt) -> list[str]:
    return [urlsafe_b64decode(d + "=" * (-len(d) % 4)).decode() for d in sdjwt.disclosures]


def test_after_the_loss_the_node_posts_again_and_only_the_old_ones_are_lost(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            old = await cluster.post("uwv")
            await cluster.until_final("uwv", old)
            await cluster.stop("uwv")
            cluster.lose_disk("uwv")
            cluster.start("uwv")

            new = await cluster.post_when_possible("uwv")
            await cluster.until_final("uwv", new)

            reason = lost(cluster, "uwv")
            assert reason is not None
            assert len(reason.heights) == 1
            assert cluster.signal("uwv", new).height not in reason.heights

    run(scenario())


def test_a_custodian_that_lost_its_database_leaves_no_doubt_about_the_chain(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            ids = [await cluster.post("uwv") for _ in range(5)]
            await cluster.until_final("uwv", *ids)
            await cluster.stop("bzk")
            cluster.lose_disk("bzk")

            cluster.start("bzk")
            await cluster.until_settled()

            assert cluster.blocks("bzk") == cluster.blocks("uwv")
            assert lost(cluster, "bzk") is None
            assert cluster.audit("bzk").is_sound

    run(scenario())
