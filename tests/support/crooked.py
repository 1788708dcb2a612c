"""A simulated consortium in which a member shows each of the others what it likes, or nothing.

    world = CrookedWorld(seed=1, author="svb", shows=lambda kind, to, share: None)

What it shows is the same whether it pushes or is asked.
"""

from collections.abc import Callable, Sequence

from ledger.body import Share
from ledger.encoding import Digest
from ledger.entry import SignedEntry
from tests.support.observing import TappedWorld
from tests.support.simulation.network import Push

Shows = Callable[[str, str, Share], Share | None]
"""Takes a kind, a receiver and what the receiver should get; returns what it gets, or None."""


class CrookedWorld(TappedWorld):
    """A world whose member `author` is crooked; set `shows` to None to have it honest again."""

    def __init__(self, *, seed: int, author: str, shows: Shows) -> None:
        """Found three issuers with an open epoch."""
        self.shows: Shows | None = shows
        self.silent: set[str] = set()
        """Members that give nobody anything who asks."""
        self._author = author
        super().__init__(seed=seed)

    def arrive(self, index: int) -> None:
        """See `World`."""
        message = self.bag[index]
        if isinstance(message, Push) and message.sender == self._author and self.shows:
            note, raw = message.parcel
            kind = SignedEntry.decode(note).entry.kind
            shown = self.shows(kind, message.to, Share.decode(raw))
            if shown is None:
                self.lose(index)
                return
            message.parcel = (note, shown.encode())
        super().arrive(index)

    def items(self, source: str, asker: str, entry_ids: Sequence[Digest]) -> list[bytes]:
        """See `World`."""
        if source in self.silent:
            return [b""] * len(entry_ids)
        parts = super().items(source, asker, entry_ids)
        if source != self._author or self.shows is None:
            return parts
        kinds = {block.admission.id: block.admission.kind for block in self.order.blocks}
        shown = [
            self.shows(kinds[entry_id], asker, Share.decode(part)) if part else None
            for entry_id, part in zip(entry_ids, parts, strict=True)
        ]
        return [b"" if share is None else share.encode() for share in shown]
