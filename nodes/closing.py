"""Closing: with an epoch goes what followed from its key, but for what somebody still waits for.

An issuer that answered may have recorded a match before it heard of the closing; the answer may be
on its way. So the pseudonym of a live signal is kept until every answer about it was opened, for
seven days at most (MATCHING, rule 8). Nothing is watched for under it any more.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from nodes.matcher import Matcher
from nodes.store import chain, matching
from nodes.store.presence import PlacedSignal, Presences
from nodes.store.watch import Watch

KEPT_DAYS = 7


class Closing:
    """Deletes what followed from closed epochs."""

    def __init__(self, *, matcher: Matcher, presences: Presences, watch: Watch) -> None:
        """Delete from `presences` and `watch`."""
        self._matcher = matcher
        self._presences = presences
        self._watch = watch

    def close(self, connection: Connection, *, purpose: str, epoch: int) -> None:
        """Delete what followed from an epoch, as far as nothing has to be kept."""
        is_kept = False
        for key, presence in self._presences.all(connection):
            if (presence.purpose, presence.epoch) != (purpose, epoch):
                continue
            if presence.y:
                self._watch.remove(connection, self._matcher.places(presence))
            awaiting = tuple(
                signal for signal in presence.live() if _is_awaiting(connection, signal)
            )
            if awaiting:
                is_kept = True
                self._presences.put(connection, replace(presence, signals=awaiting))
            else:
                self._presences.drop(connection, key)
        if is_kept:
            since = chain.cursor(connection, chain.EFFECTS_DAY)
            matching.keep_closed(connection, purpose=purpose, epoch=epoch, since=since)

    def settle(self, connection: Connection, own: Sequence[tuple[str, str, str]]) -> None:
        """Let go what was kept for own signals, as (local id, digits, purpose).

        Their answers are all opened, or they were withdrawn.
        """
        for kept in matching.kept_closed(connection):
            for local_id, digits, purpose in own:
                if purpose != kept.purpose:
                    continue
                key = self._presences.key(digits=digits, purpose=purpose, epoch=kept.epoch)
                presence = self._presences.at(connection, key)
                if presence is None:
                    continue
                left = presence.without(bytes.fromhex(local_id))
                if left.signals:
                    self._presences.put(connection, left)
                else:
                    self._presences.drop(connection, key)

    def turn_day(self, connection: Connection, day: int) -> None:
        """Let go what was kept since over seven days before the day with that ordinal."""
        for kept in matching.kept_closed(connection):
            if day <= kept.since + KEPT_DAYS:
                continue
            for key, presence in self._presences.all(connection):
                if (presence.purpose, presence.epoch) == (kept.purpose, kept.epoch):
                    self._presences.drop(connection, key)
            matching.forget_closed(connection, kept)


def _is_awaiting(connection: Connection, signal: PlacedSignal) -> bool:
    locate = matching.located_at(connection, signal.height)
    return locate is not None and bool(matching.unopened(connection, locate))
