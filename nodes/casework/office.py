"""The office: everything that casework at a node consists of, wired."""

from collections.abc import Callable

from nodes.casework.access import Access
from nodes.casework.casework import Casework
from nodes.casework.decisions import Decisions
from nodes.casework.deeds import Deeds
from nodes.casework.directory import Directory
from nodes.casework.documents import Documents
from nodes.casework.dossiers import Dossiers
from nodes.casework.grants import Grants
from nodes.casework.hearing import Hearing
from nodes.casework.moment import Moment
from nodes.casework.notices import Notices, Notifier
from nodes.casework.reading import Reading
from nodes.casework.sender import Sender
from nodes.casework.timekeeper import Timekeeper
from nodes.clock import Clock
from nodes.keyring import Keyring
from nodes.logbook import Logbook
from nodes.replica import Replica
from nodes.settings import Settings
from nodes.store.absences import Absences
from nodes.store.casework import CaseStore
from nodes.store.database import Database
from nodes.store.matches import Matches
from nodes.store.parked import Parked
from nodes.store.signals import Signals
from nodes.store.vault import Vault
from nodes.store.writer import Writer


class Office:
    """`casework` is for people, `hearing` for what comes in, the rest runs by itself."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        settings: Settings,
        vault: Vault,
        replica: Replica,
        database: Database,
        writer: Writer,
        matches: Matches,
        signals: Signals,
        logbook: Logbook,
        clock: Clock,
        final: Callable[[], int],
        sender: Sender,
        notifier: Notifier | None,
    ) -> None:
        """Wire; from now on `matches` tells of what it takes in and removes."""
        member, index_key = keyring.member, keyring.derive("index/case")
        store = CaseStore(vault, index_key=index_key)
        absences = Absences(vault, index_key=index_key)
        parked = Parked(vault, index_key=index_key)
        documents, moment = Documents(replica), Moment(clock=clock, replica=replica)
        self.notices = Notices(
            vault=vault,
            index_key=index_key,
            database=database,
            writer=writer,
            clock=clock,
            notifier=notifier,
            period_seconds=settings.notices.period_seconds,
        )
        dossiers = Dossiers(
            store=store,
            matches=matches,
            signals=signals,
            documents=documents,
            moment=moment,
            holidays=settings.cases.holidays,
        )
        grants = Grants(signals=signals, documents=documents, moment=moment, final=final)
        access = Access(matches=matches, dossiers=dossiers)
        self.hearing = Hearing(
            member=member,
            dossiers=dossiers,
            grants=grants,
            matches=matches,
            parked=parked,
            documents=documents,
            moment=moment,
            notices=self.notices,
            logbook=logbook,
        )
        matches.listener = self.hearing
        self.timekeeper = Timekeeper(
            member=member,
            store=store,
            dossiers=dossiers,
            parked=parked,
            database=database,
            writer=writer,
            moment=moment,
            notices=self.notices,
            logbook=logbook,
            seconds=settings.cases.clock_seconds,
            before=self.hearing.adopt,
        )
        deeds = Deeds(
            dossiers=dossiers,
            grants=grants,
            sender=sender,
            moment=moment,
            logbook=logbook,
        )
        self.casework = Casework(
            reading=Reading(
                database=database,
                store=store,
                matches=matches,
                signals=signals,
                absences=absences,
                access=access,
                grants=grants,
                directory=Directory(own=settings.desks, documents=documents),
                sender=sender,
                moment=moment,
                logbook=logbook,
            ),
            decisions=Decisions(
                member=member,
                access=access,
                absences=absences,
                deeds=deeds,
                notices=self.notices,
                writer=writer,
                moment=moment,
            ),
            access=access,
            dossiers=dossiers,
            deeds=deeds,
            store=store,
            absences=absences,
            notices=self.notices,
            writer=writer,
            moment=moment,
        )
