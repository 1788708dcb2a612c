"""The epochs that were ever opened, by purpose: two have a key at most, the newest is current.

An epoch opened in block h is open for the blocks after h, up to the one that closes it. Years bring
a handful, so all are kept: which were open at a signal's own block decides with whom it can match.
Its key stays shared among the groups of its opening, whatever a later document makes of them.

One whose key is lost is replaced: from the block of its replacement on it is open no more for what
is posted, and still for matches with what was located under it, until it is closed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ledger.consortium import Group
from ledger.epoch import OPEN, EpochDocument

MAX_OPEN = 2


@dataclass(frozen=True, slots=True)
class Span:
    """An epoch's document and groups, and from which block to which it is open.

    `closed` None: still. `replaced`: the block that opened another in its place, or None.
    """

    document: EpochDocument
    groups: tuple[Group, ...]
    opened: int
    closed: int | None = None
    replaced: int | None = None

    def is_open_at(self, height: int) -> bool:
        """Tell whether the epoch is open for a signal in the block at `height`."""
        ends = [end for end in (self.closed, self.replaced) if end is not None]
        return self.opened < height <= min(ends, default=height)

    @property
    def has_key(self) -> bool:
        """Tell whether the epoch is open and its key is not lost."""
        return self.closed is None and self.replaced is None


@dataclass(slots=True)
class Epochs:
    """By purpose, the spans of its epochs 1, 2, 3, … in order."""

    spans: dict[str, list[Span]] = field(default_factory=dict)

    def open_now(self, purpose: str) -> list[EpochDocument]:
        """Return the documents of the open epochs of `purpose`, newest first."""
        spans = self.spans.get(purpose, [])
        return [span.document for span in reversed(spans) if span.closed is None]

    def with_key(self, purpose: str) -> list[EpochDocument]:
        """Return those of `open_now` under which signals can be evaluated, newest first."""
        spans = self.spans.get(purpose, [])
        return [span.document for span in reversed(spans) if span.has_key]

    def is_replaced(self, purpose: str, number: int) -> bool:
        """Tell whether another epoch was opened in the place of an epoch that was ever opened."""
        return self.spans[purpose][number - 1].replaced is not None

    def open_at(self, purpose: str, height: int) -> list[int]:
        """Return the numbers of the epochs open for the block `height`, newest first."""
        spans = self.spans.get(purpose, [])
        return [span.document.number for span in reversed(spans) if span.is_open_at(height)]

    def groups(self, document: EpochDocument) -> tuple[Group, ...]:
        """Return the groups among whose holders the key of an opened epoch is shared."""
        return self.spans[document.purpose][document.number - 1].groups

    def has_begun(self, height: int) -> bool:
        """Tell whether any epoch of any purpose was opened below the block at `height`."""
        return any(span.opened < height for spans in self.spans.values() for span in spans)

    def next_number(self, purpose: str) -> int:
        """Return the number that the next epoch of `purpose` must have."""
        return len(self.spans.get(purpose, [])) + 1

    def install(self, document: EpochDocument, *, groups: Sequence[Group], height: int) -> None:
        """Open or close an epoch in the block at `height`; whether it may is for the rules."""
        spans = self.spans.setdefault(document.purpose, [])
        if document.state == OPEN:
            if document.replaces is not None:
                lost = spans[document.replaces - 1]
                spans[document.replaces - 1] = replace(lost, replaced=height)
            spans.append(Span(document, tuple(groups), height))
        else:
            spans[document.number - 1] = replace(spans[document.number - 1], closed=height)
