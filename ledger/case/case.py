"""A case: all pairs of one person for one purpose at one desk, under a random local id.

It lives at one agency only; what goes out names matches. Somebody of the desk carries it: takes it,
or is given it by the desk's lead; while away, a deputy does, or the desk's common worklist has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ledger.case.pair import Pair
from ledger.case.people import Actor, Role, verify_may
from ledger.errors import DeniedError


@dataclass(frozen=True, slots=True)
class Case:
    """The case with that local `id`, carried by the person of an id, or by nobody in particular."""

    id: str
    purpose: str
    desk: str
    pairs: tuple[Pair, ...] = ()
    carried_by: str | None = None

    @property
    def is_closed(self) -> bool:
        """Tell whether every pair is closed."""
        return bool(self.pairs) and all(pair.closed is not None for pair in self.pairs)

    def pair(self, match: bytes) -> Pair:
        """Return the pair of a match.

        Raises:
            DeniedError: it is not of this case.
        """
        for pair in self.pairs:
            if pair.match == match:
                return pair
        raise DeniedError("match", "this match is not of this case")

    def with_pair(self, changed: Pair) -> "Case":
        """Return it with a pair changed, or added.

        Raises:
            DeniedError: the pair is for another purpose.
        """
        if changed.purpose != self.purpose:
            raise DeniedError("purpose", "a case is for one purpose")
        if all(pair.match != changed.match for pair in self.pairs):
            return replace(self, pairs=(*self.pairs, changed))
        kept = tuple(changed if p.match == changed.match else p for p in self.pairs)
        return replace(self, pairs=kept)

    def assigned(self, person: str | None, *, by: Actor) -> "Case":
        """Return it carried by `person`, or by nobody in particular.

        Raises:
            DeniedError: closed, of another desk, or a caseworker gives it to somebody else.
        """
        if self.is_closed:
            raise DeniedError("closed", "the case is closed")
        verify_may(by, roles=frozenset({Role.CASEWORKER, Role.LEAD}), desk=self.desk)
        is_own = person == by.id or (person is None and self.carried_by == by.id)
        if by.role is not Role.LEAD and not is_own:
            raise DeniedError("role", "the desk's lead gives a case to somebody else")
        return replace(self, carried_by=person)

    def worked_by(self, deputies: Mapping[str, str | None]) -> str | None:
        """Return whose worklist it is on, or None: the desk's common one.

        `deputies` names who is away today, and who stands in for them, if anybody.
        """
        person = self.carried_by
        # A deputy may be away too; two that stand in for each other are both away.
        for _ in range(len(deputies)):
            if person is None or person not in deputies:
                return person
            person = deputies[person]
        return person if person not in deputies else None
