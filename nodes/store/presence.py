"""What this agency has placed about one person in one epoch: everything in one box.

    key     HMAC(person key, enc(purpose, epoch, nine digits))
    box     enc(digits, purpose, epoch, y or nothing, u16 used slots, signal, signal, …)
    signal  local id (16) ‖ slot (1) ‖ desk (2) ‖ height (8, zero before it is known)
            ‖ entry id (32) ‖ 1 if live

Used slots stay when a signal is withdrawn, and so does the row when the last one is: else a locator
could be sent twice for different signals. Then y and digits are gone, and the row goes with its
epoch.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from ledger.encoding import Digest, enc, split_enc
from ledger.errors import MalformedError
from ledger.pseudonym import SLOTS, Pseudonym
from nodes.errors import InputError, StorageError
from nodes.store.statement import Statement
from nodes.store.tables import PresenceRow
from nodes.store.vault import Vault, keyed

_presence = PresenceRow.__table__  # type: ignore[attr-defined]
_put = insert(_presence)
_AT = Statement(select(_presence.c.box).where(_presence.c.key == bindparam("key")))
_PUT = Statement(
    _put.on_conflict_do_update(index_elements=["key"], set_={"box": _put.excluded.box})
)
_DROP = Statement(delete(_presence).where(_presence.c.key == bindparam("gone")))
_ALL = Statement(select(_presence.c.key, _presence.c.box))
_NO_ENTRY = Digest(bytes(32))
_SIGNAL_BYTES = 60


@dataclass(frozen=True, slots=True)
class PlacedSignal:
    """An own signal at its `slot`: `height` is 0 before it is final, `is_live` from its locate."""

    local_id: bytes
    slot: int
    desk: int
    height: int = 0
    entry_id: Digest = _NO_ENTRY
    is_live: bool = False

    def encode(self) -> bytes:
        """Return the 60 bytes."""
        return (
            self.local_id
            + bytes([self.slot])
            + self.desk.to_bytes(2, "big")
            + self.height.to_bytes(8, "big")
            + self.entry_id
            + bytes([self.is_live])
        )

    @classmethod
    def decode(cls, raw: bytes) -> "PlacedSignal":
        """Read 60 bytes.

        Raises:
            MalformedError: not what `encode` returns.
        """
        if len(raw) != _SIGNAL_BYTES or raw[16] >= SLOTS or raw[59] > 1:
            raise MalformedError("placed signal: 60 bytes, a slot of 0 to 15, live or not")
        return cls(
            raw[:16],
            raw[16],
            int.from_bytes(raw[17:19], "big"),
            int.from_bytes(raw[19:27], "big"),
            Digest(raw[27:59]),
            bool(raw[59]),
        )


@dataclass(frozen=True, slots=True)
class Presence:
    """The own signals about one person under (`purpose`, `epoch`); `y` is empty until evaluated."""

    digits: str = field(repr=False)
    purpose: str
    epoch: int
    y: bytes = field(default=b"", repr=False)
    used: int = 0
    signals: tuple[PlacedSignal, ...] = ()

    def encode(self) -> bytes:
        """Return what is boxed."""
        return enc(
            self.digits,
            self.purpose,
            self.epoch,
            self.y,
            self.used.to_bytes(2, "big"),
            *(signal.encode() for signal in self.signals),
        )

    @classmethod
    def decode(cls, raw: bytes) -> "Presence":
        """Read a row's content; the exact inverse of `encode`.

        Raises:
            MalformedError: not what `encode` returns.
        """
        try:
            digits, purpose, epoch, y, used, *signals = split_enc(raw)
            presence = cls(
                digits.decode(),
                purpose.decode(),
                int.from_bytes(epoch, "big"),
                y,
                int.from_bytes(used, "big"),
                tuple(PlacedSignal.decode(signal) for signal in signals),
            )
            is_canonical = presence.encode() == raw
        # OverflowError: a number of more bytes than it may have.
        except (OverflowError, ValueError) as cause:
            raise MalformedError("presence: expected five fields, then signals") from cause
        if not is_canonical:
            raise MalformedError("presence: not canonical")
        return presence

    def pseudonym(self, origin: str) -> Pseudonym:
        """Return the pseudonym; it must have been evaluated."""
        return Pseudonym(origin, self.purpose, self.epoch, self.y)

    def reserve(self, local_id: bytes, *, desk: int, random: Callable[[int], bytes]) -> "Presence":
        """Return this with a random slot, never used before, for a new signal.

        Raises:
            InputError: all sixteen were used.
        """
        free = [slot for slot in range(SLOTS) if not self.used >> slot & 1]
        if not free:
            raise InputError(
                f"{SLOTS} signals about this person were posted in this epoch; no more fit"
            )
        # 64 bits over at most 16 slots: the bias is under 2^-60.
        slot = free[int.from_bytes(random(8), "big") % len(free)]
        return replace(
            self,
            used=self.used | 1 << slot,
            signals=(*self.signals, PlacedSignal(local_id, slot, desk)),
        )

    def with_signal(self, changed: PlacedSignal) -> "Presence":
        """Return this with `changed` in the place of the signal of its local id."""
        return replace(
            self,
            signals=tuple(
                changed if signal.local_id == changed.local_id else signal
                for signal in self.signals
            ),
        )

    def without(self, local_id: bytes) -> "Presence":
        """Return this without a withdrawn signal; with the last one y and digits go too."""
        left = tuple(signal for signal in self.signals if signal.local_id != local_id)
        if left:
            return replace(self, signals=left)
        return replace(self, signals=(), y=b"", digits="")

    def of(self, local_id: bytes) -> PlacedSignal | None:
        """Return the signal of that local id, or None."""
        return next((signal for signal in self.signals if signal.local_id == local_id), None)

    def live(self) -> tuple[PlacedSignal, ...]:
        """Return the signals that matches may name."""
        return tuple(signal for signal in self.signals if signal.is_live)


class Presences:
    """The table `presence`; every method works inside a caller's transaction."""

    def __init__(self, vault: Vault, *, index_key: bytes) -> None:
        """Box with `vault`; find persons under `index_key`, which keys nothing else."""
        self._vault = vault
        self._index_key = index_key

    def key(self, *, digits: str, purpose: str, epoch: int) -> bytes:
        """Return the key of a person's row."""
        return keyed(self._index_key, purpose, epoch, digits)

    def at(self, connection: Connection, key: bytes) -> Presence | None:
        """Return the presence of that key, or None."""
        box = _AT.value(connection, key=key)
        return None if box is None else self._open(key, box)

    def of(self, connection: Connection, *, digits: str, purpose: str, epoch: int) -> Presence:
        """Return the presence of a person, new and empty where there is none."""
        key = self.key(digits=digits, purpose=purpose, epoch=epoch)
        known = self.at(connection, key)
        if known is None:
            return Presence(digits, purpose, epoch)
        # The row of somebody about whom no signal was left: the person is back.
        return known if known.digits else replace(known, digits=digits)

    def put(self, connection: Connection, presence: Presence, *, digits: str = "") -> bytes:
        """Store a presence and return its key; `digits` where it no longer holds them itself.

        Raises:
            StorageError: neither says whose it is.
        """
        person = presence.digits or digits
        if not person:
            raise StorageError("a presence is stored under the person whose it is")
        key = self.key(digits=person, purpose=presence.purpose, epoch=presence.epoch)
        box = self._vault.lock(presence.encode(), table="presence", row=key, column="box")
        _PUT.run(connection, key=key, box=box)
        return key

    def drop(self, connection: Connection, key: bytes) -> None:
        """Delete a row: its epoch has closed."""
        _DROP.run(connection, gone=key)

    def all(self, connection: Connection) -> list[tuple[bytes, Presence]]:
        """Return every row; for the closing of an epoch and the joining of a member only."""
        return [(key, self._open(key, box)) for key, box in _ALL.rows(connection)]

    def _open(self, key: bytes, box: bytes) -> Presence:
        return Presence.decode(self._vault.unlock(box, table="presence", row=key, column="box"))
