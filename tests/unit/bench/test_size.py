"""What a case takes is counted once: of the chain once, of the disks without its copies there."""

from bench.figures.size import _CHAIN, case_of


def test_a_case_is_two_signals_and_its_blocks_are_not_counted_as_beside_them() -> None:
    first = {"uwv": 11_000.0, "svb": 700.0, "bzk": 5_000.0, _CHAIN: 500.0}
    second = {"uwv": 1_500.0, "svb": 11_300.0, "bzk": 5_000.0, _CHAIN: 520.0}

    on_chain, beside = case_of(first, second, members=["uwv", "svb", "bzk"])

    assert on_chain == 1_020
    assert beside == 34_500 - 3 * 1_020
