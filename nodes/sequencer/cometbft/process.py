"""The engine as a process of this node: it ends with the node, and is started again if it fails.

The engine ends by itself when its application's socket closes, so that a node that was killed
takes its engine with it.
"""

import asyncio
import contextlib
import logging
from pathlib import Path

from nodes.errors import ConfigurationError
from nodes.sequencer.cometbft.home import EngineHome

_log = logging.getLogger(__name__)
_STOP_SECONDS = 5.0
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
            await process.wait()
        finally:
            self.is_running, self.pid = False, None
            await _end(process)

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
