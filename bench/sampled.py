"""A node that notes what it spends its CPU on.

    python -m bench.sampled FILE node --config node.toml

Every few milliseconds of CPU the process stops for a moment; what each thread has used since then
counts for the kind of work and the part of the node that its frames tell of (`bench.kinds`). On
SIGUSR1 the counts so far are written to FILE, as JSON: seconds of a core by kind and by part. What
a thread spends inside a C function counts for the Python function that called it.
"""

import json
import signal
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

from api.cli import main
from bench.kinds import kind_of, part_of

_EVERY_SECONDS = 0.004


class Sampler:
    """Counts CPU seconds by kind of work; `start` begins, on the main thread."""

    def __init__(self, file: Path) -> None:
        """Write to `file` when asked."""
        self._file = file
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._used: dict[int, float] = {}

    def start(self) -> None:
        """Sample from now on."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.signal(signal.SIGUSR1, self._write)
        # By the CPU of the whole process: a node that waits is not woken.
        signal.setitimer(signal.ITIMER_PROF, _EVERY_SECONDS, _EVERY_SECONDS)

    def _sample(self, number: int, frame: FrameType | None) -> None:
        del number
        main_thread = threading.get_ident()
        for thread, innermost in sys._current_frames().items():  # noqa: SLF001 -- the one way
            top = frame if thread == main_thread else innermost
            used = _cpu_seconds(thread)
            for what in (kind_of(top), part_of(top)):
                self._seconds[what] += used - self._used.get(thread, used)
            self._used[thread] = used

    def _write(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(self._seconds))
        new.replace(self._file)


def _cpu_seconds(thread: int) -> float:
    return time.clock_gettime(time.pthread_getcpuclockid(thread))


if __name__ == "__main__":
    Sampler(Path(sys.argv[1])).start()
    sys.argv = ["signaalketen", *sys.argv[2:]]
    main()
