"""Hearing: what becomes of a message of another agency's desk, once it is opened and whole.

Taken in, it is an event of its match. One that may not be is counted under `message-<reason>
<author>` and stands in the timeline of its match as refused; what names no match that its author is
a party to stands nowhere, and the transport counts it. One that came before this node had found the
match waits for it, for 14 days: then there is none, or it went.
"""

import logging

from sqlalchemy import Connection

from ledger.case.acts import Event, Hear, Refused
from ledger.errors import DeniedError, LedgerError, MalformedError, VerificationError
from ledger.exchange.message import Grant, Message
from nodes.casework.documents import Documents
from nodes.casework.dossiers import Dossier, Dossiers
from nodes.casework.grants import Grants
from nodes.casework.moment import Moment
from nodes.casework.notices import DESK, Addressee, Notices
from nodes.logbook import Act, Logbook, Processing
from nodes.store import chain
from nodes.store.matches import Match, Matches
from nodes.store.parked import Parked, Waiting
from nodes.store.statement import savepoint

_log = logging.getLogger(__name__)
_ADOPTED = "casework/adopted"
MAX_EVENTS = 512
"""Of one match; who sends more sends nothing that helps anybody."""
MAX_REFUSED = 32
"""That stand in one timeline; more are counted only."""


class Hearing:
    """Takes in messages, and the matches that they wait for."""

    def __init__(
        self,
        *,
        member: str,
        dossiers: Dossiers,
        grants: Grants,
        matches: Matches,
        parked: Parked,
        documents: Documents,
        moment: Moment,
        notices: Notices,
        logbook: Logbook,
    ) -> None:
        """Hear as `member`."""
        self._member = member
        self._dossiers = dossiers
        self._grants = grants
        self._matches = matches
        self._parked = parked
        self._documents = documents
        self._moment = moment
        self._notices = notices
        self._logbook = logbook

    def receive(
        self,
        connection: Connection,
        *,
        author: str,
        desk: str,
        message: bytes,
        raw: bytes,
        height: int,
    ) -> None:
        """Take in the message `raw` of `author`, opened with the key of the own `desk`.

        Raises:
            LedgerError: it names no match that its author and the desk are parties to.
        """
        heard = Message.decode(raw)
        if heard.desk.partition("/")[0] != author:
            raise DeniedError("author", "it speaks for another agency's desk")
        own = self._documents.newest().desk(desk)
        if own is None or own.member != self._member or own.kind != "case":
            raise DeniedError("desk", "it is for no desk for cases of this agency")
        waiting = Waiting(author, desk, message, raw, height)
        dossier = self._dossiers.load(connection, heard.match.hex())
        if dossier is not None:
            self._hear(connection, dossier, heard, waiting)
        elif self._matches.get(connection, heard.match.hex()) is not None:
            raise DeniedError("withdrawn", "nothing is done about this match any more")
        else:
            self._parked.add(connection, heard.match.hex(), waiting, today=self._moment.today())

    def taken(self, connection: Connection, match: Match, case: str) -> None:
        """Open a dossier for a new match, and hear what waits for it; see `MatchListener`."""
        dossier = self._dossiers.open(connection, match, case)
        waiting = self._parked.take(connection, match.id)
        if dossier is None:
            return
        self._notices.want(connection, Addressee(DESK, dossier.pair.own_desk))
        for one in waiting:
            try:
                # Whatever it is, it must not keep the match from being taken up.
                with savepoint(connection):
                    self.receive(connection, **one._asdict())
            except LedgerError as cause:
                reason = cause.reason if isinstance(cause, DeniedError) else "malformed"
                chain.count_refusals(connection, [_counted(reason, one.author)])

    def adopt(self, connection: Connection) -> None:
        """Open dossiers for matches that an older version took up, once in a database's life."""
        if chain.cursor(connection, _ADOPTED):
            return
        for match in self._matches.all(connection):
            case = self._matches.case_of(connection, digits=match.digits, purpose=match.purpose)
            if case is not None:
                self.taken(connection, match, case.id)
        chain.move_cursor(connection, _ADOPTED, 1)

    def removed(self, connection: Connection, match: Match) -> None:
        """Delete what happened to a match, and what waits for it; see `MatchListener`."""
        self._parked.take(connection, match.id)
        self._dossiers.remove(connection, match.id)

    def withdrawn(self, connection: Connection, local_id: str) -> None:
        """Delete what happened to the matches of an own signal that is withdrawn now."""
        for match in self._matches.of_own(connection, local_id):
            self.removed(connection, match)

    def _hear(self, connection: Connection, dossier: Dossier, heard: Message, one: Waiting) -> None:
        match = dossier.match
        if match.member != one.author:
            raise DeniedError("author", "its author is no party to this match")
        if one.desk not in dossier.own_desks:
            raise DeniedError("desk", "the match is another desk's")
        if dossier.opening.events >= MAX_EVENTS:
            raise DeniedError("full", f"over {MAX_EVENTS} events in one match")
        event = Event(self._moment.now(), Hear(one.message, heard))
        try:
            with savepoint(connection):
                if isinstance(heard.content, Grant):
                    self._grants.verify(connection, match, heard.content)
                kept = self._dossiers.append(connection, dossier, event, height=one.height)
        except LedgerError as cause:
            self._refuse(connection, dossier, one, heard.content.TYPE, reason=_reason(cause))
            return
        done = Processing(Act.HEAR, match.purpose, match.digits, one.author)
        self._logbook.write(connection, [done])
        self._notices.want(connection, Addressee(DESK, kept.pair.own_desk))

    def _refuse(
        self, connection: Connection, dossier: Dossier, one: Waiting, kind: str, *, reason: str
    ) -> None:
        _log.info("a message of %s is refused: %s", one.author, reason)
        chain.count_refusals(connection, [_counted(reason, one.author)])
        match = dossier.match
        done = Processing(Act.TURN_AWAY, match.purpose, match.digits, one.author)
        self._logbook.write(connection, [done])
        if dossier.opening.refused < MAX_REFUSED:
            refused = Refused(one.message, kind, reason)
            event = Event(self._moment.now(), refused)
            self._dossiers.append(connection, dossier, event, height=one.height)


def _reason(cause: LedgerError) -> str:
    match cause:
        case DeniedError():
            return cause.reason
        case VerificationError():
            return "forged"
        case MalformedError():
            return "malformed"
        case _:
            return "other"


def _counted(reason: str, author: str) -> str:
    return f"message-{reason} {author}"
