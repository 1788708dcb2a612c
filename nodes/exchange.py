"""The exchange: what brings messages to other issuers' desks and takes theirs, wired."""

import secrets

from sqlalchemy import Connection

from nodes.addresses import Addresses
from nodes.beat import Beat
from nodes.courier import Courier
from nodes.desks import Desks
from nodes.logbook import Logbook
from nodes.metronome import Metronome
from nodes.opener import NoReceiver, Opener
from nodes.premises import Premises
from nodes.rhythm import Rhythm
from nodes.store.incoming import Incoming
from nodes.store.outgoing import Outgoing


class Exchange:
    """`beat` sends when `metronome` says so, `opener` takes what comes to the own desks."""

    def __init__(self, premises: Premises, *, courier: Courier, logbook: Logbook) -> None:
        """Wire; what comes is for nobody until `opener` has a receiver."""
        self._clock = premises.clock
        settings, outgoing = premises.settings, Outgoing(premises.vault)
        desks = Desks(settings.keys, member=premises.member, random=secrets.token_bytes)
        period = settings.exchange_beat_seconds
        rhythm = (
            Rhythm.of(premises.member, origin=premises.origin, seconds=period) if period else None
        )
        self.addresses = Addresses(
            member=premises.member,
            replica=premises.replica,
            writer=premises.writer,
            outgoing=outgoing,
            desks=desks,
            peers=premises.peers,
            clock=premises.clock,
        )
        self.beat = Beat(
            keyring=premises.keyring,
            replica=premises.replica,
            database=premises.database,
            writer=premises.writer,
            outgoing=outgoing,
            dispatches=premises.dispatches,
            courier=courier,
            addresses=self.addresses,
            clock=premises.clock,
            logbook=logbook,
            rhythm=rhythm,
            count=settings.exchange_items,
        )
        self.metronome = Metronome(
            rhythm=rhythm,
            beat=self.beat,
            courier=courier,
            addresses=self.addresses,
            clock=premises.clock,
        )
        self.opener = Opener(
            member=premises.member,
            origin=premises.origin,
            replica=premises.replica,
            desks=desks,
            incoming=Incoming(premises.vault),
            receiver=NoReceiver(),
        )

    def turn_day(self, connection: Connection, day: int) -> None:
        """Let go, on the day with that ordinal, of what nobody can send or open any more."""
        # By the earlier of two days: neither a clock that ran ahead nor an author that dates its
        # entries ahead must destroy what others cannot send again.
        day = min(day, self._clock.today().toordinal())
        self.beat.turn_day(connection, day)
        self.opener.turn_day(connection, day)
