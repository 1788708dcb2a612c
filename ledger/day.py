"""Days: the only time on the chain, as `YYYY-MM-DD` in UTC.

A day is fine enough for terms and retention and too coarse to tell who was at which counter when.
"""

from datetime import date
from functools import lru_cache

from ledger.errors import MalformedError


# The same few days stand on thousands of entries.
@lru_cache(maxsize=4096)
def decode_day(text: str) -> date:
    """Read `YYYY-MM-DD`.

    Raises:
        MalformedError: another spelling, or no such day.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as cause:
        raise MalformedError("day: expected YYYY-MM-DD") from cause
    if day.isoformat() != text:
        raise MalformedError("day: expected YYYY-MM-DD")
    return day
