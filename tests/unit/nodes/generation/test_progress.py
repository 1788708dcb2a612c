"""How far a generation is survives a restart, and is never in the way of one."""

from dataclasses import replace
from pathlib import Path

import pytest

from nodes.generation.progress import (
    FAILED,
    FILE,
    OPEN,
    RUNNING,
    SUBMITTED,
    Generation,
    ProgressFile,
)

RUN = Generation("help", 2, RUNNING, "trial", ("bzk", "uwv"))


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    ended = replace(RUN, state=FAILED, fault="svb: its key", culprit="svb")

    ProgressFile(tmp_path / FILE).write(ended)

    assert ProgressFile(tmp_path / FILE).resume() == ended


def test_the_newest_replaces_the_one_before(tmp_path: Path) -> None:
    progress = ProgressFile(tmp_path / FILE)
    progress.write(RUN)

    progress.write(replace(RUN, state=OPEN))

    assert progress.resume() == replace(RUN, state=OPEN)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("state", [RUNNING, SUBMITTED])
def test_what_was_under_way_when_the_node_ended_has_failed(tmp_path: Path, state: str) -> None:
    progress = ProgressFile(tmp_path / FILE)
    progress.write(replace(RUN, state=state))

    resumed = progress.resume()

    assert resumed is not None
    assert (resumed.state, resumed.step) == (FAILED, "trial")
    assert "begin another" in (resumed.fault or "")


def test_a_node_that_led_none_has_none(tmp_path: Path) -> None:
    assert ProgressFile(tmp_path / FILE).resume() is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"holders": 3}', '{"holders": [], "x": 1}']
)
def test_a_file_that_says_nothing_is_no_reason_not_to_start(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)

    assert ProgressFile(tmp_path / FILE).resume() is None


def test_a_disk_that_refuses_does_not_end_a_generation(tmp_path: Path) -> None:
    progress = ProgressFile(tmp_path / "nowhere" / FILE)

    progress.write(RUN)

    assert progress.resume() is None
