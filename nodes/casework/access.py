"""Access: which desks' cases somebody may see, and how a case is found for them.

Another desk's case is answered like one that is not there.
"""

import re
from collections.abc import Callable

from sqlalchemy import Connection

from ledger.case.people import Actor, Role
from ledger.errors import DeniedError
from nodes.casework.dossiers import Dossier, Dossiers
from nodes.errors import NotFoundError
from nodes.store.matches import Case, Matches

_ID = re.compile("[0-9a-f]{32}")
_NEAR = frozenset({Role.CASEWORKER, Role.LEAD})
_WIDE = frozenset({Role.APPROVER, Role.PRIVACY_OFFICER})


def sees(actor: Actor) -> Callable[[str], bool]:
    """Return what tells whether `actor` may see the cases of a desk.

    Raises:
        DeniedError: a role that sees none, as policy and auditor.
    """
    if actor.role in _NEAR:
        return lambda desk: desk == actor.desk
    if actor.role in _WIDE:
        member = actor.desk.partition("/")[0]
        return lambda desk: desk.partition("/")[0] == member
    raise DeniedError("role", "this role sees no cases")


class Access:
    """Finds cases for those who may see them, inside a caller's transaction."""

    def __init__(self, *, matches: Matches, dossiers: Dossiers) -> None:
        """Find among `matches`."""
        self._matches = matches
        self._dossiers = dossiers

    def case(
        self, connection: Connection, actor: Actor, case_id: str
    ) -> tuple[Case, list[Dossier]]:
        """Return a case, and the dossiers of it that `actor` may see: one at least.

        Raises:
            NotFoundError: none of that id, or none that is theirs to see.
            DeniedError: a role that sees none.
        """
        is_seen = sees(actor)
        case = self._matches.case(connection, case_id) if _ID.fullmatch(case_id) else None
        ids = () if case is None else case.match_ids
        loaded = (self._dossiers.load(connection, match_id) for match_id in ids)
        found = [one for one in loaded if one is not None and is_seen(one.pair.own_desk)]
        if case is None or not found:
            raise NotFoundError("no case of this desk has that id")
        return case, found

    def dossier(self, connection: Connection, actor: Actor, case_id: str, match: bytes) -> Dossier:
        """Return one dossier of a case that `actor` may see.

        Raises:
            NotFoundError: as `case`, or no such match in it.
            DeniedError: a role that sees none.
        """
        is_seen = sees(actor)
        case = self._matches.case(connection, case_id) if _ID.fullmatch(case_id) else None
        # Only the one: the others of the case need not be played.
        is_there = case is not None and match.hex() in case.match_ids
        found = self._dossiers.load(connection, match.hex()) if is_there else None
        if found is None or not is_seen(found.pair.own_desk):
            raise NotFoundError("no case of this desk has that id, or it has no such match")
        return found
