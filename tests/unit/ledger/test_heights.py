"""Heights as lines: one spelling, ascending, 1 to 64 of them."""

import pytest

from ledger.errors import MalformedError
from ledger.heights import MAX_HEIGHTS, Heights


def lines(count: int) -> str:
    return "".join(f"{height}\n" for height in range(count))


@pytest.mark.parametrize(
    ("text", "heights"),
    [
        ("12\n15\n", Heights((12, 15))),
        ("0\n", Heights((0,))),
        ("12\n17 missing\n", Heights((12, 17), frozenset({17}))),
        ("1 missing\n2 missing\n", Heights((1, 2), frozenset({1, 2}))),
        (f"{2**63 - 1}\n", Heights((2**63 - 1,))),
        (lines(MAX_HEIGHTS), Heights(tuple(range(MAX_HEIGHTS)))),
    ],
)
def test_heights_stand_one_a_line(text: str, heights: Heights) -> None:
    assert heights.encode() == text
    assert Heights.decode(text) == heights


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "12",
        "12\n15",
        "\n12\n",
        "12\n\n15\n",
        "15\n12\n",
        "12\n12\n",
        "12\n12 missing\n",
        "-1\n",
        "-0\n",
        "+1\n",
        "01\n",
        "1_0\n",
        " 1\n",
        "1 \n",
        "1.0\n",
        "1e3\n",
        "１\n",
        "missing\n",
        " missing\n",
        "1  missing\n",
        "1 Missing\n",
        "1 missing missing\n",
        "1 gone\n",
        "1\r\n",
        "1\n\0",
        f"{2**63}\n",
        "1" * 40 + "\n",
        "1" * 41 + "\n",
        lines(MAX_HEIGHTS + 1),
    ],
)
def test_other_spellings_orders_and_numbers_are_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="heights"):
        Heights.decode(text)


def test_number_of_thousands_of_digits_is_refused_like_any_other() -> None:
    # int() of so many digits raises an error of its own, which would stop every node.
    with pytest.raises(MalformedError):
        Heights.decode("9" * 5000 + "\n")
