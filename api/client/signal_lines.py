r"""Files of signals to post: JSON Lines, each line the body of `POST /v1/signals`.

    {"bsn": "…", "desk": "uwv/maatwerkplaats", "purpose": "…", "caseReference": "…", …}\n

Which words are allowed is for the node to say; here a line is only read. Empty lines are passed
over. A reason never repeats what stands on the line.
"""

import json
from dataclasses import dataclass, field
from typing import Any

MAX_LINE_BYTES = 4096
"""Ten times a signal; a hundred of these fit into one request."""
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SignalLines:
    """By line number, from 1: the JSON to send of each line, or why there is none."""

    sound: dict[int, bytes] = field(repr=False)
    refused: dict[int, str]

    @classmethod
    def decode(cls, raw: bytes) -> "SignalLines":
        """Read a file; every line that is not empty ends up on one side or the other."""
        sound, refused = {}, {}
        for number, line in enumerate(raw.removeprefix(_BOM).split(b"\n"), start=1):
            stripped = line.strip()
            if not stripped:
                continue
            try:
                sound[number] = _canonical(stripped)
            except _LineError as cause:
                refused[number] = str(cause)
        return cls(sound, refused)


class _LineError(Exception):
    """A line that cannot be sent."""


def _canonical(line: bytes) -> bytes:
    """Return the same JSON however it was spaced, so that a repeated request has the same bytes."""
    if len(line) > MAX_LINE_BYTES:
        raise _LineError(f"longer than {MAX_LINE_BYTES} bytes: is a newline missing?")
    try:
        fields = json.loads(line, object_pairs_hook=_once, parse_constant=_no_constant)
        # A lone half of a surrogate pair is JSON and no text; encoding finds it.
        encoded = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    except json.JSONDecodeError as cause:
        raise _LineError(f"not JSON at column {cause.colno}: {cause.msg}") from None
    except UnicodeError:
        raise _LineError("not UTF-8 text") from None
    except RecursionError:
        raise _LineError("not a signal: brackets within brackets") from None
    if not isinstance(fields, dict):
        raise _LineError("not a JSON object: a line is { … }")
    return encoded


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Readers of JSON differ in which of two equal names counts.
    if len({name for name, _ in pairs}) != len(pairs):
        raise _LineError("a field stands there twice")
    return dict(pairs)


def _no_constant(name: str) -> object:
    raise _LineError(f"{name} is not JSON")
