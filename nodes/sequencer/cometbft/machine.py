"""The state machine as the engine's application sees it: a port, for `nodes.judge` to fill.

Three moments: judge what is proposed, foresee what a decided block brings about, and, in `apply` of
the `Sequencer`, take it in durably. Between the last two the engine stores the block and this
machine's answer; a crash there must find the state on disk where it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ledger.encoding import Digest


@dataclass(frozen=True, slots=True)
class Engine:
    """A member's engine: `key` decides, or nothing does where it only listens.

    `peer` is where the others' engines find it: <40 hex>@host:port.
    """

    key: bytes | None
    peer: str

    @property
    def id(self) -> str:
        """Return the id of its connections: the 40 hex digits."""
        return self.peer.partition("@")[0]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a block brings about: the Merkle `root` behind it, and the `validators` from then on.

    `refused` holds the reason for each entry that is skipped, by its place in the block.
    """

    root: Digest
    validators: frozenset[bytes]
    refused: dict[int, str]


class Machine(Protocol):
    """Judges entries against what is durable; changes nothing. May be called from any thread."""

    def root(self) -> Digest:
        """Return the Merkle root over the blocks that are durable here."""

    def validators(self) -> frozenset[bytes]:
        """Return the public keys of the engines that decide, as of what is durable here."""

    def engines(self) -> Mapping[str, Engine]:
        """Return each member's engine, as of what is durable here: who may connect, and where."""

    def foresee(self, entries: Sequence[bytes]) -> Foreseen:
        """Return what these entries, in this order, would bring about.

        Raises:
            LedgerError: this software cannot go beyond one of them.
        """

    def member_of(self, address: bytes) -> str | None:
        """Return whose engine has this address (the first 20 bytes of SHA-256 of its key)."""

    def rehearse(self) -> "Rehearsing":
        """Return a machine that stands where the chain began, and remembers nothing for long."""


class Rehearsing(Machine, Protocol):
    """A machine in memory, for blocks that are durable here and that a new engine shows again."""

    def take(self, entries: Sequence[bytes]) -> None:
        """Take entries in."""
