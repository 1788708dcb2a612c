"""The demonstration as a newcomer runs it: real commands, real nodes, one whole story."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from demo.story import Scene

ROOT = Path(__file__).parents[2]
_LONGEST_SECONDS = 600
_SCREEN = 30
_SCENE = re.compile(r"\n\d+  ")


@dataclass(frozen=True)
class Told:
    """One run of the story: what it printed, how it ended, what it kept."""

    code: int
    output: str
    kept: Path

    @property
    def export(self) -> Path:
        return self.kept / "export.signaalketen"

    @property
    def document(self) -> Path:
        return self.kept / "consortium.toml"

    def verify_scenes(self, scenes: tuple[Scene, ...]) -> None:
        """Check that all `scenes` were told and held, each on one screen.

        Raises:
            AssertionError: not so.
        """
        assert self.code == 0, self.output
        assert "✗" not in self.output
        assert "Every scene held." in self.output
        for number, (title, _) in enumerate(scenes, start=1):
            assert f"\n{number}  {title} " in self.output
        screens = _SCENE.split(self.output)[1:]
        assert len(screens) == len(scenes)
        lines = {title: s.count("\n") for (title, _), s in zip(scenes, screens, strict=True)}
        assert {title: count for title, count in lines.items() if count > _SCREEN} == {}


def tell(folder: Path, *arguments: str) -> Told:
    """Tell the story from `folder`, and return it."""
    run = subprocess.run(
        [sys.executable, "-m", "demo", "--once", "--keep", "my own data/demo", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SIGNAALKETEN_PORT": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    return Told(run.returncode, run.stdout, folder / "my own data" / "demo")
