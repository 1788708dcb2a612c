"""Shares of pseudonym keys that this member holds, each in a file that only its owner can read.

<keys>/shares/<purpose>-<epoch>-<group>-<index>.share       32 bytes, a scalar
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ledger.epoch import EpochDocument, PublicShare
from ledger.errors import MalformedError
from ledger.group import Scalar
from ledger.threshold import share_public
from nodes.errors import ConfigurationError
from nodes.keyring import read_private

FOLDER = "shares"


@dataclass(frozen=True, slots=True)
class HeldShare:
    """The `index`-th share of `group`'s part of an epoch's key."""

    group: str
    index: int
    scalar: Scalar = field(repr=False)


class Shares:
    """The shares in one folder, by purpose and epoch."""

    def __init__(self, folder: Path) -> None:
        """Read from `folder` when asked; it need not exist."""
        self._folder = folder
        self._known: dict[tuple[str, int], tuple[HeldShare, ...]] = {}

    def of(self, document: EpochDocument, *, holder: str) -> Sequence[HeldShare]:
        """Return the shares of `holder` in an open epoch.

        Raises:
            ConfigurationError: one is missing, readable by others, or not the one that the epoch's
                document names.
        """
        key = (document.purpose, document.number)
        if key not in self._known:
            self._known[key] = tuple(
                self._read(document, share) for share in document.shares if share.holder == holder
            )
        return self._known[key]

    def write(self, *, purpose: str, number: int, share: HeldShare) -> Path:
        """Store a share; a file that is there is never overwritten.

        Raises:
            ConfigurationError: it is there already, or cannot be written.
        """
        path = self._path(purpose, number, share.group, share.index)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(share.scalar.encode())
        except OSError as cause:
            raise ConfigurationError(f"{path} cannot be written: {cause.strerror}") from cause
        return path

    def destroy(self, *, purpose: str, number: int) -> int:
        """Overwrite and remove every share of an epoch; return how many there were."""
        paths = list(self._folder.glob(f"{purpose}-{number}-*.share"))
        for path in paths:
            with path.open("r+b") as file:
                file.write(bytes(path.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        self._known.pop((purpose, number), None)
        return len(paths)

    def _read(self, document: EpochDocument, named: PublicShare) -> HeldShare:
        path = self._path(document.purpose, document.number, named.group, named.index)
        try:
            scalar = Scalar(read_private(path))
        except MalformedError as cause:
            raise ConfigurationError(f"{path} holds no share") from cause
        if share_public(scalar) != named.public:
            raise ConfigurationError(f"{path} is not the share that the epoch's document names")
        return HeldShare(named.group, named.index, scalar)

    def _path(self, purpose: str, number: int, group: str, index: int) -> Path:
        return self._folder / f"{purpose}-{number}-{group}-{index}.share"
