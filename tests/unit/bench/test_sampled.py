"""A node that is sampled: it says on what it spent its time, when it is asked."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.sampling import kinds

pytestmark = pytest.mark.skipif(not hasattr(time, "pthread_getcpuclockid"), reason="no such clock")
SPIN = """
import sys, threading, time
from pathlib import Path
from bench.sampled import Sampler

Sampler(Path(sys.argv[1])).start()

def spin():
    until = time.thread_time() + 0.4
    while time.thread_time() < until:
        sum(range(100))

def rest():
    time.sleep(60)

for module in ("ledger.group", "nodes.holder"):
    names = {"__name__": module, "spin": spin}
    exec("def work(): spin()", names)
    threading.Thread(target=names["work"]).start()
threading.Thread(target=rest, daemon=True).start()
while threading.active_count() > 2:
    time.sleep(0.01)
print("done", flush=True)
time.sleep(60)
"""


def test_cpu_of_every_thread_counts_for_what_it_did_and_waiting_counts_for_nothing(
    tmp_path: Path,
) -> None:
    words = [sys.executable, "-c", SPIN, str(tmp_path / "kinds.json")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"

        spent = kinds(tmp_path, process.pid)
    finally:
        process.kill()
        process.communicate()

    assert 0.2 < spent["ristretto255"] < 0.6
    assert 0.2 < spent["in nodes.holder"] < 0.6
    assert sum(seconds for what, seconds in spent.items() if what.startswith("in ")) < 1.5
