"""The judge: this node's replica as the engine's application sees it.

Whose engines decide follows from the chain alone: of each member in the document in force the
engine key on its newest card, or the one in the genesis file until it has such a card.
"""

from collections.abc import Mapping, Sequence

from ledger.encoding import Digest, from_base64
from ledger.errors import MalformedError
from ledger.state import State
from ledger.tree import EMPTY_ROOT, Frontier, leaf_hash
from nodes.replica import Replica, take_all
from nodes.sequencer.cometbft.identity import address_of
from nodes.sequencer.cometbft.machine import Foreseen

_KEY_BYTES = 32


class Judge:
    """A `Machine` over a replica."""

    def __init__(self, replica: Replica, genesis: Mapping[str, bytes]) -> None:
        """Judge for `replica`; `genesis` says the first engine key of each founding member."""
        self._replica = replica
        self._genesis = genesis

    def root(self) -> Digest:
        """Return the root that is durable; see `Machine`."""
        tip = self._replica.tip
        return EMPTY_ROOT if tip is None else tip.root

    def validators(self) -> frozenset[bytes]:
        """Return who decides now; see `Machine`."""
        return frozenset(engine_keys(self._replica.state, self._genesis).values())

    def foresee(self, entries: Sequence[bytes]) -> Foreseen:
        """Try the entries on the state; see `Machine`."""
        seen = self._replica.foresee(tuple(entries))
        return Foreseen(
            root=seen.frontier.root(),
            validators=frozenset(engine_keys(seen.state, self._genesis).values()),
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

    def __init__(self, founding: Digest, genesis: Mapping[str, bytes]) -> None:
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
        return frozenset(engine_keys(self._state, self._genesis).values())

    def foresee(self, entries: Sequence[bytes]) -> Foreseen:
        """Try the entries; see `Machine`."""
        trial = self._state.trial()
        appended, refused = take_all(trial, entries, founding=self._founding)
        frontier, _ = self._frontier.appended([leaf_hash(new.raw) for new in appended])
        return Foreseen(
            root=frontier.root(),
            validators=frozenset(engine_keys(trial, self._genesis).values()),
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


def engine_keys(state: State, genesis: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return by member the key of its engine, of those that have one.

    What a card says and is no key counts as none: the engine itself would stop everywhere.
    """
    members = genesis if state.document is None else state.document.by_name
    keys = {}
    for name in members:
        card = state.cards.get(name)
        key = None if card is None else _key(card.engine_key)
        key = genesis.get(name) if key is None else key
        if key is not None:
            keys[name] = key
    return keys


def _member_of(address: bytes, state: State, genesis: Mapping[str, bytes]) -> str | None:
    known = {**genesis, **engine_keys(state, genesis)}
    return next((name for name, key in known.items() if address_of(key) == address), None)


def _key(text: str) -> bytes | None:
    try:
        return from_base64(text, size=_KEY_BYTES)
    except MalformedError:
        return None
