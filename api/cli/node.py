"""`node`: run a member's node until it is told to stop."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import plain_errors


class LogLevel(StrEnum):
    """How much a node writes of what it does."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@plain_errors()
def run(
    *,
    config: Annotated[Path, typer.Option(help="The node's settings, as TOML.")],
    log_level: Annotated[
        LogLevel, typer.Option(help="How much it writes to stderr.")
    ] = LogLevel.INFO,
) -> None:
    """Run a node; SIGTERM or Ctrl-C stops it in good order."""
    from api.server import serve

    serve(config, log_level=log_level.value)
