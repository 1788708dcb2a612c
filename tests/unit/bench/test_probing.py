"""Hits and misses that are measured side by side: each is what it is called."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.probing import prober_in

HITS = 3


def test_half_of_the_blocks_are_hits_and_every_hit_is_a_match(tmp_path: Path) -> None:
    with ExitStack() as stack:
        prober = prober_in(tmp_path, hits=HITS, stack=stack)

        for located in prober.locates:
            prober.take(located.height)

        prober.verify()
    assert sum(located.is_hit for located in prober.locates) == HITS
    assert len(prober.locates) == 2 * HITS


def test_a_hit_that_matched_nothing_is_not_taken_for_one(tmp_path: Path) -> None:
    with ExitStack() as stack:
        prober = prober_in(tmp_path, hits=HITS, stack=stack)
        prober.locates = [replace(located, is_hit=True) for located in prober.locates]

        for located in prober.locates:
            prober.take(located.height)

        with pytest.raises(BenchError):
            prober.verify()
