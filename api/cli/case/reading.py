"""What waits and what happened: worklist, file, queues, and what was granted with its proof."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.case.options import CaseId, InRole, RequestId, Url, casework_at, chosen_request
from api.cli.console import plain_errors, replace_file, say
from api.cli.target import TokenFile, node_at, read_token
from ledger.case.people import Role

if TYPE_CHECKING:
    from api.case_file import CaseFileOut
    from api.worklist import QueueOut

Count = Annotated[int, typer.Option("--count", min=1, max=100, help="How many at most.")]
After = Annotated[
    str | None, typer.Option("--after", help="What the page before said the next begins after.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the node's answer as JSON.")]


@plain_errors()
def list_cases(
    *,
    url: Url,
    count: Count = 20,
    after: After = None,
    role: InRole = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """List the open cases of your desk, what is due first first."""
    from api.cli.case.paper import print_worklist
    from nodes.clock import SystemClock

    with casework_at(url, token_file, role) as work:
        page = work.worklist(count=count, after=after)
    if as_json:
        say(page.model_dump_json(by_alias=True, indent=2))
        return
    print_worklist(page.cases, now=SystemClock().now())
    _say_next(page.next)


@plain_errors()
def show(
    *,
    case: CaseId,
    url: Url,
    role: InRole = None,
    receipts: Annotated[
        Path | None,
        typer.Option(help="A folder: put there the receipt of every block that is named."),
    ] = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Show a case: with whom it is shared, what is asked, and all that happened, in order."""
    from api.cli.case.paper import print_file

    with casework_at(url, token_file, role) as work:
        file = work.file(case)
    if as_json:
        say(file.model_dump_json(by_alias=True, indent=2))
    else:
        print_file(file)
    if receipts is not None:
        _keep_receipts(_heights(file), receipts, url, token_file)


@plain_errors()
def approvals(
    *, url: Url, count: Count = 20, after: After = None, token_file: TokenFile = None
) -> None:
    """List what is for you to decide: requests that somebody prepared, and acute ones."""
    with casework_at(url, token_file, Role.APPROVER) as work:
        _print_queue(work.approvals(count=count, after=after), "Nothing to decide.")


@plain_errors()
def reviews(
    *, url: Url, count: Count = 20, after: After = None, token_file: TokenFile = None
) -> None:
    """List what one person alone granted by breaking the glass, for you to review."""
    with casework_at(url, token_file, Role.PRIVACY_OFFICER) as work:
        _print_queue(work.reviews(count=count, after=after), "Nothing to review.")


@plain_errors()
def shown(
    *,
    case: CaseId,
    request: RequestId,
    url: Url,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the fields that a request of yours was granted, and what proves them."""
    from api.cli.case.paper import print_shown

    with casework_at(url, token_file, Role.CASEWORKER) as work:
        pair, asked = chosen_request(work.file(case), request, is_own=True)
        found = work.shown(case, asked.id, match=pair.match)
    if as_json:
        say(found.model_dump_json(by_alias=True, indent=2))
        return
    print_shown(found)


def _print_queue(queue: "QueueOut", nothing: str) -> None:
    from api.cli.case.paper import print_queue

    if not queue.requests:
        say(nothing)
        return
    print_queue(queue.requests)
    _say_next(queue.next)


def _say_next(following: str | None) -> None:
    if following is not None:
        say(f"There may be more: --after {following}")


def _heights(file: "CaseFileOut") -> Sequence[int]:
    lines = (line.height for pair in file.pairs for line in pair.timeline)
    signals = (pair.height for pair in file.pairs)
    return sorted({height for height in (*lines, *signals) if height is not None})


def _keep_receipts(heights: Sequence[int], folder: Path, url: str, token_file: Path | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with node_at(url, token=read_token(token_file)) as node:
        for height in heights:
            replace_file(folder / f"{height}.receipt", node.receipt(height))
    say(f"Receipts of {len(heights)} blocks are in {folder}; `receipt verify` checks each.")


COMMANDS: dict[str, Callable[..., None]] = {
    "list": list_cases,
    "show": show,
    "shown": shown,
    "approvals": approvals,
    "reviews": reviews,
}
