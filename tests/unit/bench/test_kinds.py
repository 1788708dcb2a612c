"""Kinds of work, told from the frames of a thread."""

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from bench.kinds import OTHER, kind_of, part_of

PROBE = [
    ("nodes.matcher", "take"),
    ("nodes.store.watch", "probe"),
    ("sqlalchemy.engine.base", "execute"),
]


def stack(*calls: tuple[str, str]) -> FrameType:
    """Return a frame that was reached by these calls, as (module, function), the innermost last."""
    found: list[FrameType] = []

    def innermost() -> None:
        found.append(sys._getframe())

    call: Callable[[], None] = innermost
    for module, name in reversed(calls):
        names: dict[str, object] = {"__name__": module, "inner": call}
        exec(f"def {name}(): inner()", names)  # a function of another module's
        made = names[name]
        assert callable(made)
        call = made
    call()
    outer = found[0].f_back
    assert outer is not None
    return outer


@pytest.mark.parametrize(
    ("calls", "kind", "part"),
    [
        (
            [*PROBE, ("sqlalchemy.engine.default", "do_execute")],
            "SQLite",
            "in nodes.matcher",
        ),
        (
            [*PROBE, ("sqlalchemy.sql.compiler", "visit")],
            "SQLAlchemy",
            "in nodes.matcher",
        ),
        (
            [("nodes.evaluator", "_ask"), ("nodes.holder", "evaluate"), ("rbcl", "multiply")],
            "ristretto255",
            "in nodes.holder",
        ),
        ([("nodes.node", "_apply"), ("ledger.key", "verify")], "signatures", None),
        ([("nodes.store.vault", "lock"), ("nacl.bindings.crypto_aead", "encrypt")], None, None),
        ([("nodesque.module", "work")], OTHER, None),
    ],
)
def test_the_innermost_frame_that_tells_decides(
    calls: list[tuple[str, str]], kind: str | None, part: str | None
) -> None:
    frame = stack(*calls)

    assert kind_of(frame) == (kind or "boxes at rest")
    assert (part_of(frame) == part) if part else part_of(frame).startswith("in no part")


def test_no_frame_is_of_no_kind() -> None:
    assert kind_of(None) == OTHER
