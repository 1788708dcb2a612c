"""Peers: how one member asks another, and the operations there are."""

from typing import Protocol

PUSH = "push"
"""Sealed items and other digests of entries to come; answered with stored-lines."""
PULL = "pull"
"""Ids of entries; answered with the items of theirs that are held for the asker, sealed."""
COSIGN = "cosign"
"""A checkpoint's text; answered with a cosignature line once that much is durable there."""
COSIGN_OUTSIDE = "cosign-outside"
"""The same for a checkpoint that strangers will see; answered with a line of type 06."""
VOUCH = "vouch"
"""Answered with the newest final checkpoint that bears a cosignature of the asker's, or nothing."""
FINAL = "final"
"""A checkpoint with a quorum's cosignatures, so that the others need not ask."""
EVALUATE = "evaluate"
"""Final signals of the asker's, with what opens them; answered with evaluations and proofs."""
ITEMS = "items"
"""Ids of entries by whoever is asked; answered with the asker's part of their items, sealed."""
GENERATE = "generate"
"""A step in the generation of a pseudonym key, sealed; answered with what this holder says."""
KEYS = "keys"
"""Answered with the 1,216-byte public key that items for this member are sealed to."""

DESKS = "desks"
"""Answered with the public keys of the member's desks this month: a desk card."""


class Transport(Protocol):
    """Carries one message to a member's node. `tests/contract` holds every adapter to this."""

    async def send(self, url: str, message: bytes, *, timeout: float) -> bytes:
        """Return the node's answer, unread.

        Raises:
            PeerUnreachableError: no answer within `timeout` seconds, or not from such a node.
        """

    async def close(self) -> None:
        """Let go of connections."""
