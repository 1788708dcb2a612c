"""`logbook read`: what this agency's node did with personal data, for its privacy officer.

One JSON object a line, oldest first, with the fields and attributes of *Logboek Dataverwerkingen*
and the data subject opened. Whom to look for is asked for on the terminal, or read from standard
input: a BSN on a command line would stand in its history.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import plain_errors, say

if TYPE_CHECKING:
    from ledger.logbook import LogRecord
    from nodes.settings import Settings

app = typer.Typer(name="logbook", help="This node's log of processing.", no_args_is_help=True)
_MILLISECONDS = 1000


@app.command("read")
@plain_errors()
def read(
    *,
    own_node: Annotated[Path, typer.Argument(metavar="NODE.TOML", help="Your node's settings.")],
    about: Annotated[
        bool, typer.Option("--about", help="Ask for a BSN, and print what was done about it only.")
    ] = False,
) -> None:
    """Print the records of this node, with whom each is about; for the privacy officer alone."""
    from ledger.bsn import Bsn
    from nodes.settings import load_settings

    wanted = None
    if about:
        wanted = Bsn.decode(typer.prompt("BSN", hide_input=True, err=True)).digits
    for number, record, digits in _opened(load_settings(own_node)):
        if wanted in (None, digits):
            say(_line(number, record, digits))


def _opened(settings: "Settings") -> Iterator[tuple[int, "LogRecord", str]]:
    from ledger.logbook import LogRecord
    from nodes.adapters import opened_log
    from nodes.logbook import open_subject

    with opened_log(settings) as (records, key):
        for number, raw in records:
            record = LogRecord.decode(raw)
            yield number, record, open_subject(record, key=key)


def _line(number: int, record: "LogRecord", digits: str) -> str:
    import json
    from datetime import UTC, datetime

    def time(moment: int) -> str:
        return datetime.fromtimestamp(moment / _MILLISECONDS, tz=UTC).isoformat(
            timespec="milliseconds"
        )

    opened = {"dpl.core.data_subject_id": digits} if digits else {}
    said = {
        "number": number,
        "name": record.name,
        "start_time": time(record.start),
        "end_time": time(record.end),
        "trace_id": record.trace_id.hex(),
        "span_id": record.span_id.hex(),
        "parent_span_id": record.parent_span_id.hex(),
        "attributes": record.attributes() | opened,
    }
    return json.dumps(said, ensure_ascii=False)
