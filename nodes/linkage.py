"""Linkage: everything that finds matches, from the stores upwards, wired."""

from collections.abc import Callable

from sqlalchemy import Connection

from nodes.answering import Answering
from nodes.beat import Beat
from nodes.cases import Cases
from nodes.closing import Closing
from nodes.courier import Courier
from nodes.evaluator import Evaluator
from nodes.holder import Holder
from nodes.inbox import Inbox
from nodes.locating import Locating
from nodes.logbook import Logbook
from nodes.matcher import Matcher
from nodes.matching import Matching
from nodes.premises import Premises
from nodes.prober import Prober
from nodes.store.matches import Matches
from nodes.store.presence import Presences
from nodes.store.watch import Watch
from nodes.withdrawal import Withdrawal


class Linkage:
    """`matching` takes final blocks to the other parts, which run by themselves."""

    def __init__(
        self,
        premises: Premises,
        *,
        courier: Courier,
        beat: Beat,
        logbook: Logbook,
        on_frame: Callable[[], None],
        on_withdrawn: Callable[[Connection, str], None],
    ) -> None:
        """Wire; `on_frame` is called once a frame is here, `on_withdrawn` as `Withdrawal` says."""
        keyring = premises.keyring
        # Three keys: a stolen disk must not join persons, watched locators and matches.
        presences = Presences(premises.vault, index_key=keyring.derive("index/person"))
        watch = Watch(premises.vault, index_key=keyring.derive("index/watch"))
        self.matches = Matches(premises.vault, index_key=keyring.derive("index/match"))
        self.holder = Holder(
            member=premises.member,
            sealing=keyring.sealing,
            shares=premises.shares,
            replica=premises.replica,
            database=premises.database,
            progress=premises.progress,
            clock=premises.clock,
            logbook=logbook,
        )
        evaluator = Evaluator(
            member=premises.member,
            sealing=keyring.sealing,
            holder=self.holder,
            replica=premises.replica,
            peers=premises.peers,
            clock=premises.clock,
        )
        matcher = Matcher(
            member=premises.member,
            origin=premises.origin,
            replica=premises.replica,
            presences=presences,
            watch=watch,
            matches=self.matches,
        )
        prober = Prober(
            member=premises.member,
            origin=premises.origin,
            matcher=matcher,
            presences=presences,
            watch=watch,
            matches=self.matches,
        )
        self.closing = Closing(matcher=matcher, presences=presences, watch=watch)
        self.locating = Locating(
            member=premises.member,
            origin=premises.origin,
            replica=premises.replica,
            database=premises.database,
            writer=premises.writer,
            signals=premises.signals,
            presences=presences,
            dispatches=premises.dispatches,
            evaluator=evaluator,
            courier=courier,
            clock=premises.clock,
            logbook=logbook,
        )
        self.answering = Answering(
            member=premises.member,
            replica=premises.replica,
            writer=premises.writer,
            prober=prober,
            dispatches=premises.dispatches,
            courier=courier,
            clock=premises.clock,
        )
        self.inbox = Inbox(
            keyring=keyring,
            replica=premises.replica,
            database=premises.database,
            writer=premises.writer,
            custody=premises.custody,
            signals=premises.signals,
            dispatches=premises.dispatches,
            prober=prober,
            closing=self.closing,
            peers=premises.peers,
            clock=premises.clock,
            logbook=logbook,
            on_frame=on_frame,
        )
        self.withdrawal = Withdrawal(
            member=premises.member,
            replica=premises.replica,
            writer=premises.writer,
            vault=premises.vault,
            signals=premises.signals,
            matches=self.matches,
            matcher=matcher,
            closing=self.closing,
            dispatches=premises.dispatches,
            courier=courier,
            logbook=logbook,
            on_withdrawn=on_withdrawn,
        )
        self.cases = Cases(
            member=premises.member,
            replica=premises.replica,
            database=premises.database,
            writer=premises.writer,
            matches=self.matches,
            signals=premises.signals,
            logbook=logbook,
        )
        self.matching = Matching(
            member=premises.member,
            replica=premises.replica,
            signals=premises.signals,
            presences=presences,
            watch=watch,
            dispatches=premises.dispatches,
            matcher=matcher,
            closing=self.closing,
            locating=self.locating,
            withdrawal=self.withdrawal,
            inbox=self.inbox,
            beat=beat,
            shares=premises.shares,
        )
