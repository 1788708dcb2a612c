"""What figures are made from: sizes, a folder, and things that are made once for all of them."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bench.chain import Chain, build
from bench.machine import Machine
from bench.nodes import Nodes, nodes_in
from demo.engines import find_engine
from demo.process import HOST, free_port
from nodes.clock import SystemClock

_PORT = 8109
Show = Callable[[str, float], None]
"""Told what is being done and how much of it is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured.

    `small` and `large` are lengths of the synthetic chain; `rounds` is how often what is measured
    takes turns with its limit, on `applied` and `audited` blocks each time; `seconds` is how long
    a limit on all cores is measured. `watched` are numbers of locators that a node watches, each
    probed `probes` times a round. `ordered` posts go through four engines, and half as many
    through three; `distant` ones go through four that are apart, and as many through three; `kills`
    end one of four; `caught_up` blocks are replayed from peers.
    """

    small: int
    large: int
    trees: tuple[int, ...]
    proofs: int
    rounds: int
    applied: int
    audited: int
    seconds: float
    posts: int
    matches: int
    imported: int
    weighed: int
    watched: tuple[int, ...]
    probes: int
    frames: int
    ordered: int
    distant: int
    kills: int
    caught_up: int


FULL = Scale(
    small=10_000,
    large=200_000,
    trees=(10_000, 200_000, 1_000_000),
    proofs=500,
    rounds=9,
    applied=2048,
    audited=5000,
    seconds=2.0,
    posts=200,
    matches=100,
    imported=2000,
    weighed=500,
    watched=(10_000, 1_000_000, 10_000_000),
    probes=500,
    frames=1000,
    ordered=200,
    distant=60,
    kills=24,
    caught_up=100_000,
)
QUICK = Scale(
    small=1_000,
    large=5_000,
    trees=(1_000, 50_000),
    proofs=100,
    rounds=3,
    applied=768,
    audited=2000,
    seconds=0.5,
    posts=40,
    matches=6,
    imported=120,
    weighed=48,
    watched=(10_000, 300_000),
    probes=100,
    frames=60,
    ordered=20,
    distant=4,
    kills=2,
    caught_up=2_000,
)


@dataclass
class Workshop:
    """Everything that is measured is in `folder`; `closing` ends what was started."""

    folder: Path
    scale: Scale
    machine: Machine
    show: Show
    is_sampled: bool = False
    """Whether nodes note what they spend their CPU on; that takes some of it, too."""
    closing: ExitStack = field(default_factory=ExitStack)
    running: ExitStack = field(default_factory=ExitStack)
    """Ends the nodes that run now."""

    def __post_init__(self) -> None:
        """Let what runs end first."""
        self.closing.enter_context(self.running)

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
        return self.running.enter_context(nodes_in(folder, self.show, is_sampled=self.is_sampled))

    @cached_property
    def matching_nodes(self) -> Nodes:
        """Return the same nodes with an epoch open, once nothing of earlier signals is to come."""
        self.nodes.open_epoch(self.show)
        return self.nodes

    @cached_property
    def engine(self) -> Path:
        """Return the engine's program.

        Raises:
            DemoError: it is not here.
        """
        return find_engine()

    @cached_property
    def ordered_nodes(self) -> Nodes:
        """Return four nodes with an engine each; what ran before is ended, as it would disturb."""
        self.running.close()
        folder = self.folder / "ordered"
        folder.mkdir()
        self.show("founding a consortium with engines", 0)
        return self.running.enter_context(
            nodes_in(folder, self.show, is_sampled=self.is_sampled, engine=self.engine)
        )
