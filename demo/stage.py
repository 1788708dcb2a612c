"""What the scenes share: the members, the people, the screen, and the two signals that meet."""

import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from demo.consortium import DOCUMENT, Members
from demo.errors import DemoError
from demo.people import CaseSignal, Person
from demo.screen import Screen
from ledger.cosignature import SignedCheckpoint, verify_quorum
from ledger.receipt import Receipt, verify_receipt
from ledger.tile import decode_bundle, entry_tiles

_WAIT_SECONDS = 20
_LOOK_EVERY_SECONDS = 0.05
EXPORT = "export.signaalketen"
RECEIPT = "receipt.txt"


@dataclass(frozen=True, slots=True)
class Posted:
    """A signal that was posted, the status of the answer, and its receipt."""

    signal: CaseSignal
    status: int
    local_id: str
    receipt: Receipt
    at: float = field(default_factory=time.monotonic)
    """When, in seconds by a clock that only goes forward."""

    @property
    def height(self) -> int:
        """Return the block that the receipt is of."""
        return self.receipt.index


@dataclass
class Stage:
    """Passed from scene to scene; `spare` people are in no import."""

    members: Members
    people: list[Person]
    spare: list[Person]
    screen: Screen
    first: Posted | None = None
    second: Posted | None = None
    used: int = 0
    """How many spare signals the scenes with engines took, from the last on."""

    @property
    def document(self) -> Path:
        """Return the file of the consortium document."""
        return self.members.folder / DOCUMENT

    @property
    def export(self) -> Path:
        """Return the file of the export."""
        return self.members.folder / EXPORT

    def the_first(self) -> Posted:
        """Return the signal of the first scene.

        Raises:
            DemoError: that scene did not come so far.
        """
        if self.first is None:
            raise DemoError("there is no first signal to go on with")
        return self.first

    def the_second(self) -> Posted:
        """Return the signal that met the first.

        Raises:
            DemoError: its scene did not come so far.
        """
        if self.second is None:
            raise DemoError("there is no second signal to go on with")
        return self.second

    def next_spare(self, agency: str) -> CaseSignal:
        """Return a signal by `agency` that no other scene posts.

        Raises:
            DemoError: there is none left.
        """
        mine = [s for person in reversed(self.spare) for s in person.signals if s.agency == agency]
        if self.used >= len(mine):
            raise DemoError(f"{agency} has no spare signal left")
        self.used += 1
        return mine[self.used - 1]

    def post(self, signal: CaseSignal) -> Posted:
        """Post a signal at its agency's node, as its caseworker.

        Raises:
            DemoError: it was not taken, or is not final yet.
        """
        answer = self.members[signal.agency].post(
            "/v1/signals", signal.body(), role="caseworker", key=secrets.token_hex(16)
        )
        if answer.status_code != httpx.codes.CREATED:
            raise DemoError(f"{signal.agency} answers {answer.status_code}: {_detail(answer)}")
        own = answer.json()
        receipt = Receipt.decode(own["receipt"].encode())
        return Posted(signal, answer.status_code, own["localId"], receipt)

    def cosigners(self, receipt: Receipt) -> list[str]:
        """Return the members by whose cosignatures the receipt holds, checked as an outsider would.

        Raises:
            LedgerError: it does not hold.
        """
        document = self.members.document
        times = verify_receipt(
            receipt, origin=document.origin, members=document.witnesses, quorum=document.quorum
        )
        return sorted(times)

    def checkpoint(self, name: str, *, role: str | None = "operator") -> SignedCheckpoint:
        """Return the newest final checkpoint that `name` serves, its quorum checked.

        Raises:
            LedgerError: it does not hold.
        """
        signed = SignedCheckpoint.decode(self.members[name].ask("/checkpoint", role=role).content)
        document = self.members.document
        verify_quorum(signed, members=document.witnesses, quorum=document.quorum)
        return signed

    def wait_size(self, name: str, size: int, *, role: str | None = "operator") -> int:
        """Wait until `name` serves a final checkpoint of at least `size`; return its size.

        Raises:
            DemoError: it does not after twenty seconds.
        """
        until = time.monotonic() + _WAIT_SECONDS
        while (served := self.checkpoint(name, role=role).checkpoint.size) < size:
            if time.monotonic() > until:
                raise DemoError(f"{name} still shows {served} blocks of {size}")
            time.sleep(_LOOK_EVERY_SECONDS)
        return served

    def blocks(self, name: str, *, role: str | None, size: int) -> list[bytes]:
        """Return the first `size` blocks as `name` serves them."""
        member = self.members[name]
        return [
            raw
            for tile in entry_tiles(size)
            for raw in decode_bundle(member.ask(f"/{tile.path()}", role=role).content)
        ]


def _detail(answer: httpx.Response) -> str:
    if answer.status_code == httpx.codes.ACCEPTED:
        return "safe there, and not final yet"
    return str(answer.json().get("detail", ""))
