"""Deeds: what an act comes to, in one transaction.

The event is played by the rules (`ledger.case`) and stored, the message that tells the other desk
is queued, and the logbook's record is written. So nothing is sent that was not allowed, and nothing
is allowed that is not on record.
"""

import secrets
from collections.abc import Callable

from sqlalchemy import Connection

from ledger.case.acts import Act as CaseAct
from ledger.case.acts import Approve, BreakGlass, Event, Say
from ledger.case.people import Actor
from ledger.errors import DeniedError
from ledger.exchange.item import MESSAGE_ID_BYTES
from ledger.exchange.message import (
    Close,
    Confirm,
    Content,
    Grant,
    Message,
    Outcome,
    Refuse,
    Request,
)
from nodes.casework.dossiers import Dossier, Dossiers
from nodes.casework.grants import Grants
from nodes.casework.moment import Moment
from nodes.casework.sender import Sender
from nodes.logbook import Act, Logbook, Processing
from nodes.tracing import current

_SAID: dict[type[Content], Act] = {
    Confirm: Act.CONFIRM,
    Request: Act.ASK,
    Refuse: Act.REFUSE,
    Outcome: Act.CONCLUDE,
    Close: Act.CLOSE_CASE,
}


class Deeds:
    """Plays, sends and records, inside a caller's transaction."""

    def __init__(
        self,
        *,
        dossiers: Dossiers,
        grants: Grants,
        sender: Sender,
        moment: Moment,
        logbook: Logbook,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Send by `sender`, under ids drawn from `random`."""
        self._dossiers = dossiers
        self._grants = grants
        self._sender = sender
        self._moment = moment
        self._logbook = logbook
        self._random = random

    def wake(self) -> None:
        """Let what is urgent go now: its transaction is durable."""
        self._sender.wake()

    def play(
        self,
        connection: Connection,
        dossier: Dossier,
        actor: Actor,
        act: CaseAct,
        recorded: Act,
        *,
        sent: bytes | None = None,
    ) -> Dossier:
        """Let somebody do something, told to the other desk in the message `sent`, if any.

        Raises:
            DeniedError: the rules do not allow it.
        """
        event = Event(self._moment.now(), act, actor)
        played = self._dossiers.append(connection, dossier, event, sent=sent)
        self.record(connection, played, recorded)
        return played

    def say(
        self,
        connection: Connection,
        dossier: Dossier,
        actor: Actor,
        content: Content,
        *,
        is_urgent: bool = False,
        message: bytes | None = None,
    ) -> bytes:
        """Let somebody say something, and return the message's id: `message`, or a random one.

        Raises:
            DeniedError: the rules do not allow it.
        """
        message = message or self._random(MESSAGE_ID_BYTES)
        recorded = _SAID.get(type(content), Act.SAY)
        act = Say(message, content)
        played = self.play(connection, dossier, actor, act, recorded, sent=message)
        self._send(connection, played, message, content, is_urgent=is_urgent)
        return message

    def grant(
        self,
        connection: Connection,
        dossier: Dossier,
        actor: Actor,
        act: Approve | BreakGlass,
        recorded: Act,
        *,
        is_urgent: bool = False,
    ) -> None:
        """Let somebody grant fields of the own signal: with the act goes the disclosure.

        Raises:
            DeniedError: the rules do not allow it, or the signal is not whole here any more.
        """
        message = self._random(MESSAGE_ID_BYTES)
        played = self.play(connection, dossier, actor, act, recorded, sent=message)
        asked = played.pair.asked(act.request, is_own=False)
        if asked.last_day is None or asked.release is None:
            raise DeniedError("not-granted", "this was not granted")
        disclosure = self._grants.disclose(connection, played.match, fields=asked.fields)
        grant = Grant(act.request, asked.release, asked.last_day, disclosure)
        self._send(connection, played, message, grant, is_urgent=is_urgent)

    def _send(
        self,
        connection: Connection,
        dossier: Dossier,
        message: bytes,
        content: Content,
        *,
        is_urgent: bool,
    ) -> None:
        pair = dossier.pair
        self._sender.send(
            connection,
            to=dossier.match.member,
            desks=[pair.other_desk],
            message=message,
            raw=Message(pair.match, pair.own_desk, content).encode(),
            is_urgent=is_urgent,
            after=[one.sent for one in dossier.events if one.sent is not None],
        )

    def record(self, connection: Connection, dossier: Dossier, act: Act) -> None:
        """Write the logbook's record of something done about a match."""
        match = dossier.match
        done = Processing(act, match.purpose, match.digits)
        self._logbook.write(connection, [done], trace=current())
