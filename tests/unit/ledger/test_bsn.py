"""The citizen service number: the 11-check, and that nothing repeats it."""

import itertools

import pytest

from ledger.bsn import Bsn, synthetic_numbers
from ledger.errors import MalformedError

SOME = [number.digits for number in itertools.islice(synthetic_numbers(), 0, None, 500)]


def test_there_are_9091_synthetic_numbers_all_in_the_9999_range() -> None:
    numbers = [number.digits for number in synthetic_numbers()]

    assert len(set(numbers)) == len(numbers) == 9_091
    assert {(len(digits), digits[:4]) for digits in numbers} == {(9, "9999")}


def test_a_number_passes_if_its_weighted_digits_divide_by_eleven() -> None:
    # 9·9 + 9·8 + 9·7 + 9·6 + 9·5 + 0·4 + 0·3 + 6·2 - 8 = 319 = 11·29
    assert Bsn.decode("999990068").digits == "999990068"


@pytest.mark.parametrize("digits", SOME)
def test_a_typing_error_in_one_digit_fails_the_11_check(digits: str) -> None:
    for at, new in itertools.product(range(9), "0123456789"):
        typed = digits[:at] + new + digits[at + 1 :]
        if typed != digits:
            with pytest.raises(MalformedError, match="11-check"):
                Bsn.decode(typed)


@pytest.mark.parametrize("digits", SOME)
def test_two_neighbouring_digits_that_changed_places_fail_the_11_check(digits: str) -> None:
    for at in range(8):
        swapped = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
        if swapped != digits:
            with pytest.raises(MalformedError, match="11-check"):
                Bsn.decode(swapped)


def test_nine_zeros_are_nobodys_number_although_they_divide() -> None:
    with pytest.raises(MalformedError, match="11-check"):
        Bsn.decode("000000000")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "99990007",
        "9999000680",
        " 99990068",
        "9999.0006",
        "９９９９９００６８",
        "-99990068",
        "abcdefghi",
    ],
)
def test_what_is_not_nine_digits_is_no_number(text: str) -> None:
    with pytest.raises(MalformedError, match="nine digits"):
        Bsn.decode(text)


@pytest.mark.parametrize("text", ["999990069", "99999006"])
def test_no_error_repeats_what_was_typed(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        Bsn.decode(text)

    assert text not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_no_representation_shows_the_digits() -> None:
    assert repr(Bsn("999990068")) == "Bsn()"
