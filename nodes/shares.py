"""Shares of pseudonym keys that this member holds, each in a file that only its owner can read.

    <keys>/shares/<purpose>.<epoch>.<group>.<index>.<16 hex of the public share>.share    32 bytes
    <keys>/share-backups/<the same>.backup            sealed to the offline key (`ledger.backup`)

Names have hyphens and digits, and no dots: so no two shares have one file. A generation that was
cut leaves shares of a key that no epoch has; they go when the epoch opens with another, and all of
an epoch's go, with their backups, when it closes.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from errno import EEXIST
from hmac import compare_digest
from pathlib import Path

from ledger.backup import ShareBackup
from ledger.epoch import EpochDocument, PublicShare
from ledger.errors import MalformedError
from ledger.group import Point, Scalar
from ledger.seal import SealingPublicKey
from ledger.threshold import share_public
from nodes.errors import ConfigurationError
from nodes.keyring import read_private

FOLDER = "shares"
BACKUPS = "share-backups"
_PUBLIC_DIGITS = 16


@dataclass(frozen=True, slots=True)
class HeldShare:
    """The `index`-th share of `group`'s part of an epoch's key."""

    group: str
    index: int
    scalar: Scalar = field(repr=False)


class Shares:
    """The shares in the folder `shares` of a keyring, by purpose and epoch."""

    def __init__(self, keys: Path) -> None:
        """Read from the keyring's folder `keys` when asked; nothing need be there."""
        self._folder = keys / FOLDER
        self._backups = keys / BACKUPS
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

    def verify_stored(self, document: EpochDocument, *, holder: str) -> None:
        """Check that the shares of `holder` are on disk now, whatever was read before.

        Raises:
            ConfigurationError: for `of`.
        """
        for share in document.shares:
            if share.holder == holder:
                self._read(document, share)

    def store(self, *, purpose: str, number: int, share: HeldShare) -> Path:
        """Store a share durably; a file that is there is never overwritten.

        Raises:
            ConfigurationError: another is there already, or it cannot be written.
        """
        public = share_public(share.scalar)
        path = self._path(purpose, number, share.group, share.index, public)
        if not (path.exists() and compare_digest(read_private(path), share.scalar.encode())):
            write_durably(path, share.scalar.encode())
        return path

    def back_up(
        self,
        share: HeldShare,
        *,
        purpose: str,
        number: int,
        origin: str,
        holder: str,
        to: SealingPublicKey,
        random: Callable[[int], bytes],
        into: Path | None = None,
    ) -> Path:
        """Write a share's backup durably, sealed to the offline key `to`; `into` a folder if named.

        Raises:
            ConfigurationError: it is there already, or cannot be written.
        """
        backup = ShareBackup.make(
            share.scalar,
            purpose=purpose,
            number=number,
            group=share.group,
            index=share.index,
            origin=origin,
            holder=holder,
            to=to,
            random=random,
        )
        path = self._path(purpose, number, share.group, share.index, backup.public)
        path = (into or self._backups) / path.with_suffix(".backup").name
        write_durably(path, backup.encode())
        return path

    def held(self) -> list[tuple[str, int, HeldShare]]:
        """Return every share on disk, with its purpose and epoch.

        Raises:
            ConfigurationError: a file that is no share, or that others may read.
        """
        found = []
        for path in sorted(self._folder.glob("*.share")):
            try:
                purpose, number, group, index, _ = path.stem.split(".")
                share = HeldShare(group, int(index), Scalar(read_private(path)))
                found.append((purpose, int(number), share))
            except (MalformedError, ValueError) as cause:
                raise ConfigurationError(f"{path} holds no share") from cause
        return found

    def backups(self) -> list[Path]:
        """Return the files of all backups here."""
        return sorted(self._backups.glob("*.backup"))

    def settle(self, document: EpochDocument) -> int:
        """Destroy the shares of other keys than that of an epoch that is open; return how many."""
        names = self._names(document)
        files = self._files(document.purpose, document.number)
        return destroy_files([path for path in files if path.stem not in names])

    def discard(self, document: EpochDocument, *, holder: str) -> int:
        """Destroy the shares of `holder` in an epoch that will not open; return how many files."""
        names = self._names(document, holder=holder)
        files = self._files(document.purpose, document.number)
        return destroy_files([path for path in files if path.stem in names])

    def destroy(self, *, purpose: str, number: int) -> int:
        """Overwrite and remove every share of an epoch, and its backups; return how many."""
        self._known.pop((purpose, number), None)
        return destroy_files(self._files(purpose, number))

    def _names(self, document: EpochDocument, *, holder: str | None = None) -> set[str]:
        return {
            self._path(
                document.purpose, document.number, share.group, share.index, share.public
            ).stem
            for share in document.shares
            if holder in {None, share.holder}
        }

    def _files(self, purpose: str, number: int) -> list[Path]:
        return [
            *self._folder.glob(f"{purpose}.{number}.*.share"),
            *self._backups.glob(f"{purpose}.{number}.*.backup"),
        ]

    def _read(self, document: EpochDocument, named: PublicShare) -> HeldShare:
        path = self._path(document.purpose, document.number, named.group, named.index, named.public)
        try:
            scalar = Scalar(read_private(path))
        except MalformedError as cause:
            raise ConfigurationError(f"{path} holds no share") from cause
        if share_public(scalar) != named.public:
            raise ConfigurationError(f"{path} is not the share that the epoch's document names")
        return HeldShare(named.group, named.index, scalar)

    def _path(self, purpose: str, number: int, group: str, index: int, public: Point) -> Path:
        digits = public.encode().hex()[:_PUBLIC_DIGITS]
        return self._folder / f"{purpose}.{number}.{group}.{index}.{digits}.share"


def write_durably(path: Path, raw: bytes) -> None:
    """Write a new file that only its owner can read, and return once it is on disk.

    Raises:
        ConfigurationError: it is there already, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists():
            raise FileExistsError(EEXIST, "it is there already")
        # Written beside and moved when whole: a crash must not leave half a share in its place.
        beside = path.with_name(f".{path.name}.part")
        beside.unlink(missing_ok=True)
        # Created with its final mode: between open and chmod others could have read it.
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            # An epoch opens on the word that its shares are kept.
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
        _sync_folder(path.parent)
    except OSError as cause:
        raise ConfigurationError(f"{path} cannot be written: {cause.strerror}") from cause


def destroy_files(paths: Sequence[Path]) -> int:
    """Overwrite and remove files; return how many."""
    for path in paths:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    return len(paths)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
