"""`audit`: everything that an outsider can check of a chain, from one file or one URL.

A member also names its own node's settings: then what that node holds beside the chain is checked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain as chain_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import FOUND, Bar, plain_errors, say
from api.cli.target import TokenFile, is_url, node_at, read_token

if TYPE_CHECKING:
    from api.client.source import Source
    from ledger.audit import Report
    from ledger.consortium import Consortium
    from nodes.holdings import HeldCount


@plain_errors()
def audit_chain(
    *,
    chain: Annotated[
        str, typer.Argument(metavar="URL|FILE", help="A node's address, or an export.")
    ],
    consortium: Annotated[
        Path, typer.Option(help="Any version of the consortium document that you trust.")
    ],
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="A checkpoint from elsewhere that must agree; repeat it for more."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    jobs: Annotated[
        int, typer.Option(min=0, help="How many processes check; 0 for every core.")
    ] = 0,
    own_node: Annotated[
        Path | None,
        typer.Option("--own-node", help="Your node's settings: check also what it holds."),
    ] = None,
    token_file: TokenFile = None,
) -> None:
    """Check a whole chain; exit 0 if sound, 1 if something was found, 2 if it could not run."""
    from api.cli import audit_report
    from api.cli.documents import read_document_file
    from api.cli.parallel import Checkers, usable_cores
    from ledger.audit import audit

    trusted = read_document_file(consortium).document
    others = [path.read_bytes() for path in checkpoint or []]
    with _opened(chain, token_file) as source, Bar("Checking", total=1) as bar:
        report = audit(
            source.blocks(),
            trusted=trusted,
            final=source.final,
            others=[*others, *source.contradictions()],
            run=Checkers(jobs or usable_cores()),
            progress=lambda count: bar.move(source.part_read(), f"{count} blocks"),
        )
    held = None if own_node is None else _check_own(own_node, report, trusted)
    if as_json:
        say(audit_report.as_json(report, trusted, held))
    else:
        for line in audit_report.as_lines(report, trusted, held):
            say(line)
    if not report.is_sound:
        raise typer.Exit(FOUND)


def _check_own(settings: Path, report: "Report", trusted: "Consortium") -> "HeldCount":
    """Add to the report what does not hold at the own node; return how much was checked."""
    from ledger.checkpoint import Checkpoint
    from nodes.adapters import opened_holdings
    from nodes.clock import SystemClock
    from nodes.holdings import HeldCount
    from nodes.settings import load_settings

    held, clock = HeldCount(), SystemClock()
    tip = Checkpoint(trusted.origin, report.size, report.root)
    with opened_holdings(load_settings(settings)) as holdings, Bar("Own node", total=1) as bar:
        findings = holdings.check(
            tip,
            today=clock.today(),
            count=held,
            progress=lambda: bar.move(0, f"{held.others + held.own} parts"),
        )
        logged = holdings.check_log(tip, document=trusted, now=clock.now(), count=held)
        for finding in chain_of(findings, logged):
            report.add(finding.height, finding.reason, finding.detail)
    return held


@contextmanager
def _opened(chain: str, token_file: Path | None) -> Iterator["Source"]:
    from api.client.source import FileSource, LogSource

    if is_url(chain):
        with node_at(chain, token=read_token(token_file)) as client:
            yield LogSource(client)
    else:
        path = Path(chain)
        with path.open("rb") as file:
            yield FileSource(file, size=path.stat().st_size)
