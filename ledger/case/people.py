"""Who acts: a person in a role, at a desk, perhaps in another's place.

    caseworker         confirms, writes, asks, prepares, concludes, closes    of the case's own desk
    approver           grants or refuses what another prepared; breaks glass
    privacy-officer    reviews what was granted by breaking glass             the FG
    lead               assigns, and hears what was left lying                 of the case's own desk

Persons are known by ids that the agency gives them; a name stands nowhere.
"""

from dataclasses import dataclass
from enum import StrEnum

from ledger.errors import DeniedError


class Role(StrEnum):
    """In what quality somebody acts; policy, auditor and operator do nothing in a case."""

    CASEWORKER = "caseworker"
    APPROVER = "approver"
    PRIVACY_OFFICER = "privacy-officer"
    LEAD = "lead"
    POLICY = "policy"
    AUDITOR = "auditor"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Actor:
    """The person `id` acts as `role`, at `desk`, and for the person `deputy_of` where not None."""

    id: str
    role: Role
    desk: str
    deputy_of: str | None = None

    @property
    def hands(self) -> frozenset[str]:
        """Return whose hands an act of this person's is by: its own, and whose place it takes."""
        return frozenset({self.id} if self.deputy_of is None else {self.id, self.deputy_of})


def verify_may(actor: Actor, *, roles: frozenset[Role], desk: str) -> None:
    """Check that `actor` has one of `roles`, and is of `desk` or, as approver, of its agency.

    Raises:
        DeniedError: another role, or another desk's.
    """
    if actor.role not in roles:
        raise DeniedError("role", f"only for: {', '.join(sorted(roles))}")
    wide = {Role.APPROVER, Role.PRIVACY_OFFICER}
    is_near = actor.desk == desk or (actor.role in wide and _member(actor.desk) == _member(desk))
    if not is_near:
        raise DeniedError("desk", "the case is another desk's")


def verify_four_eyes(first: Actor, second: Actor) -> None:
    """Check that two acts are by two persons, whatever their roles and whoever's place they take.

    Raises:
        DeniedError: one hand in both.
    """
    if first.hands & second.hands:
        raise DeniedError("four-eyes", "whoever prepared it, or takes their place, cannot decide")


def _member(desk: str) -> str:
    return desk.partition("/")[0]
