"""What authors may post beyond a day's quota: their live signals anew, after a key was lost.

An `epoch` entry that replaces another gives every author as many signals beyond its quotas as of
its own stand at that block, and as many locates and erasures, one of each for a signal. Of what
purpose a signal is nobody sees, so all are counted: those posted, less those that its erasures
say. The next such entry gives anew; nothing of the one before is added.
"""

from dataclasses import dataclass, field

KINDS = ("signal", "locate", "erasure")
"""The kinds of which more than a quota may come."""


@dataclass(slots=True)
class Allowances:
    """`standing`: by author, signals posted less signals erased; `left`: by (author, kind)."""

    standing: dict[str, int] = field(default_factory=dict)
    left: dict[tuple[str, str], int] = field(default_factory=dict)

    def copy(self) -> "Allowances":
        """Return the same, to go on from here on its own."""
        return Allowances(dict(self.standing), dict(self.left))

    def stand(self, author: str, signals: int) -> None:
        """Note that of `author` so many signals more stand; fewer where that is negative."""
        # Not held at zero: the sum must not depend on the order of what an author claims.
        self.standing[author] = self.standing.get(author, 0) + signals

    def renew(self) -> None:
        """Let every author post as many signals beyond its quotas as of its own stand."""
        self.left = {
            (author, kind): count
            for author, count in self.standing.items()
            if count > 0
            for kind in KINDS
        }

    def is_left(self, author: str, kind: str) -> bool:
        """Tell whether `author` may have one more entry of `kind` beyond its quota."""
        return self.left.get((author, kind), 0) > 0

    def use(self, author: str, kind: str) -> None:
        """Use up one; there must be one left."""
        left = self.left.pop((author, kind)) - 1
        if left:
            self.left[author, kind] = left
