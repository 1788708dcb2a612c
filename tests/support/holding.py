"""Key holders over one chain, without nodes around them: each as real as it is, its shares on disk.

    holding = Holding(database, folder)
    dealt = holding.open_epoch(1)
    person = holding.post_about(bsn)                  # a signal of UWV's, final
    holding.holder("svb").evaluate([person.asked], purpose=PURPOSE, author="uwv")

All holders follow the same replica; what differs between them is in `shares` and `sealing`.
"""

from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, cast

from ledger.bsn import Bsn
from ledger.encoding import sha256
from ledger.group import Scalar
from ledger.rules.signal import ALPHA
from ledger.seal import SealingKey
from ledger.voprf import Alpha, blind, person_input
from nodes.evaluator import Person
from nodes.holder import Asked, Holder
from nodes.logbook import Logbook
from nodes.progress import Progress
from nodes.shares import HeldShare, Shares
from nodes.store.database import Database
from nodes.store.logbook import Logs
from tests.support.chain import PURPOSE, make_signal
from tests.support.databases import VAULT, Follower
from tests.support.epochs import Dealt, closing, deal, opening
from tests.support.fakes import FakeClock
from tests.support.parties import ALL, DAY, Change, Consortium, seeded
from tests.support.simulation.memory import MemoryWriter


class Holding:
    """The chain, and the four members that hold shares of its epochs."""

    def __init__(
        self, database: Database, folder: Path, *, consortium: Consortium | None = None
    ) -> None:
        """Begin with the founding block, which is final."""
        self.follower = Follower(database, consortium)
        self.replica = self.follower.replica
        self.database = database
        self.clock = FakeClock()
        self.progress = Progress(applied=1, final=1)
        self.shares = {name: Shares(folder / name) for name in ALL}
        self._numbers = count(1000)

    @property
    def consortium(self) -> Consortium:
        """Return the consortium as its document in force has it."""
        return self.follower.chain.consortium

    @cached_property
    def sealing(self) -> dict[str, SealingKey]:
        """Return the key of each member that peers seal to."""
        return {name: SealingKey(sha256(f"sealing {name}".encode())) for name in ALL}

    def holder(self, name: str) -> Holder:
        """Return the member `name` as a holder."""
        return Holder(
            member=name,
            sealing=self.sealing[name],
            shares=self.shares[name],
            replica=self.replica,
            database=self.database,
            progress=self.progress,
            clock=self.clock,
            logbook=self.logbook,
        )

    @cached_property
    def logbook(self) -> Logbook:
        """Return where all of them record what they do."""
        return Logbook(
            replica=self.replica,
            writer=cast(Any, MemoryWriter(self.database)),
            logs=Logs(VAULT),
            clock=self.clock,
            subject_key=bytes(32),
            activities="urn:test:",
        )

    def dealt(self, number: int, *, purpose: str = PURPOSE) -> Dealt:
        """Return an epoch under the document in force, opened or not."""
        return deal(self.consortium, number, purpose=purpose)

    def share(self, holder: str, number: int, *, purpose: str = PURPOSE) -> Scalar:
        """Return the share of `holder` in an epoch."""
        dealt = self.dealt(number, purpose=purpose)
        return next(scalar for name, _, _, scalar in dealt.shares if name == holder)

    def append(self, raw: bytes, *, is_final: bool = True) -> int:
        """Append an entry note and return its height."""
        self.follower.apply(raw)
        height = self.follower.chain.state.height
        if is_final:
            self.progress.final.reach(height)
        return height - 1

    def amend(self, change: Change) -> None:
        """Put a new version of the document in force."""
        self.follower.chain.amend(change)
        self.follower.catch_up()

    def open_epoch(self, number: int, *, purpose: str = PURPOSE) -> Dealt:
        """Open an epoch; each holder gets its shares."""
        dealt = self.dealt(number, purpose=purpose)
        for holder, group, index, scalar in dealt.shares:
            share = HeldShare(group, index, scalar)
            self.shares[holder].store(purpose=purpose, number=number, share=share)
        self.append(opening(self.consortium, dealt.document))
        return dealt

    def close_epoch(self, number: int) -> None:
        """Close an epoch; the holders keep their shares until they destroy them."""
        self.append(closing(self.consortium, number))

    def post_about(
        self, bsn: Bsn, author: str = "uwv", *, purpose: str = PURPOSE, is_final: bool = True
    ) -> Person:
        """Append a signal about somebody, and return what its author has of it."""
        number = next(self._numbers)
        blinding = Scalar.reduce(seeded(64, "blinding", number))
        message = person_input(bsn)
        alpha = Alpha(purpose, blind(message, blinding=blinding))
        signal = make_signal(self.consortium, author, number=number, day=DAY, alpha=alpha)
        height = self.append(signal.raw, is_final=is_final)
        share = signal.body.share([ALPHA]).encode()
        return Person(Asked(height, share), alpha.element, message, blinding)
