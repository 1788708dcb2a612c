"""What figures are made from: sizes, a folder, and things that are made once for all of them."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bench.chain import Chain, build
from bench.machine import Machine
from bench.nodes import Nodes, nodes_in
from demo.process import HOST, free_port
from nodes.clock import SystemClock

_PORT = 8109
Show = Callable[[str, float], None]
"""Told what is being done and how much of it is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured."""

    small: int
    large: int
    trees: tuple[int, ...]
    rounds: int
    blocks: int
    posts: int
    imported: int


FULL = Scale(
    small=10_000, large=200_000, trees=(10_000, 200_000, 1_000_000), rounds=9, blocks=2048,
    posts=200, imported=2000,
)  # fmt: skip
QUICK = Scale(
    small=1_000, large=5_000, trees=(1_000, 50_000), rounds=3, blocks=768, posts=30, imported=300,
)  # fmt: skip


@dataclass
class Workshop:
    """Everything that is measured is in `folder`; `closing` ends what was started."""

    folder: Path
    scale: Scale
    machine: Machine
    show: Show
    closing: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def port(self) -> int:
        """Return the port of a node that is started alone on the synthetic chain."""
        return free_port(_PORT)

    @cached_property
    def chain(self) -> Chain:
        """Return the synthetic chain."""
        size = self.scale.large
        folder = self.folder / "chain"
        folder.mkdir()
        now = SystemClock().now()
        return build(
            folder,
            size=size,
            today=now.date(),
            now=int(now.timestamp()),
            url=f"http://{HOST}:{self.port}",
            progress=lambda height: self.show("signing a chain", height / size),
        )

    @cached_property
    def nodes(self) -> Nodes:
        """Return the four nodes of a consortium, running and ready."""
        folder = self.folder / "nodes"
        folder.mkdir()
        self.show("founding a consortium", 0)
        return self.closing.enter_context(nodes_in(folder, self.show))
