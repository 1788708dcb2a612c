"""The judge: this node's replica as the engine's application sees it.

Whose engines decide, and whose may connect, follows from the chain alone: of each member in the
document in force the engine on its newest card, or the one in the genesis file until it has such a
card.
"""

from collections.abc import Mapping, Sequence

from ledger.encoding import Digest, from_base64
from ledger.member import MemberDocument
from ledger.state import State
from ledger.tree import EMPTY_ROOT, Frontier, leaf_hash
from nodes.replica import Replica, take_all
from nodes.sequencer.cometbft.identity import address_of
from nodes.sequencer.cometbft.machine import Engine, Foreseen

_KEY_BYTES = 32


class Judge:
    """A `Machine` over a replica."""

    def __init__(self, replica: Replica, genesis: Mapping[str, Engine]) -> None:
        """Judge for `replica`; `genesis` says the first engine of each founding member."""
        self._replica = replica
        self._genesis = genesis

    def root(self) -> Digest:
        """Return the root that is durable; see `Machine`."""
        tip = self._replica.tip
        return EMPTY_ROOT if tip is None else tip.root

    def validators(self) -> frozenset[bytes]:
        """Return who decides now; see `Machine`."""
        return _deciding(self._replica.state, self._genesis)

    def engines(self) -> dict[str, Engine]:
        """Return whose engines there are now; see `Machine`."""
        return engines_of(self._replica.state, self._genesis)

    def foresee(self, entries: Sequence[bytes]) -> Foreseen:
        """Try the entries on the state; see `Machine`."""
        seen = self._replica.foresee(tuple(entries))
        return Foreseen(
            root=seen.frontier.root(),
            validators=_deciding(seen.state, self._genesis),
            refused={place: reason for place, _, reason in seen.refused},
        )

    def member_of(self, address: bytes) -> str | None:
        """Return whose engine has this address; see `Machine`."""
        return _member_of(address, self._replica.state, self._genesis)

    def rehearse(self) -> "Rehearsal":
        """Return the chain's beginning; see `Machine`."""
        return Rehearsal(self._replica.founding, self._genesis)


class Rehearsal:
    """The chain once more from its founding entry, in memory: a `Machine` that can go on."""

    def __init__(self, founding: Digest, genesis: Mapping[str, Engine]) -> None:
        """Begin with nothing."""
        self._founding = founding
        self._genesis = genesis
        self._state = State()
        self._frontier = Frontier(0, ())

    def root(self) -> Digest:
        """Return the root so far; see `Machine`."""
        return self._frontier.root()

    def validators(self) -> frozenset[bytes]:
        """Return who decides so far; see `Machine`."""
        return _deciding(self._state, self._genesis)

    def engines(self) -> dict[str, Engine]:
        """Return whose engines there are so far; see `Machine`."""
        return engines_of(self._state, self._genesis)

    def foresee(self, entries: Sequence[bytes]) -> Foreseen:
        """Try the entries; see `Machine`."""
        trial = self._state.trial()
        appended, refused = take_all(trial, entries, founding=self._founding)
        frontier, _ = self._frontier.appended([leaf_hash(new.raw) for new in appended])
        return Foreseen(
            root=frontier.root(),
            validators=_deciding(trial, self._genesis),
            refused={place: reason for place, _, reason in refused},
        )

    def member_of(self, address: bytes) -> str | None:
        """Return whose engine has this address; see `Machine`."""
        return _member_of(address, self._state, self._genesis)

    def rehearse(self) -> "Rehearsal":
        """Begin again; see `Machine`."""
        return Rehearsal(self._founding, self._genesis)

    def take(self, entries: Sequence[bytes]) -> None:
        """Take the entries in; see `Rehearsing`."""
        appended, _ = take_all(self._state, entries, founding=self._founding)
        self._frontier, _ = self._frontier.appended([leaf_hash(new.raw) for new in appended])


def engines_of(state: State, genesis: Mapping[str, Engine]) -> dict[str, Engine]:
    """Return by member its engine, of those that have one."""
    members = genesis if state.document is None else state.document.by_name
    engines = {}
    for name in members:
        card = state.cards.get(name)
        engine = genesis.get(name) if card is None or not card.engine_peer else _stated(card)
        if engine is not None:
            engines[name] = engine
    return engines


def _stated(card: MemberDocument) -> Engine:
    key = from_base64(card.engine_key, size=_KEY_BYTES) if card.engine_key else None
    return Engine(key, card.engine_peer)


def _deciding(state: State, genesis: Mapping[str, Engine]) -> frozenset[bytes]:
    engines = engines_of(state, genesis).values()
    return frozenset(engine.key for engine in engines if engine.key is not None)


def _member_of(address: bytes, state: State, genesis: Mapping[str, Engine]) -> str | None:
    known = {**genesis, **engines_of(state, genesis)}
    of = {name: engine.key for name, engine in known.items() if engine.key is not None}
    return next((name for name, key in of.items() if address_of(key) == address), None)
