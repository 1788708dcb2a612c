import io
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import pytest
import typer

from api.cli.console import Bar, plain_errors, replace_file, shown
from api.client.errors import UnreachableError
from ledger.errors import RefusedError
from nodes.errors import ConfigurationError

BSN = "999900006"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def seen(moves: list[tuple[float, str]], *, clock: Iterator[float]) -> str:
    """Return what a terminal shows of a bar of ten that moves so."""
    terminal = Terminal()
    with (
        redirect_stderr(terminal),
        Bar("Checking", total=10, clock=lambda: next(clock)) as bar,
    ):
        for done, note in moves:
            bar.move(done, note)
    return terminal.getvalue()


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (ConfigurationError("keys cannot be read"), "keys cannot be read"),
        (UnreachableError("no answer"), "no answer"),
        (RefusedError("stale", "too late"), "stale: too late"),
        (FileNotFoundError(2, "No such file", "signals.jsonl"), "signals.jsonl: No such file"),
        (OSError(28, "No space left on device"), "The system: No space left on device"),
    ],
)
def test_error_is_one_line_and_exit_2(
    cause: Exception, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as caught, plain_errors():
        raise cause

    assert caught.value.exit_code == 2
    assert capsys.readouterr().err == f"{said}\n"


def test_unforeseen_error_tells_where_and_repeats_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as caught, plain_errors():
        int(f"{BSN}x")

    said = capsys.readouterr().err
    assert caught.value.exit_code == 2
    assert "ValueError at test_console.py:" in said
    assert BSN not in said
    assert said.count("\n") == 1


def test_stop_by_hand_is_neither_found_nor_failed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught, plain_errors():
        raise KeyboardInterrupt

    assert caught.value.exit_code == 130
    assert capsys.readouterr().err == "Stopped.\n"


@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b2J", "a\rb", "\u202eabc"])
def test_stranger_cannot_steer_the_terminal(text: str) -> None:
    assert not set(shown(text)) & set("\x1b\x9b\r\u202e")


def test_lines_and_letters_of_any_language_are_shown_as_they_are() -> None:
    text = "één\n  regel — ✓ 字"

    assert shown(text) == text


def test_bar_is_not_shown_for_what_is_quick() -> None:
    assert seen([(3, ""), (9, "")], clock=iter([0, 0.2, 0.9])) == ""


def test_bar_is_shown_after_a_second_and_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")

    wiped = seen([(1, "1 block"), (5, "5 blocks")], clock=iter([0, 0.5, 1.0]))

    assert "Checking" in wiped
    assert "50 % 5 blocks" in wiped
    assert "1 block " not in wiped
    assert wiped.endswith("\x1b[2K")


def test_bar_is_not_shown_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0, 2])

    with Bar("Checking", total=10, clock=lambda: next(times)) as bar:
        bar.move(5)

    assert capsys.readouterr().err == ""


def test_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "note"
    path.write_bytes(b"old")
    (tmp_path / "note.part").mkdir()

    with pytest.raises(IsADirectoryError):
        replace_file(path, b"new")

    assert path.read_bytes() == b"old"
    (tmp_path / "note.part").rmdir()
    replace_file(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["note"]
    assert path.read_bytes() == b"new"
