"""Days: the only time on the chain, as `YYYY-MM-DD` in UTC.

A day is fine enough for terms and retention and too coarse to tell who was at which counter when.
"""

from datetime import date
from functools import lru_cache

from ledger.errors import MalformedError

_FIRST_YEAR, _LAST_YEAR = 1970, 2999


# The same few days stand on thousands of entries.
@lru_cache(maxsize=4096)
def decode_day(text: str) -> date:
    """Read `YYYY-MM-DD`.

    Raises:
        MalformedError: another spelling, no such day, or a year outside 1970 to 2999.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as cause:
        raise MalformedError("day: expected YYYY-MM-DD") from cause
    if day.isoformat() != text:
        raise MalformedError("day: expected YYYY-MM-DD")
    # Days are reckoned with, and Python's end at the years 1 and 9999: a sum beyond them, at a
    # date that somebody put on the chain, would stop every node.
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise MalformedError("day: a year outside 1970 to 2999")
    return day
