"""Finality: what makes blocks final here, and shows strangers that they are, wired."""

from collections.abc import Callable

from sqlalchemy import Connection

from nodes.premises import Premises
from nodes.publisher import Publisher
from nodes.vouching import Vouching
from nodes.witness import Witness


class Finality:
    """`witness` gathers cosignatures and gives them, once `vouching` lets it; `publisher` shows."""

    def __init__(
        self,
        premises: Premises,
        *,
        along: Callable[[Connection, int], Callable[[], None]],
    ) -> None:
        """Wire; `along` lets blocks take effect in the transaction that makes them final."""
        self.vouching = Vouching(
            keyring=premises.keyring,
            replica=premises.replica,
            database=premises.database,
            peers=premises.peers,
            progress=premises.progress,
        )
        self.witness = Witness(
            member=premises.member,
            keyring=premises.keyring,
            replica=premises.replica,
            database=premises.database,
            writer=premises.writer,
            peers=premises.peers,
            progress=premises.progress,
            clock=premises.clock,
            vouching=self.vouching,
            along=along,
        )
        self.publisher = Publisher(
            member=premises.member,
            replica=premises.replica,
            database=premises.database,
            writer=premises.writer,
            witness=self.witness,
            peers=premises.peers,
            clock=premises.clock,
            step=premises.settings.public_step_seconds,
        )
