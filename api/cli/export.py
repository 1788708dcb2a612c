"""`export`: the whole chain from a node into one plain file, for an auditor to check offline."""

import os
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import Bar, plain_errors, say
from api.cli.target import TokenFile, Url, node_at, read_token


@plain_errors()
def export(
    *,
    url: Url,
    out: Annotated[Path, typer.Option(help="The file to write; it appears once it is whole.")],
    token_file: TokenFile = None,
) -> None:
    """Write the chain, up to the newest final checkpoint that you may see, to a file."""
    from api.client.source import LogSource
    from ledger.export import encode_export

    part = out.with_name(f"{out.name}.part")
    with node_at(url, token=read_token(token_file)) as client:
        source = LogSource(client)
        try:
            with part.open("wb") as file, Bar("Exporting", total=1) as bar:
                for piece in encode_export(source.blocks(), source.proven_final):
                    file.write(piece)
                    bar.move(source.part_read())
                file.flush()
                os.fsync(file.fileno())
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    say(f"{out}: {source.size} blocks and the checkpoint over them.")
    say(f"Check it: signaalketen audit {out} --consortium consortium.toml")
