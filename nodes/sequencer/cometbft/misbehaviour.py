"""Misbehaviour: which engine signed two things for one step, as the consensus itself proved.

Kept as lines of JSON in a file beside the engine's own, so that a restart still knows; a block that
is replayed adds nothing twice.

    {"member": "svb", "address": "…40 hex…", "kind": "two-votes", "height": 41, "at": "2026-…Z"}
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from nodes.errors import StorageError

KINDS = {1: "two-votes", 2: "light-client-attack"}


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """Who (`member`, or "" where no member has that key now), what, at which height, and when."""

    member: str
    address: str
    kind: str
    height: int
    at: str


class Evidence:
    """What was proved so far; `all` in the order in which the blocks brought it."""

    def __init__(self, path: Path) -> None:
        """Read the file at `path`, if it is there."""
        self._path = path
        self.all: list[Misbehaviour] = []
        if path.exists():
            for line in path.read_text().splitlines():
                # The last line of a write that a crash cut short comes again with its block.
                try:
                    self.all.append(Misbehaviour(**json.loads(line)))
                except (ValueError, TypeError):
                    continue

    def add(self, found: Misbehaviour) -> None:
        """Keep `found`, durably.

        Raises:
            StorageError: the disk refuses.
        """
        if any((k.address, k.kind, k.height) == (found.address, found.kind, found.height)
               for k in self.all):  # fmt: skip
            return
        try:
            with self._path.open("a") as file:
                # A new line first: the last one may have been cut short.
                file.write(f"\n{json.dumps(asdict(found))}\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as cause:
            raise StorageError(f"evidence cannot be kept: {cause.strerror}") from cause
        self.all.append(found)
