"""The engine as a process: what an earlier node left behind."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodes.sequencer.cometbft.home import EngineHome
from nodes.sequencer.cometbft.process import EngineProcess

pytestmark = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="looks into /proc")
ENDS_AT_ONCE = Path("/bin/true")


@pytest.fixture
def home(tmp_path: Path) -> EngineHome:
    home = EngineHome(tmp_path / "engine")
    home.pid.parent.mkdir(parents=True)
    return home


@pytest.fixture
def other(home: EngineHome, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not end by itself, and that the folder names as its last engine."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(1000)"],
        cwd=home.path if request.param == "here" else home.path.parent,
    )
    home.pid.write_text(f"{process.pid}\n")
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("other", ["here"], indirect=True)
def test_an_engine_that_a_killed_node_left_behind_is_ended_first(
    home: EngineHome, other: subprocess.Popen[bytes]
) -> None:
    asyncio.run(EngineProcess(ENDS_AT_ONCE, home).run())

    assert other.wait(timeout=60) != 0


@pytest.mark.parametrize("other", ["elsewhere"], indirect=True)
def test_a_strangers_process_with_the_number_of_an_old_engine_is_left_alone(
    home: EngineHome, other: subprocess.Popen[bytes]
) -> None:
    asyncio.run(EngineProcess(ENDS_AT_ONCE, home).run())

    assert other.poll() is None


@pytest.mark.parametrize("content", [None, "", "no number"])
def test_a_folder_that_names_no_process_is_started_on(
    home: EngineHome, content: str | None
) -> None:
    if content is not None:
        home.pid.write_text(content)

    asyncio.run(EngineProcess(ENDS_AT_ONCE, home).run())

    assert int(home.pid.read_text()) > 0


def test_an_engine_that_does_not_listen_is_ended_when_its_node_is_told_to_stop_twice(
    home: EngineHome,
) -> None:
    deaf = home.path / "deaf"
    deaf.write_text("#!/bin/sh\ntrap '' TERM\ntouch started\nwhile :; do sleep 0.1; done\n")
    deaf.chmod(0o700)

    async def story() -> int:
        running = asyncio.create_task(EngineProcess(deaf, home).run())
        async with asyncio.timeout(60):
            while not (home.path / "started").exists():  # noqa: ASYNC110 -- another process says so
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return int(home.pid.read_text())

    pid = asyncio.run(story())

    assert not Path(f"/proc/{pid}").exists()
