"""MATCHING's rules, each with a switch that turns it off at the one place that carries it.

    with SWITCHES["slots are used again"].off():
        play(seed)          # finds: a locator was sent for two signals

A rule whose switch changes nothing that a schedule can see would be one that nobody checks.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection

from ledger.block import Block
from nodes import closing, locating
from nodes.answering import Answering
from nodes.custodian import Custodian
from nodes.matcher import Matcher
from nodes.matching import Matching
from nodes.pickup import Pickup
from nodes.prober import Prober
from nodes.store import chain, database
from nodes.store.dispatches import Dispatch
from nodes.store.matches import Matches
from nodes.store.presence import PlacedSignal, Presence
from nodes.store.watch import Watch
from nodes.withdrawal import Withdrawal
from tests.support.simulation import memory, world

_REAL_CONFIGURE = database._configure
_REAL_SCHEMA = memory.schema


@dataclass(frozen=True)
class Switch:
    """A way to break `rule`: `places` are (owner, attribute, what stands there instead).

    `noticed` is what the oracle says of at least one schedule in that `mood`.
    """

    rule: int
    mood: str
    noticed: str
    places: tuple[tuple[Any, str, Any], ...]

    @contextmanager
    def off(self) -> Iterator[None]:
        """Turn the rule off."""
        with ExitStack() as stack:
            for owner, attribute, instead in self.places:
                stack.enter_context(patch.object(owner, attribute, instead))
            # What was made under the rule must not serve without it, nor the other way round.
            stack.callback(world.forget_databases)
            world.forget_databases()
            yield


def _nothing(*_: object, **__: object) -> None:
    """Do nothing."""


def _never(*_: object, **__: object) -> bool:
    return False


def _live_once_final(known: Any, **changes: Any) -> Any:
    return replace(known, **changes, **({"is_live": True} if "height" in changes else {}))


def _watch_in_newest(
    matcher: Matcher, connection: Connection, own: Sequence[tuple[str, str, str]]
) -> None:
    for local_id, digits, purpose in own:
        for presence in matcher._about(connection, digits, purpose)[:1]:
            placed = presence.of(bytes.fromhex(local_id))
            if placed is not None and presence.y:
                changed = presence.with_signal(replace(placed, is_live=True))
                key = matcher._presences.put(connection, changed)
                matcher._watch.add(connection, matcher.places(presence), presence=key)


def _tell_without_recording(
    prober: Prober, connection: Connection, hits: Sequence[Any], *_: object
) -> dict[int, int]:
    return {own.height: own.desk for hit in hits for own in hit.presence.live()}


def _to_whom_it_was_pushed(
    pickup: Pickup, connection: Connection, dispatch: Dispatch, receiver: str
) -> Sequence[int] | None:
    return dispatch.routes.get(receiver)


def _reserve_lowest(presence: Presence, local_id: bytes, *, desk: int, random: Any) -> Presence:
    taken = {signal.slot for signal in presence.signals}
    slot = min(set(range(16)) - taken)
    return replace(presence, signals=(*presence.signals, PlacedSignal(local_id, slot, desk)))


def _those_with_a_match(
    withdrawal: Withdrawal, connection: Connection, own: Any, height: int
) -> list[str]:
    told = {match.member for match in withdrawal._matches.of_own(connection, own.local_id)}
    block = chain.block_at(connection, height)
    lines = () if block is None else Block.decode(block).signed.lines[1:]
    return sorted(told | {line.name.rpartition("/")[2] for line in lines})


def _configure_carelessly(connection: Any, record: Any) -> None:
    _REAL_CONFIGURE(connection, record)
    connection.execute("PRAGMA secure_delete=OFF")


def _schema_with_row_ids() -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:")
    _REAL_SCHEMA().backup(copy)
    copy.execute("DROP TABLE watch")
    copy.execute("CREATE TABLE watch (key BLOB PRIMARY KEY, box BLOB NOT NULL)")
    copy.commit()
    return copy


SWITCHES: Mapping[str, Switch] = {
    "withdrawn signals stay live": Switch(
        1, "withdrawing", "dangles", ((Matcher, "withdraw", _nothing),)
    ),
    "signals are live before their locate": Switch(
        1, "posting at once", "blamed", ((locating, "replace", _live_once_final),)
    ),
    "watch rows outlive their signals": Switch(
        1, "withdrawing", "watched without a live signal", ((Watch, "remove", _nothing),)
    ),
    "one of two epochs is watched": Switch(
        2, "closing", "not watched", ((Matcher, "own_locate", _watch_in_newest),)
    ),
    "hits are told and not recorded": Switch(
        3, "any", "one side only", ((Prober, "_meet", _tell_without_recording),)
    ),
    "late copies are stored": Switch(
        4, "losing", "is kept", ((Custodian, "_has_taken_effect", _never),)
    ),
    "only those pushed to may pull": Switch(
        5, "joining", "is not answered by", ((Pickup, "_indexes_for", _to_whom_it_was_pushed),)
    ),
    "newcomers are not watched": Switch(
        6, "joining", "not watched", ((Matching, "_turn_membership", _nothing),)
    ),
    "slots are used again": Switch(
        7, "posting again", "one locator for", ((Presence, "reserve", _reserve_lowest),)
    ),
    "pseudonyms go at once with their epoch": Switch(
        8, "closing", "one side only", ((closing, "_is_awaiting", _never),)
    ),
    "only those with a match are told": Switch(
        9, "withdrawing late", "dangles", ((Withdrawal, "_concerned", _those_with_a_match),)
    ),
    "withdrawals are not remembered": Switch(
        9, "answering late", "dangles", ((Matches, "is_erased", _never),)
    ),
    "missing items are waited for": Switch(
        10, "cut", "owe an answer", ((Answering, "_give_up_missing", _nothing),)
    ),
    "deleted rows stay on the disk": Switch(
        12, "withdrawing", "still on the disk", ((database, "_configure", _configure_carelessly),)
    ),
    "rows lie in order of time": Switch(
        12, "any", "order of rows", ((world, "schema", _schema_with_row_ids),)
    ),
}
