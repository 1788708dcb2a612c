"""Days on the chain."""

from datetime import date, timedelta

import pytest

from ledger.day import decode_day
from ledger.errors import MalformedError


@pytest.mark.parametrize("text", ["1970-01-01", "2026-11-24", "2028-02-29", "2999-12-31"])
def test_a_day_is_read_as_it_is_written(text: str) -> None:
    assert decode_day(text).isoformat() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-1-1",
        "20261124",
        "2026-W48-2",
        "2026-11-24T00:00",
        "2026-11-24\n",
        " 2026-11-24",
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "24-11-2026",
        "２０２６-11-24",
    ],
)
def test_another_spelling_or_no_such_day_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="YYYY-MM-DD"):
        decode_day(text)


@pytest.mark.parametrize("text", ["0001-01-01", "1969-12-31", "3000-01-01", "9999-12-31"])
def test_a_year_at_which_reckoning_could_run_out_of_calendar_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="1970 to 2999"):
        decode_day(text)


def test_a_century_fits_before_and_after_every_day() -> None:
    century = timedelta(days=36_525)

    assert decode_day("1970-01-01") - century > date.min
    assert decode_day("2999-12-31") + century < date.max
