"""Looking at other processes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.process import children, cpu_seconds, memory, paused

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no /proc here")
MARK = "a-word-of-this-test"


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass", MARK])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_for_mark() -> None:
    until = time.monotonic() + 30
    while not children(MARK):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_child_is_found_by_a_word_on_its_command_line(
    child: "subprocess.Popen[bytes]",
) -> None:
    wait_for_mark()

    assert children(MARK) == [child.pid]
    assert children("another-word-of-this-test") == []


def test_a_process_that_ended_has_no_memory(child: "subprocess.Popen[bytes]") -> None:
    seen = memory(child.pid)
    child.kill()
    child.wait()

    assert seen is not None
    assert 0 < seen.now <= seen.peak
    assert memory(child.pid) is None


def test_a_paused_process_stands_still_and_then_goes_on(child: "subprocess.Popen[bytes]") -> None:
    wait_for_mark()

    with paused([child.pid]):
        until = time.monotonic() + 30
        while state_of(child.pid) != "T":
            assert time.monotonic() < until
        before = cpu_seconds([child.pid])
        time.sleep(0.05)
        assert cpu_seconds([child.pid]) == before

    assert state_of(child.pid) != "T"


def test_cpu_of_a_process_grows_while_it_works() -> None:
    before = cpu_seconds([os.getpid()])
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass

    assert cpu_seconds([os.getpid()]) > before
