"""The office: everything that casework at a node consists of, wired."""

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
from nodes.logbook import Logbook
from nodes.premises import Premises
from nodes.store.absences import Absences
from nodes.store.casework import CaseStore
from nodes.store.matches import Matches
from nodes.store.parked import Parked


class Office:
    """`casework` is for people, `hearing` for what comes in, the rest runs by itself."""

    def __init__(
        self,
        premises: Premises,
        *,
        matches: Matches,
        logbook: Logbook,
        sender: Sender,
        notifier: Notifier | None,
    ) -> None:
        """Wire; from now on `matches` tells of what it takes in and removes."""
        member, index_key = premises.member, premises.keyring.derive("index/case")
        settings, signals, clock = premises.settings, premises.signals, premises.clock
        database, writer = premises.database, premises.writer
        store = CaseStore(premises.vault, index_key=index_key)
        absences = Absences(premises.vault, index_key=index_key)
        parked = Parked(premises.vault, index_key=index_key)
        documents = Documents(premises.replica)
        moment = Moment(clock=clock, replica=premises.replica)
        self.notices = Notices(
            vault=premises.vault,
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
        grants = Grants(
            signals=signals,
            documents=documents,
            moment=moment,
            final=lambda: premises.progress.final.value,
        )
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
