"""What this member's operator agreed to: that the key of an open epoch counts as lost.

    [{"purpose": "multiproblematiek", "number": 1, "day": "2026-11-24"}, …]

A node signs the epoch that replaces another only if its own operator agreed within the last seven
days: the replacement lets every author post beyond its quotas once, so no single member may bring
one about. Kept in a file beside the database, for after a restart.
"""

import json
import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from ledger.day import decode_day
from ledger.errors import VerificationError
from nodes.clock import Clock
from nodes.errors import InputError
from nodes.replica import Replica

_log = logging.getLogger(__name__)
FILE = "agreements.json"
HOLDS = timedelta(days=7)


class Agreements:
    """Keeps what the operator agreed to."""

    def __init__(self, path: Path, *, replica: Replica, clock: Clock) -> None:
        """Keep it in the file `path`; nothing need be there."""
        self._path = path
        self._replica = replica
        self._clock = clock

    def agree(self, purpose: str, number: int) -> None:
        """Note, durably, that the operator agrees: the key of that epoch is lost.

        Raises:
            InputError: no such epoch is open, or another was opened in its place already.
        """
        known = [epoch.number for epoch in self._replica.state.epochs.with_key(purpose)]
        if number not in known:
            raise InputError("is not open, or replaced already", field="replaces")
        kept = [one for one in self._read() if (one["purpose"], one["number"]) != (purpose, number)]
        day = self._clock.today().isoformat()
        self._write([*kept, {"purpose": purpose, "number": number, "day": day}])

    def verify(self, purpose: str, number: int) -> None:
        """Check that the operator agreed that the key of that epoch is lost.

        Raises:
            VerificationError: not, or too long ago.
        """
        since = self._clock.today() - HOLDS
        for one in self._read():
            is_it = (one["purpose"], one["number"]) == (purpose, number)
            if is_it and decode_day(one["day"]) >= since:
                return
        raise VerificationError(
            f"generation: its operator has not agreed that the key of epoch {number} is lost "
            "(signaalketen epoch agree)"
        )

    def _read(self) -> list[dict[str, Any]]:
        try:
            return [
                {"purpose": str(one["purpose"]), "number": int(one["number"]), "day": one["day"]}
                for one in json.loads(self._path.read_text())
            ]
        except FileNotFoundError:
            return []
        except (OSError, KeyError, TypeError, ValueError):
            _log.warning("%s says nothing that was agreed to", self._path)
            return []

    def _write(self, agreed: list[dict[str, Any]]) -> None:
        beside = self._path.with_name(f".{self._path.name}.part")
        with beside.open("w") as file:
            json.dump(agreed, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
