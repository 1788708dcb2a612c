"""The folder to keep everything in: new or empty, or a clear refusal."""

from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from demo.__main__ import COULD_NOT_RUN, main


def spoil_file(folder: Path) -> Path:
    (folder / "file").write_text("mine")
    return folder / "file"


def spoil_full(folder: Path) -> Path:
    (folder / "full").mkdir()
    (folder / "full" / "mine").write_text("mine")
    return folder / "full"


@pytest.mark.parametrize(
    ("spoil", "reason"), [(spoil_file, "File exists"), (spoil_full, "name a new or an empty one")]
)
def test_a_folder_that_holds_something_is_refused_and_left_alone(
    spoil: Callable[[Path], Path], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep = spoil(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(typer.Exit) as ended:
        main(once=True, keep=keep)

    assert ended.value.exit_code == COULD_NOT_RUN
    assert reason in capsys.readouterr().out.replace("\n", "")
    assert sorted(tmp_path.rglob("*")) == before
