"""Desk keys: what others seal to this member's desks, a key for each desk and month.

    keys/desks/maatwerkplaats.2026-12.seed      32 bytes

    desk card     enc(month, desk, public key (1,216), desk, public key, …), desks in order

A member answers `desks` with its card. Like every answer of a peer that is signed by its entry key
and names the 16 random bytes of the question, so one of an earlier month wins nothing by coming
again. A sender uses a card of this month or a neighbouring one and else lets messages wait; the
receiver opens with every seed that it has, and destroys one 35 days after its month.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from threading import Lock
from typing import Self

from ledger.consortium import Consortium, Desk
from ledger.encoding import enc, split_enc
from ledger.errors import MalformedError
from ledger.key import SEED_BYTES
from ledger.seal import SealingKey, SealingPublicKey
from nodes.keyring import read_private
from nodes.shares import destroy_files, write_durably

CASE = "case"
"""The kind of desk that takes part in exchanges; policy desks do not."""
KEPT = timedelta(days=35)
"""For how long after its month a seed is kept."""
_MONTH = "%Y-%m"
_FOLDER = "desks"
_NAME = re.compile(r"[a-z][a-z0-9-]*\.([0-9]{4}-[0-9]{2})\.seed")
Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class DeskCard:
    """The public `keys` of one member's desks, as `member/desk`, in a month (`2026-12`)."""

    month: str
    keys: Mapping[str, SealingPublicKey]

    def encode(self) -> bytes:
        """Return what a member answers."""
        fields = [part for name in sorted(self.keys) for part in (name, self.keys[name].raw)]
        return enc(self.month, *fields)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a card; the exact inverse of `encode`.

        Raises:
            MalformedError: not what `encode` returns.
        """
        try:
            month, *fields = split_enc(raw)
            names = [name.decode() for name in fields[::2]]
            keys = [SealingPublicKey(key) for key in fields[1::2]]
            card = cls(month.decode(), dict(zip(names, keys, strict=True)))
            month_after(card.month)
        except (ValueError, OverflowError) as cause:
            raise MalformedError("desks: expected a month, and a key for each desk") from cause
        if card.encode() != raw:
            raise MalformedError("desks: not canonical")
        return card

    def is_usable(self, today: date) -> bool:
        """Tell whether its month is this one or a neighbour: else the seeds may be gone there."""
        now = month_of(today)
        return now in {self.month, month_after(self.month)} or month_after(now) == self.month

    def verify_owner(self, member: str) -> None:
        """Check that all desks are `member`'s.

        Raises:
            MalformedError: another member's desk.
        """
        if any(name.partition("/")[0] != member for name in self.keys):
            raise MalformedError(f"desks: {member} gives keys of another member's desks")


class Desks:
    """The seeds of own desks, in the keyring's folder."""

    def __init__(self, keys: Path, *, member: str, random: Random) -> None:
        """Keep seeds of `member`'s desks in a folder of their own below `keys`."""
        self._folder = keys / _FOLDER
        self._member = member
        self._random = random
        self._known: dict[Path, SealingKey] = {}
        # The writer's thread opens while the node's makes and destroys.
        self._lock = Lock()

    def turn(self, document: Consortium, *, today: date) -> None:
        """Make the seeds of this month that are lacking.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        with self._lock:
            for desk in self._own(document):
                path = self._path(desk, month_of(today))
                if not path.exists():
                    write_durably(path, self._random(SEED_BYTES))

    def destroy(self, *, today: date) -> int:
        """Overwrite and remove the seeds whose month ended 35 days ago; return how many."""
        with self._lock:
            old = [path for path, month in self._files() if _first_after(month) + KEPT <= today]
            for path in old:
                self._known.pop(path, None)
            return destroy_files(old)

    def card(self, document: Consortium, *, today: date) -> DeskCard:
        """Return this month's public keys of own desks.

        Raises:
            ConfigurationError: `turn` made none, or one cannot be read.
        """
        month = month_of(today)
        with self._lock:
            return DeskCard(
                month,
                {
                    desk.name: self._read(self._path(desk, month)).public
                    for desk in self._own(document)
                },
            )

    def opening(self, document: Consortium, *, day: date) -> dict[str, list[SealingKey]]:
        """Return by own case desk what may open an entry of that `day`, likeliest first.

        Raises:
            ConfigurationError: one cannot be read.
        """
        near = month_of(day)
        with self._lock:
            files = self._files()
            return {
                desk.name: [
                    self._read(path)
                    for path, month in sorted(files, key=lambda file: (file[1] != near, file[1]))
                    if path.name.startswith(f"{_short(desk)}.")
                ]
                for desk in self._own(document)
                if desk.kind == CASE
            }

    def _own(self, document: Consortium) -> list[Desk]:
        return [desk for desk in document.desks if desk.member == self._member]

    def _files(self) -> list[tuple[Path, str]]:
        """Return every seed's file, and its month."""
        found = [(path, _NAME.fullmatch(path.name)) for path in self._folder.glob("*.seed")]
        return sorted((path, name[1]) for path, name in found if name is not None)

    def _path(self, desk: Desk, month: str) -> Path:
        return self._folder / f"{_short(desk)}.{month}.seed"

    def _read(self, path: Path) -> SealingKey:
        key = self._known.get(path)
        if key is None:
            key = self._known[path] = SealingKey(read_private(path))
        return key


def month_of(day: date) -> str:
    """Return the month as `2026-12`."""
    return day.strftime(_MONTH)


def month_after(month: str) -> str:
    """Return the month that follows.

    Raises:
        ValueError: not a month.
    """
    return month_of(_first_after(month))


def _first_after(month: str) -> date:
    first = date.fromisoformat(f"{month}-01")
    if month_of(first) != month:
        raise ValueError("not a month")
    return (first + timedelta(days=31)).replace(day=1)


def _short(desk: Desk) -> str:
    return desk.name.partition("/")[2]
