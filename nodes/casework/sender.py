"""How a message leaves: the port to the rhythm in which a member sends."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection


class Sender(Protocol):
    """Queues messages; what goes when, it alone decides."""

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
        """Queue, in the caller's transaction, the encoded message `raw` under its 16-byte id.

        It is for one or two `desks` ('member/desk') of the member `to`. An urgent one goes at
        once, beside the rhythm, and overtakes none of the earlier ones with the ids `after`.
        """

    def wake(self) -> None:
        """Look for urgent messages now; called once the transaction is durable."""

    def height_of(self, connection: Connection, message: bytes) -> int | None:
        """Return the block of the beat that carried a message's last piece, once it is final."""
