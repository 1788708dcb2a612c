"""What is found in free text, where, and what is let through."""

from datetime import date, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.bsn import synthetic_numbers
from ledger.errors import DeniedError
from ledger.freetext import find_personal, verify_free_text

TODAY = date(2026, 12, 1)
NUMBERS = [bsn.digits for bsn in islice(synthetic_numbers(), 0, 200, 7)]
LETTERS = st.text("abc xyz,.\n", max_size=12)


def found(text: str) -> list[tuple[str, str]]:
    """Return what is found, and the text at that place."""
    return [(f.what, text[f.start : f.end]) for f in find_personal(text, today=TODAY)]


@pytest.mark.parametrize(
    "written",
    [
        "999900006",
        "9999 00 006",
        "9999.00.006",
        "9999-00-006",
        "999 900 006",
        "9 9 9 9 0 0 0 0 6",
        "9999\n00006",
        "９９９９０0006",
        "9999, 00006",
    ],
)
def test_bsn_is_found_however_it_is_written(written: str) -> None:
    text = f"Het gaat om BSN:{written} en niets meer"

    assert found(text) == [("BSN", written)]


@pytest.mark.parametrize("number", NUMBERS)
def test_every_bsn_is_found_also_among_other_numbers(number: str) -> None:
    for text in (
        f"{number}",
        f"zaak 12 {number}",
        f"({number})",
        f"x{number}y",
        f"{number}, 7 keer",
    ):
        assert ("BSN", number) in found(text)


def test_bsn_without_its_leading_zero_is_found() -> None:
    assert found("nummer 10000008 dus") == [("BSN", "10000008")]


@pytest.mark.parametrize(
    "text",
    [
        "999900007",
        "06-12345678",
        "06 10000008",
        "+31 6 10000008",
        "070 333 44 44",
        "12 van 40 dossiers in 3 weken",
        "1234567",
        "9999000061",
        "",
    ],
)
def test_other_numbers_are_let_through(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "written",
    [
        "NL91ABNA0417164300",
        "NL91 ABNA 0417 1643 00",
        "nl91abna0417164300",
        "NL91-ABNA-0417-1643-00",
        "BE68539007547034",
        "DE89370400440532013000",
    ],
)
def test_iban_is_found_and_not_what_follows_it(written: str) -> None:
    assert ("IBAN", written) in found(f"rekening {written} ten name van iemand")


@pytest.mark.parametrize(
    "text", ["NL92ABNA0417164300", "NL91ABNA041716", "zaak AB12 loopt nog steeds"]
)
def test_what_is_no_iban_is_let_through(text: str) -> None:
    assert "IBAN" not in {what for what, _ in found(text)}


@pytest.mark.parametrize(
    "written",
    [
        "3-4-1961",
        "03-04-1961",
        "3/4/1961",
        "3.4.1961",
        "03 04 1961",
        "3 - 4 - 1961",
        "1961-04-03",
        "3-4-61",
        "3-4-'61",
        "03041961",
        "19610403",
        "3 april 1961",
        "3 April 1961",
        "3 APRIL 1961",
        "3 apr. 1961",
        "3 apr '61",
        "3e april 1961",
        "3-apr-1961",
        "april 3, 1961",
        "3 mrt 1961",
        "3 maart 1961",
        "31 december 1899",
        "29-2-2000",
        "1-1-26",
    ],
)
def test_date_of_birth_is_found_in_each_usual_spelling(written: str) -> None:
    text = f"geboren op {written}, woont alleen"

    assert ("date", written) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "bel mij op 3 december 2026",
        "de brief van 20-11-2026",
        "31-11-1961",
        "30 februari 1961",
        "13-13-1961",
        "in april 1961",
        "op 3 april",
        "3 van de 4 in 1961",
        "paragraaf 1.2.3",
        "tussen 9:00 en 17:00",
        "artikel 3.4 van de wet",
    ],
)
def test_what_is_no_old_date_is_let_through(text: str) -> None:
    assert found(text) == []


def test_date_is_old_when_it_is_over_a_month_ago() -> None:
    for days, is_found in ((31, False), (32, True), (0, False), (-5, False)):
        day = TODAY - timedelta(days=days)
        assert bool(found(f"{day.day}-{day.month}-{day.year}")) is is_found


@given(before=LETTERS, after=LETTERS, number=st.sampled_from(NUMBERS))
def test_bsn_is_found_at_its_place_whatever_stands_around_it(
    before: str, after: str, number: str
) -> None:
    assert ("BSN", number) in found(before + number + after)


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    for one in find_personal(text, today=TODAY):
        assert 0 <= one.start < one.end <= len(text)


def test_longest_text_of_digits_is_read_soon_enough() -> None:
    # Every start and length that could be a number is tried, and no more.
    assert len(find_personal("9 " * 1000, today=TODAY)) < 3000


def test_denial_tells_places_and_nothing_of_what_stands_there() -> None:
    text = "Mevrouw (999900006), NL91ABNA0417164300, geboren 3 april 1961."

    with pytest.raises(DeniedError) as denied:
        verify_free_text(text, today=TODAY)

    assert denied.value.reason == "free-text"
    assert denied.value.detail == "take out: BSN at 10 to 18, IBAN at 22 to 39, date at 50 to 61"
    assert not [word for word in text.split() if len(word) > 3 and word in str(denied.value)]


def test_text_without_anything_personal_passes() -> None:
    verify_free_text("Kunnen jullie morgen bellen met 06-12345678?", today=TODAY)
