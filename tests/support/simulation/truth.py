"""What must be true of a consortium at rest, from what was asked of its nodes and the chain alone.

Two signals of different issuers about one person for one purpose may match if an epoch was open at
the blocks of both. They must, if that epoch was still open when the issuer that was located first
answered the other, and did not call its items missing; and if its key was not lost before the other
was located.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from ledger.bsn import Bsn
from ledger.epochs import Span
from ledger.heights import Heights
from ledger.pseudonym import Pseudonym
from ledger.voprf import person_input
from tests.support.signers import ORIGIN
from tests.support.simulation.order import pseudonym
from tests.support.simulation.world import World

Pair = tuple[int, int]
"""The heights of two signals, the lower first."""


@dataclass(frozen=True)
class Sent:
    """A signal in its block."""

    height: int
    author: str
    person: Bsn
    purpose: str
    is_withdrawn: bool

    def y(self, epoch: int) -> Pseudonym:
        """Return its person's pseudonym under an epoch of its purpose."""
        output = pseudonym(person_input(self.person), self.purpose, epoch)
        return Pseudonym(ORIGIN, self.purpose, epoch, output)


class Truth:
    """All of it."""

    def __init__(self, world: World) -> None:
        """Read a world at rest."""
        self._world = world
        self.epochs = world.order.newest.epochs
        self.located: dict[int, list[int]] = defaultdict(list)
        """By height of a signal: the heights of the `locate` entries that name it."""
        self.answered: dict[tuple[int, str], list[tuple[int, bool]]] = defaultdict(list)
        """By `locate` and answerer: the heights of its answers, and if they call it missing."""
        for block in world.order.blocks:
            if block.admission.kind not in {"locate", "answer"}:
                continue
            heights = Heights.decode(block.admission.further)
            for named in heights.named:
                if block.admission.kind == "locate":
                    self.located[named].append(block.height)
                else:
                    by = (named, block.admission.author)
                    self.answered[by].append((block.height, named in heights.missing))

    @cached_property
    def signals(self) -> dict[int, Sent]:
        """Return by height every signal that was posted; at rest all are on the chain."""
        found = {}
        for local_id, posted in self._world.posted.items():
            database = self._world.parties[posted.author].database
            query = f"SELECT height FROM signal WHERE local_id = '{local_id}'"
            (height,) = database.column(query)
            is_withdrawn = local_id in self._world.withdrawn
            found[height] = Sent(height, posted.author, posted.person, posted.purpose, is_withdrawn)
        return found

    @cached_property
    def live(self) -> list[Sent]:
        """Return the signals that were not withdrawn, in order of height."""
        return [self.signals[h] for h in sorted(self.signals) if not self.signals[h].is_withdrawn]

    @cached_property
    def may_match(self) -> dict[Pair, set[str]]:
        """Return the pairs that may match, with the ids of which both sides must give one.

        It follows from the newest epoch under which one was found by the other: of those that were
        open for both, or of one that was open for other signals about that person.
        """
        return {
            (one.height, other.height): self._match_ids(one, other)
            for one, other in combinations(self.live, 2)
            if one.author != other.author
            and (one.person, one.purpose) == (other.person, other.purpose)
            and self.shared(one, other)
        }

    @cached_property
    def must_match(self) -> set[Pair]:
        """Return the pairs that must match."""
        return {
            pair
            for pair in self.may_match
            if self._is_certain(self.signals[pair[0]], self.signals[pair[1]])
        }

    def epochs_of(self, sent: Sent) -> list[int]:
        """Return the epochs open at the signal's block that still are."""
        still = {epoch.number for epoch in self.epochs.open_now(sent.purpose)}
        return [n for n in self.epochs.open_at(sent.purpose, sent.height) if n in still]

    def sure_epochs_of(self, sent: Sent) -> list[int]:
        """Return those of `epochs_of` under which it was located, whatever its node knew when.

        One that was located after the key was lost may have been evaluated before, or not.
        """
        (locate, *_) = self.located[sent.height]
        return [
            number
            for number in self.epochs_of(sent)
            if self._is_before_loss(self.epochs.spans[sent.purpose][number - 1], locate)
        ]

    def _is_before_loss(self, span: Span, locate: int) -> bool:
        return span.replaced is None or locate < span.replaced

    def shared(self, one: Sent, other: Sent) -> set[int]:
        """Return the epochs that were open at both blocks."""
        return set(self.epochs.open_at(one.purpose, one.height)) & set(
            self.epochs.open_at(other.purpose, other.height)
        )

    def _match_ids(self, one: Sent, other: Sent) -> set[str]:
        blocks = self._world.order.blocks
        lower, higher = blocks[one.height].admission.id, blocks[other.height].admission.id
        return {
            one.y(span.document.number).match_id(lower=lower, higher=higher).hex()
            for span in self.epochs.spans[one.purpose]
        }

    def _is_certain(self, one: Sent, other: Sent) -> bool:
        first, second = sorted((one, other), key=lambda sent: self.located[sent.height])
        locate = self.located[second.height][0]
        answer, is_missing = self.answered[locate, first.author][0]
        spans = self.epochs.spans[one.purpose]
        return not is_missing and any(
            (span.closed is None or answer <= span.closed) and self._is_before_loss(span, locate)
            for span in spans
            if span.document.number in self.shared(one, other)
        )
