"""`post`: a file of signals onto the ledger, in batches, to be taken up again after a stop."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import FOUND, Bar, plain_errors, say
from api.cli.target import TokenFile, Url, node_at, read_token

if TYPE_CHECKING:
    from api.client.importer import Tally


@plain_errors()
def post(
    *,
    file: Annotated[Path, typer.Argument(help="JSON Lines: one signal a line.")],
    url: Url,
    token_file: TokenFile = None,
) -> None:
    """Post a file of signals; refused lines are reported and the rest goes on.

    Run it again after a stop, or once refused lines are corrected in place: what is posted is
    not posted again. FILE.progress remembers how far it came; it holds nothing about a person.
    Without --token-file the token is taken from SIGNAALKETEN_TOKEN.
    """
    from api.client.import_record import ImportRecord
    from api.client.importer import Importer
    from api.client.signal_lines import SignalLines
    from nodes.errors import ConfigurationError

    token = read_token(token_file)
    if token is None:
        raise ConfigurationError(
            "Posting needs the token of a caseworker: --token-file, or SIGNAALKETEN_TOKEN."
        )
    lines = SignalLines.decode(file.read_bytes())
    path = file.with_name(f"{file.name}.progress")
    with node_at(url, token=token) as client, ImportRecord(path, url=client.url) as record:
        importer = Importer(lines, client=client, record=record)
        try:
            with Bar("Posting", total=importer.total) as bar:
                importer.run(progress=bar.move)
        finally:
            _say_tally(importer.tally, count=len(lines.sound) + len(lines.refused))
    if importer.tally.refused:
        raise typer.Exit(FOUND)


def _say_tally(tally: "Tally", *, count: int) -> None:
    for number, reason in sorted(tally.refused.items()):
        say(f"line {number}: {reason}")
    done = tally.already + tally.posted
    earlier = f" ({tally.already} by an earlier run)" if tally.already else ""
    say(f"Posted: {done} of {count} signals{earlier}.")
    if tally.waiting:
        say(f"Not final yet: {tally.waiting}. They are safe at the node; do not post them again.")
    if tally.refused:
        say(f"Refused: {len(tally.refused)}. Correct those lines in place and run this again.")
    if left := count - done - len(tally.refused):
        say(f"Not answered: {left}. Run this again to go on where it stopped.")
