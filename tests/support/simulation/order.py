"""The agreed order of a simulated consortium, and the state of the chain after each of its blocks.

Every node reads the same order at its own pace; `states[n]` is what one that has n blocks computes.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Self

import tomli_w

from ledger.consortium_toml import decode_consortium
from ledger.encoding import Digest, sha256
from ledger.entry import SignedEntry
from ledger.epochs import Epochs
from ledger.errors import RefusedError
from ledger.outstanding import Outstanding
from ledger.state import Appended, State
from nodes.replica import Applied
from tests.support.chain import PURPOSE, make_founding
from tests.support.epochs import closing, deal, opening
from tests.support.parties import ALL, Consortium, founding_draft, make_member

NEWCOMER = "cak"
"""The fourth issuer."""
PURPOSES = (PURPOSE, "schuldhulp")
DESKS = {"uwv": 1, "svb": 2, "szw": 3, NEWCOMER: 5}


class Order:
    """What was handed in, as batches, and what became of it."""

    def __init__(self, consortium: Consortium) -> None:
        """Begin with nothing."""
        self.consortium = consortium
        self.batches: list[Applied] = []
        self.blocks: list[Appended] = []
        self.states = [State()]

    @classmethod
    def founded(cls, *, issuers: int, has_epochs: bool) -> Self:
        """Begin with the founding entry, and a first epoch for each purpose if so asked."""
        genesis = _genesis(issuers, has_epochs)
        order = cls(genesis.consortium)
        # States are never changed once they stand here, so orders can share them.
        order.batches += genesis.batches
        order.blocks += genesis.blocks
        order.states += genesis.states[1:]
        return order

    @property
    def newest(self) -> State:
        """Return the state after all that was handed in."""
        return self.states[-1]

    async def submit(self, entries: Sequence[bytes]) -> None:
        """Take a submission; see `Sequencer`."""
        self.append(entries)

    def append(self, entries: Sequence[bytes]) -> None:
        """Add a submission and compute what becomes of it."""
        appended: list[Appended] = []
        refused: list[tuple[Digest | None, str]] = []
        for raw in entries:
            state = _copy(self.newest)
            try:
                appended.append(state.apply(raw))
            except RefusedError as refusal:
                refused.append((SignedEntry.decode(raw).id, refusal.reason))
                continue
            self.states.append(state)
        self.blocks += appended
        self.batches.append(Applied(tuple(appended), tuple(refused), None))

    def open_epoch(self, purpose: str) -> None:
        """Hand in the next epoch of `purpose`; the state machine refuses a third."""
        number = self.newest.epochs.next_number(purpose)
        document = deal(self.consortium, number, purpose=purpose).document
        self.append([opening(self.consortium, document)])

    def replace_epoch(self, purpose: str, lost: int) -> None:
        """Hand in an epoch in the place of `lost`, which the state machine may refuse."""
        number = self.newest.epochs.next_number(purpose)
        document = deal(self.consortium, number, purpose=purpose, replaces=lost).document
        self.append([opening(self.consortium, document)])

    def close_epoch(self, purpose: str) -> None:
        """Hand in the closing of the oldest open epoch of `purpose`."""
        number = min((e.number for e in self.newest.epochs.open_now(purpose)), default=1)
        self.append([closing(self.consortium, number, purpose=purpose)])

    def join(self) -> None:
        """Hand in the document that makes the newcomer an issuer."""
        if NEWCOMER in self.newest.issuers:
            return
        self.consortium, entry = _joining(self.consortium)
        self.append([entry])


@lru_cache(maxsize=4)
def _genesis(issuers: int, has_epochs: bool) -> Order:
    order = Order(consortium_of(issuers=issuers))
    order.append([make_founding(order.consortium)])
    for purpose in PURPOSES if has_epochs else ():
        order.open_epoch(purpose)
    return order


@lru_cache(maxsize=2)
def consortium_of(*, issuers: int) -> Consortium:
    """Return BZK and three or four issuers, with a second purpose."""
    members = tuple(make_member(name) for name in ALL)
    draft = founding_draft(members)
    draft["purpose"].append({**draft["purpose"][0], "name": PURPOSES[1]})
    # Enough for five witnesses, so that joining does not change it.
    draft["quorum"] = 4
    if issuers == 4:
        members = (*members, make_member(NEWCOMER))
        draft["member"] = [member.table() for member in members]
        _add_desk(draft)
    return Consortium(members, decode_consortium(tomli_w.dumps(draft)))


@lru_cache(maxsize=2)
def _joining(consortium: Consortium) -> tuple[Consortium, bytes]:
    members = (*consortium.members, make_member(NEWCOMER))
    successor = consortium.draft(_add_desk, members=members)
    others = sorted({member.name for member in consortium.members} - {"szw"})
    return successor, consortium.propose(successor.document, by=others).encode()


def _add_desk(draft: dict[str, Any]) -> None:
    desk = {"number": DESKS[NEWCOMER], "name": f"{NEWCOMER}/zorg", "title": "CAK"}
    draft["desk"].append({**desk, "kind": "case", "neutral": True})


def _copy(state: State) -> State:
    return replace(
        state,
        cards=dict(state.cards),
        epochs=Epochs({purpose: list(spans) for purpose, spans in state.epochs.spans.items()}),
        outstanding=Outstanding(dict(state.outstanding.signals), dict(state.outstanding.locates)),
        allowances=state.allowances.copy(),
        dates=state.dates.copy(),
        recent={day: set(ids) for day, ids in state.recent.items()},
        posted={day: dict(counts) for day, counts in state.posted.items()},
    )


def pseudonym(message: bytes, purpose: str, epoch: int) -> bytes:
    """Return y in place of the VOPRF's: what nobody else can compute is no matter here."""
    return sha256(message + b"\0" + purpose.encode() + bytes([epoch])) * 2
