"""The audit, on one core and on all, beside bare PyNaCl verification of the same signatures.

On one core both count that core's own time. On all cores both count the clock's, and the audit's
start counts with it: a short chain does not earn it back.
"""

import subprocess
from collections.abc import Iterator
from functools import partial

from bench.bare import cpu_seconds, signatures_of, verified_a_second, verify_all, wall_seconds
from bench.chain import Chain
from bench.errors import BenchError
from bench.figure import Aim, Figure, in_turn
from bench.workshop import Workshop
from demo.command import environment, words
from ledger.audit import audit
from ledger.checkpoint import Checkpoint
from ledger.tree import Frontier, leaf_hash

_AIM = 0.8
_AIM_TEXT = "≥ 80 % of limit"
_CALIBRATION_BLOCKS = 256


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield the rate of one core, then that of all."""
    yield _one_core(shop)
    yield _all_cores(shop)


def _one_core(shop: Workshop) -> Figure:
    chain, count = shop.chain, shop.scale.audited
    blocks = list(chain.blocks(count))
    frontier, _ = Frontier(0, ()).appended([leaf_hash(raw) for raw in blocks])
    final = chain.final(Checkpoint(chain.founded.document.origin, count, frontier.root())).encode()
    signatures = signatures_of(blocks, chain.founded.document)
    shop.show("auditing on one core", 0)

    def work() -> None:
        report = audit(blocks, trusted=chain.founded.document, final=lambda: final)
        if not report.is_sound:
            raise BenchError(f"the synthetic chain is not sound: {report.findings[0].reason}")

    pairs = in_turn(
        lambda: count / cpu_seconds(work),
        lambda: count / cpu_seconds(partial(verify_all, signatures)),
        rounds=shop.scale.rounds,
    )
    return Figure(
        "audit, one core", pairs.value, "blocks/s", samples=shop.scale.rounds, limit=pairs.limit,
        limit_of=f"bare verification of their {len(signatures) / count:.2f} signatures a block",
        ratio=pairs.ratio, aim=Aim(_AIM_TEXT, pairs.ratio >= _AIM),
    )  # fmt: skip


def _all_cores(shop: Workshop) -> Figure:
    chain, cores = shop.chain, shop.machine.cores
    signatures = signatures_of(list(chain.blocks(_CALIBRATION_BLOCKS)), chain.founded.document)
    shop.show("auditing on all cores", 0)
    before = verified_a_second(signatures, cores=cores, seconds=shop.scale.seconds)
    value = chain.size / wall_seconds(partial(_audit_file, chain))
    after = verified_a_second(signatures, cores=cores, seconds=shop.scale.seconds)
    limit = (before + after) / 2 / (len(signatures) / _CALIBRATION_BLOCKS)
    return Figure(
        f"audit, all {cores} cores", value, "blocks/s", limit=limit,
        limit_of="bare verification on all cores, before and after", ratio=value / limit,
        aim=Aim(_AIM_TEXT, value / limit >= _AIM),
        note=f"{chain.size:,} blocks, by the command line, its start included",
    )  # fmt: skip


def _audit_file(chain: Chain) -> None:
    command = words("audit", chain.export, "--consortium", chain.document)
    audited = subprocess.run(  # noqa: S603 -- our own program, no shell
        command, env=environment(), stdout=subprocess.DEVNULL, check=False
    )
    if audited.returncode:
        raise BenchError(f"the audit ended with {audited.returncode}")
