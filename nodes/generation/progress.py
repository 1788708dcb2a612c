"""How far a generation is, and how the last one ended: kept in a file, for after a restart.

    {"purpose": …, "number": 1, "state": "running", "step": "key", "holders": […], …}

Nothing secret. A generation that was under way when the node ended was cut: it failed. Whether an
epoch that was handed in has opened, the chain says.
"""

import json
import logging
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

_log = logging.getLogger(__name__)
RUNNING = "running"
SUBMITTED = "submitted"
OPEN = "open"
FAILED = "failed"
FILE = "generation.json"
_CUT = "the node ended before the generation did: begin another, unless its epoch has opened"


@dataclass(frozen=True, slots=True)
class Generation:
    """Epoch `number` of `purpose`, by `holders`: `step` is what is or was last asked of them.

    `fault` says why it failed, and `culprit` who is to blame for it, where that can be shown.
    """

    purpose: str
    number: int
    state: str
    step: str
    holders: tuple[str, ...]
    fault: str | None = None
    culprit: str | None = None


class ProgressFile:
    """Keeps the newest generation."""

    def __init__(self, path: Path) -> None:
        """Keep it in `path`."""
        self._path = path

    def resume(self) -> Generation | None:
        """Return the newest generation that this node led, or None; a cut one has failed."""
        try:
            stated = json.loads(self._path.read_text())
            generation = Generation(**{**stated, "holders": tuple(stated["holders"])})
        except FileNotFoundError:
            return None
        # A file that says nothing is no reason not to start: another generation writes it anew.
        except (OSError, KeyError, TypeError, ValueError):
            _log.warning("%s holds no progress of a generation", self._path)
            return None
        if generation.state in {RUNNING, SUBMITTED}:
            return replace(generation, state=FAILED, fault=_CUT)
        return generation

    def write(self, generation: Generation) -> None:
        """Keep `generation`; where the disk refuses, the generation goes on without."""
        beside = self._path.with_name(f".{self._path.name}.part")
        try:
            with beside.open("w") as file:
                json.dump(asdict(generation), file)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as cause:
            _log.warning("%s cannot be written: %s", self._path, cause.strerror)
