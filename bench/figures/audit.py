"""The audit, on one core and on all, beside bare PyNaCl verification of the same signatures.

On one core both count that core's own time. On all cores both count the clock's, the start of the
processes included: a short chain does not earn it back.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from api.cli.parallel import Checkers
from bench.bare import Signed, cpu_seconds, signatures_of, verify_all
from bench.chain import Chain
from bench.errors import BenchError
from bench.figure import Aim, Figure, in_turn
from bench.workshop import Workshop
from ledger.audit import audit
from ledger.checkpoint import Checkpoint
from ledger.export import ExportReader
from ledger.tree import Frontier, leaf_hash

_AIM = 0.8
_AIM_TEXT = "≥ 80 % of limit"
_CALIBRATION_BLOCKS = 256
_CALIBRATION_SECONDS = 2.0


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield the rate of one core, then that of all."""
    yield _one_core(shop)
    yield _all_cores(shop)


def _one_core(shop: Workshop) -> Figure:
    chain, count = shop.chain, shop.scale.blocks
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
    a_block = len(signatures) / _CALIBRATION_BLOCKS
    before = _verified_a_second(signatures, cores)
    begun = time.perf_counter()
    _audit_file(chain, cores, lambda count: shop.show("auditing on all cores", count / chain.size))
    value = chain.size / (time.perf_counter() - begun)
    limit = (before + _verified_a_second(signatures, cores)) / 2 / a_block
    return Figure(
        f"audit, all {cores} cores", value, "blocks/s", limit=limit,
        limit_of="bare verification on all cores, before and after", ratio=value / limit,
        aim=Aim(_AIM_TEXT, value / limit >= _AIM),
        note=f"{chain.size} blocks from a file",
    )  # fmt: skip


def _audit_file(chain: Chain, cores: int, progress: Callable[[int], None]) -> None:
    with chain.export.open("rb") as file:
        reader = ExportReader(file.read)
        report = audit(
            reader.blocks(),
            trusted=chain.founded.document,
            final=reader.checkpoint,
            run=Checkers(cores),
            progress=progress,
        )
    if not report.is_sound:
        raise BenchError(f"the synthetic chain is not sound: {report.findings[0].reason}")


def _verified_a_second(signatures: list[Signed], cores: int) -> float:
    """Return how many signatures all cores together verify in a second."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, mp_context=context) as pool:
        # Once to have them all started, once to measure.
        for seconds in (0.2, _CALIBRATION_SECONDS):
            rates = list(pool.map(_verify_for, [signatures] * cores, [seconds] * cores))
    return sum(rates)


def _verify_for(signatures: list[Signed], seconds: float) -> float:
    count = 0
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        verify_all(signatures)
        count += len(signatures)
    return count / (time.perf_counter() - begun)
