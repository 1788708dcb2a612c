"""What free text may not hold: a BSN, an IBAN, a date of birth. Found by where, never repeated.

    BSN     eight or nine digits that pass the 11-check, also with spaces, dots or dashes between
    IBAN    two letters, two digits, 11 to 30 more; passes the check of ISO 13616 (modulo 97)
    date    day, month and year in a usual Dutch spelling, over a month ago: 3-4-1961, 3 april '61

It helps whoever forgets; it stops nobody who means to. Some numbers and old dates are found that
are nobody's: then write them otherwise, "vorig jaar maart". Telephone numbers are let through.
Names, addresses, what is wrong with somebody: none is found so, and the page says not to write it.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from ledger.bsn import Bsn
from ledger.errors import DeniedError, MalformedError

RECENT = timedelta(days=31)
_SEPARATORS = r"[\s.,\-‐-―/_·]{0,2}"
_NUMBER = re.compile(rf"\d(?:{_SEPARATORS}\d)*")
_IBAN = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d\d(?:[\s.\-]?[A-Za-z0-9]){11,30}")
_MONTHS = (
    *("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september"),
    *("oktober", "november", "december"),
)
_SHORT = {"jan": 1, "feb": 2, "mrt": 3, "maa": 3, "apr": 4, "mei": 5, "jun": 6, "jul": 7}
_SHORT |= {"aug": 8, "sep": 9, "sept": 9, "okt": 10, "oct": 10, "nov": 11, "dec": 12}
_WORDS = {name: at for at, name in enumerate(_MONTHS, start=1)} | _SHORT
_MONTH = "|".join(sorted(_WORDS, key=len, reverse=True))
_YEAR = r"(?P<y>\d{4}|['’]?\d\d)"
_DATES = (
    re.compile(rf"(?<!\d)(?P<d>\d\d?)\s?[-./\s‐-―]\s?(?P<m>\d\d?)\s?[-./\s‐-―]\s?{_YEAR}(?!\d)"),
    re.compile(r"(?<!\d)(?P<y>\d{4})[-./\s‐-―](?P<m>\d\d?)[-./\s‐-―](?P<d>\d\d?)(?!\d)"),
    re.compile(rf"(?<!\d)(?P<d>\d\d?)(?:e|ste|de)?[-\s]*(?P<w>{_MONTH})\b[-.,\s]*{_YEAR}(?!\d)"),
    re.compile(rf"\b(?P<w>{_MONTH})\b[-.\s]*(?P<d>\d\d?)(?:e|ste|de)?[-,\s]+{_YEAR}(?!\d)"),
    re.compile(r"(?<!\d)(?P<d>\d\d)(?P<m>\d\d)(?P<y>(?:19|20)\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)(?!\d)"),
)


class Finding(NamedTuple):
    """`what` stands at the characters from `start` up to `end`, counted from 0."""

    what: str
    start: int
    end: int


def verify_free_text(text: str, *, today: date) -> None:
    """Check that nothing personal is found in `text`.

    Raises:
        DeniedError: what, and at which characters, counted from 1; the text itself is not repeated.
    """
    if found := find_personal(text, today=today):
        places = ", ".join(f"{f.what} at {f.start + 1} to {f.end}" for f in found)
        raise DeniedError("free-text", f"take out: {places}")


def find_personal(text: str, *, today: date) -> list[Finding]:
    """Return what is found in `text`, in order."""
    plain = "".join(_plain(character) for character in text)
    dates = list(_dates(plain, today))
    # One number in eleven passes as a BSN, and so would the date of an appointment.
    days = {(found.start, found.end) for found, _ in dates}
    bsns = [one for one in _bsns(plain) if (one.start, one.end) not in days]
    old = [found for found, day in dates if day < today - RECENT]
    return sorted({*bsns, *_ibans(plain), *old}, key=lambda f: f.start)


def _plain(character: str) -> str:
    """Return a character as its plainest small one, and one only: places must not move."""
    folded = unicodedata.normalize("NFKC", character).lower()
    return folded if len(folded) == 1 else character


def _bsns(text: str) -> Iterator[Finding]:
    for run in _NUMBER.finditer(text):
        groups = list(re.finditer(r"\d+", run[0]))
        if _is_telephone(text, run):
            continue
        for first in range(len(groups)):
            digits = ""
            for last in groups[first:]:
                digits += last[0]
                if len(digits) > 9:
                    break
                if len(digits) >= 8 and _is_bsn(digits.zfill(9)):
                    yield Finding(
                        "BSN", run.start() + groups[first].start(), run.start() + last.end()
                    )


def _is_bsn(digits: str) -> bool:
    try:
        Bsn.decode(digits)
    except MalformedError:
        return False
    return True


def _is_telephone(text: str, run: re.Match[str]) -> bool:
    digits = "".join(c for c in run[0] if c.isdigit())
    is_abroad = text[: run.start()].endswith("+") and digits.startswith("31") and len(digits) == 11
    return is_abroad or (digits.startswith("0") and len(digits) == 10)


def _ibans(text: str) -> Iterator[Finding]:
    for run in _IBAN.finditer(text):
        written = [at for at, c in enumerate(run[0]) if c.isalnum()]
        ends = [at + 1 for at in written[14:]]
        # What follows was taken along; better it ends with a word than within one.
        ends.sort(key=lambda end: text[run.start() + end : run.start() + end + 1].isalnum())
        if sound := next((end for end in ends if _is_iban(run[0][:end])), None):
            yield Finding("IBAN", run.start(), run.start() + sound)


def _is_iban(written: str) -> bool:
    number = "".join(c for c in written if c.isalnum())
    return int("".join(str(int(c, 36)) for c in number[4:] + number[:4])) % 97 == 1


def _dates(text: str, today: date) -> Iterator[tuple[Finding, date]]:
    for pattern in _DATES:
        for found in pattern.finditer(text):
            parts = found.groupdict()
            month = _WORDS[parts["w"]] if parts.get("w") else int(parts["m"])
            day = _day(parts["y"].lstrip("'’"), month, int(parts["d"]), today)
            if day is not None:
                yield Finding("date", found.start(), found.end()), day


def _day(year: str, month: int, day: int, today: date) -> date | None:
    full = int(year) if len(year) == 4 else today.year // 100 * 100 + int(year)
    try:
        found = date(full, month, day)
        # Of two digits the last such year: '61 is not to come.
        return found.replace(year=full - 100) if len(year) == 2 and found > today else found
    except ValueError:
        return None
