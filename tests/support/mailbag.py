"""A sender that keeps what it is given, and a notifier that remembers whom it told."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from ledger.exchange.message import Message
from nodes.casework.notices import Addressee
from nodes.errors import NoticeError, StorageError


@dataclass(frozen=True)
class Posted:
    """A message in the bag."""

    to: str
    desks: tuple[str, ...]
    message: bytes
    raw: bytes = field(repr=False)
    is_urgent: bool = False

    @property
    def read(self) -> Message:
        """Return what it says."""
        return Message.decode(self.raw)


class Mailbag:
    """A `Sender`; it takes nothing while it `is_full`."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.sent: list[Posted] = []
        self.heights: dict[bytes, int] = {}
        self.woken = 0
        self.is_full = False

    def send(
        self,
        connection: Connection,
        *,
        to: str,
        desks: Sequence[str],
        message: bytes,
        raw: bytes,
        is_urgent: bool = False,
        after: Sequence[bytes] = (),
    ) -> None:
        """Keep the message; see `Sender`."""
        del after
        assert connection.in_transaction()
        if self.is_full:
            raise StorageError("the bag is full")
        self.sent.append(Posted(to, tuple(desks), message, raw, is_urgent))

    def wake(self) -> None:
        """Count; see `Sender`."""
        self.woken += 1

    def height_of(self, connection: Connection, message: bytes) -> int | None:
        """Return what a test said; see `Sender`."""
        return self.heights.get(message)

    def take(self) -> list[Posted]:
        """Return what is in the bag, and empty it."""
        sent, self.sent = self.sent, []
        return sent


class Bell:
    """A `Notifier`; nobody hears it while it `is_broken`."""

    def __init__(self) -> None:
        """Have told nobody."""
        self.told: list[Addressee] = []
        self.is_broken = False

    async def notify(self, addressee: Addressee) -> None:
        """Remember whom; see `Notifier`."""
        if self.is_broken:
            raise NoticeError("no sound")
        self.told.append(addressee)

    async def close(self) -> None:
        """Hold nothing."""
