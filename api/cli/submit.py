"""`consortium submit`, `epoch submit`, `member submit`: one command for governance entries."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import plain_errors, say
from api.cli.target import TokenFile, Url, node_at, read_token


@plain_errors()
def submit(
    *,
    note: Annotated[Path, typer.Argument(help="The note that all who must have signed.")],
    url: Url,
    token_file: TokenFile = None,
) -> None:
    """Hand in a signed note at a node, with its operator's token; a second time changes nothing."""
    with node_at(url, token=read_token(token_file)) as node:
        entry_id = node.submit_entry(note.read_bytes())
    say(f"Submitted as {entry_id}.")
