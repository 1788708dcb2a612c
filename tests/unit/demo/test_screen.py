"""The screen: what holds, what does not, and how it looks where nobody has a terminal."""

import pytest

from tests.support.screens import ReadScreen

PANELS = [(f"Party {n}", [f"line {n} that is rather long for its box", "short"]) for n in range(6)]


def test_a_claim_that_holds_is_no_failure() -> None:
    screen = ReadScreen()

    screen.claim("water is wet", holds=True, expected="wet", seen="wet")

    assert screen.failures == []
    assert screen.text == "✓ water is wet\n"


def test_a_claim_that_does_not_hold_is_kept_and_says_what_was_expected_and_seen() -> None:
    screen = ReadScreen()

    screen.claim("water is wet", holds=False, expected="wet", seen="dry")

    assert screen.failures == ["water is wet"]
    assert screen.text.splitlines() == [
        "✗ water is wet",
        "    expected  wet",
        "    seen      dry",
    ]


def test_a_claim_that_does_not_hold_is_red_on_a_terminal() -> None:
    screen = ReadScreen(is_terminal=True)

    screen.claim("water is wet", holds=False, expected="wet", seen="dry")

    assert "\x1b[1;31m✗ water is wet" in screen.text


def test_text_without_a_terminal_has_no_control_codes_and_no_moving_bar() -> None:
    screen = ReadScreen()

    screen.scene("A scene")
    screen.panels(PANELS)
    with screen.progress("working", total=2) as done:
        done(2)
    screen.command("signaalketen audit", "SOUND")

    assert "\x1b" not in screen.text
    assert "working" not in screen.text


def test_scenes_are_numbered_in_order() -> None:
    screen = ReadScreen()

    screen.scene("Dawn")
    screen.title("An interlude")
    screen.scene("Noon")

    assert [line[:8].strip() for line in screen.text.splitlines() if line] == [
        "1  Dawn",
        "An inter",
        "2  Noon",
    ]


@pytest.mark.parametrize(("width", "rows"), [(100, 2), (80, 3), (40, 6)])
def test_panels_stand_beside_each_other_as_far_as_there_is_room(width: int, rows: int) -> None:
    screen = ReadScreen(width=width)

    screen.panels(PANELS)

    lines = screen.text.splitlines()
    assert len([line for line in lines if "Party" in line]) == rows
    assert max(map(len, lines)) <= width
    assert screen.text.count("short") == len(PANELS)


def test_a_line_to_paste_is_never_broken() -> None:
    line = "signaalketen audit " + "x" * 200
    screen = ReadScreen()

    screen.paste(line)

    assert screen.text == f"  {line}\n"


def test_what_a_node_said_is_printed_and_not_obeyed() -> None:
    screen = ReadScreen(is_terminal=True)

    screen.say("[bold red]from a node[/]")

    assert "[bold red]from a node[/]" in screen.text


def test_lines_that_are_left_out_of_an_output_are_marked() -> None:
    screen = ReadScreen()

    screen.command("audit", "one\n\ntwo\nkeep\nthree\n", only=lambda line: line == "keep")

    assert screen.text.splitlines() == ["$ audit", "  …", "  keep", "  …"]
