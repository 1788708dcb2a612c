"""Shares of pseudonym keys that this member holds, each in a file that only its owner can read.

    <keys>/shares/<purpose>.<epoch>.<group>.<index>.share       32 bytes, a scalar

Names have hyphens and digits, and no dots: so no two shares have one file. A dealer hands shares
over in a file, one for each holder:

    purpose = "…"   number = 1
    [[share]]       group = "agencies"   index = 1   scalar = "…" (hex)

Once stored, that file goes.
"""

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path

import tomli_w

from ledger.epoch import EpochDocument, PublicShare
from ledger.errors import MalformedError
from ledger.group import Scalar
from ledger.threshold import share_public
from nodes.errors import ConfigurationError
from nodes.keyring import read_private, verify_private

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
        _write_private(path, share.scalar.encode())
        return path

    def has(self, *, purpose: str, number: int, share: HeldShare) -> bool:
        """Tell whether exactly this share is stored."""
        path = self._path(purpose, number, share.group, share.index)
        return path.exists() and compare_digest(read_private(path), share.scalar.encode())

    def destroy(self, *, purpose: str, number: int) -> int:
        """Overwrite and remove every share of an epoch; return how many there were."""
        paths = list(self._folder.glob(f"{purpose}.{number}.*.share"))
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
        return self._folder / f"{purpose}.{number}.{group}.{index}.share"


def write_handover(path: Path, *, purpose: str, number: int, shares: Sequence[HeldShare]) -> None:
    """Write the shares of one holder into a file that only its owner can read.

    Raises:
        ConfigurationError: it is there already, or cannot be written.
    """
    stated = {
        "purpose": purpose,
        "number": number,
        "share": [
            {"group": s.group, "index": s.index, "scalar": s.scalar.encode().hex()} for s in shares
        ],
    }
    _write_private(path, tomli_w.dumps(stated).encode())


def store_handover(path: Path, *, epoch: EpochDocument, holder: str, into: Shares) -> None:
    """Store the shares that a dealer handed over to `holder` in `path`, for that epoch.

    Raises:
        ConfigurationError: not such a file, for another epoch, not shares that its document
            names for the holder, or readable by others; nothing was stored.
    """
    verify_private(path)
    try:
        stated = tomllib.loads(path.read_text())
        named = (stated["purpose"], stated["number"])
        shares = [
            HeldShare(str(r["group"]), int(r["index"]), Scalar(bytes.fromhex(r["scalar"])))
            for r in stated["share"]
        ]
    except (KeyError, TypeError, ValueError, MalformedError) as cause:
        raise ConfigurationError(f"{path} holds no shares") from cause
    if named != (epoch.purpose, epoch.number):
        raise ConfigurationError(f"{path} is for another epoch than the draft")
    publics = {(s.group, s.index): s.public for s in epoch.shares if s.holder == holder}
    # Before anything is stored: a share of another's would add up with the own one, and a wrong
    # one would be in the way of the right one.
    if any(publics.get((s.group, s.index)) != share_public(s.scalar) for s in shares):
        raise ConfigurationError(f"{path} holds other shares than the draft names for {holder}")
    for share in shares:
        # There already if storing it was the last that was done the time before.
        if not into.has(purpose=epoch.purpose, number=epoch.number, share=share):
            into.write(purpose=epoch.purpose, number=epoch.number, share=share)


def _write_private(path: Path, raw: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Created with its final mode: between open and chmod others could have read it.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            # An epoch opens on the word that its shares are kept.
            file.flush()
            os.fsync(file.fileno())
    except OSError as cause:
        raise ConfigurationError(f"{path} cannot be written: {cause.strerror}") from cause
