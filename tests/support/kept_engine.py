"""An engine that somebody else runs: `deploy/agency/engine.sh`, started again whenever it ends.

async with KeptEngine(home, command) as engine: …
"""

import asyncio
import os
import signal
from pathlib import Path
from types import TracebackType
from typing import Self

_SCRIPT = Path(__file__).parents[2] / "deploy" / "agency" / "engine.sh"
_PAUSE_SECONDS = 0.1


class KeptEngine:
    """Runs the script in the folder `home`, with the engine's program `command`, as Docker does."""

    def __init__(self, home: Path, command: Path) -> None:
        """Run nothing yet."""
        self._home = home
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self.starts = 0
        """How often it was started."""

    async def __aenter__(self) -> Self:
        """Start it; its folder may not be there yet."""
        self._home.mkdir(mode=0o700, exist_ok=True)
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        cause: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it for good."""
        assert self._keeping is not None
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)

    @property
    def waits(self) -> bool:
        """Tell whether it has not seen its node's socket yet."""
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/comm").read_text() == "sh\n"

    def kill(self) -> None:
        """End it by SIGKILL; it comes back."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)

    async def _keep(self) -> None:
        path = f"{self._command.absolute().parent}{os.pathsep}{os.environ['PATH']}"
        while True:
            self._process = await asyncio.create_subprocess_exec(
                "sh", _SCRIPT, cwd=self._home, env=os.environ | {"PATH": path},
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
            self.starts += 1
            try:
                await self._process.wait()
            except asyncio.CancelledError:
                self.kill()
                await self._process.wait()
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
