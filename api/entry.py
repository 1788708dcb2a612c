"""A governance entry on the wire."""

from typing import Self

from pydantic import Field

from api.wire import Wire
from ledger.entry import SignedEntry


class EntryOut(Wire):
    """What was submitted: the entry's id, author and kind."""

    entry_id: str = Field(max_length=64, description="Hex SHA-256 of the entry's text.")
    author: str = Field(max_length=40)
    kind: str = Field(max_length=40)

    @classmethod
    def of(cls, signed: SignedEntry) -> Self:
        """Show `signed`."""
        return cls(entry_id=signed.id.hex(), author=signed.entry.author, kind=signed.entry.kind)
