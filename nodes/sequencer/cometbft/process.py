"""The engine as a process of this node: it ends with the node, and is started again if it fails.

The engine ends by itself when its application's socket closes, so that a node that was killed
takes its engine with it. Not always: one that stops while it talks to a peer can wait for ever, and
holds its files. So whatever an earlier node left on this folder is ended first (on Linux).
"""

import asyncio
import contextlib
import logging
import os
import signal
from pathlib import Path

from nodes.errors import ConfigurationError
from nodes.sequencer.cometbft.home import EngineHome

_log = logging.getLogger(__name__)
_STOP_SECONDS = 5.0
_LOOK_SECONDS = 0.02
_LOOKS = 250
_TAIL_BYTES = 16_384
_REASONS = ("ERROR:", "panic:")


class EngineProcess:
    """Runs `command` on the engine's folder; `is_running` and `pid` tell whether it does now."""

    def __init__(self, command: Path, home: EngineHome) -> None:
        """Start nothing yet."""
        self._command = command
        self._home = home
        self.is_running = False
        self.pid: int | None = None

    async def run(self) -> None:
        """Run the engine until it ends by itself, or end it when cancelled.

        Raises:
            ConfigurationError: the command cannot be run.
        """
        await self._end_left_over()
        # A socket that a killed engine left behind would keep the next from listening.
        self._home.rpc.unlink(missing_ok=True)
        with self._home.log.open("ab") as log:
            try:
                process = await asyncio.create_subprocess_exec(
                    self._command.absolute(), "start", "--home", ".",
                    cwd=self._home.path, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                    # Ctrl-C is for the node, which then stops its engine.
                    start_new_session=True,
                )  # fmt: skip
            except OSError as cause:
                raise ConfigurationError(
                    f"{self._command} cannot be run: {cause.strerror}. `make engine` obtains it"
                ) from cause
        self.is_running, self.pid = True, process.pid
        try:
            self._home.pid.write_text(f"{process.pid}\n")
            await process.wait()
        finally:
            self.is_running, self.pid = False, None
            await _end(process)

    async def _end_left_over(self) -> None:
        """End the engine that an earlier node started on this folder, if it still runs."""
        try:
            pid = int(self._home.pid.read_text())
        except (OSError, ValueError):
            return
        if self._is_on_this_folder(pid):
            _log.warning("an engine that an earlier node left behind is ended")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            for _ in range(_LOOKS):
                if not self._is_on_this_folder(pid):
                    break
                await asyncio.sleep(_LOOK_SECONDS)

    def _is_on_this_folder(self, pid: int) -> bool:
        # The number may be another program's by now; in this folder only engines run.
        try:
            return Path(f"/proc/{pid}/cwd").samefile(self._home.path)
        except OSError:
            return False

    def last_words(self) -> str:
        """Return the line of the engine's log that says why it ended, else its newest."""
        try:
            with self._home.log.open("rb") as log:
                log.seek(0, 2)
                log.seek(max(0, log.tell() - _TAIL_BYTES))
                lines = log.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        said = [line for line in lines if line.startswith(_REASONS)] or lines
        return said[-1].strip() if said else ""


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        except asyncio.CancelledError:
            # Told twice, a node waits no longer; but no engine is left behind.
            process.kill()
            await process.wait()
            raise
