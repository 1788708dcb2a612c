"""What a desk says to the other about a match: taken up, asked, written, concluded, closed.

Free text is asked for on the terminal or read from standard input: on a command line it would stand
in the shell's history and in the list of processes.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from api.cli.case.options import (
    CaseId,
    Fields,
    Key,
    Match,
    Urgent,
    Url,
    Yes,
    casework_at,
    chosen_pair,
    make_sure,
)
from api.cli.console import plain_errors, say, warn
from api.cli.target import TokenFile
from ledger.case.people import Role
from ledger.exchange.words import Contention, Ending, Necessity, Result, Within

NOT_IN_TEXT = (
    "Write no BSN, IBAN or date of birth, no name or address, and not what is wrong with somebody."
)


@plain_errors()
def confirm(
    *,
    case: CaseId,
    url: Url,
    within: Annotated[
        Within, typer.Option(help="Within how long the other desk is asked to respond.")
    ],
    match: Match = None,
    token_file: TokenFile = None,
) -> None:
    """Take up a case: all its matches that your desk has not, or the one that you name."""
    with casework_at(url, token_file, Role.CASEWORKER) as work:
        body: dict[str, object] = {"within": within}
        if match is not None:
            body["match"] = chosen_pair(work.file(case), match).match
        work.do(case, "confirmations", body)
    say(f"Taken up; the other desk is asked to respond within {within}.")


@plain_errors()
def ask(
    *,
    case: CaseId,
    url: Url,
    field: Fields,
    basis: Annotated[str, typer.Option(help="The legal basis, as the consortium names it.")],
    necessity: Annotated[Necessity, typer.Option(help="Why the fields are needed.")],
    urgent: Urgent = False,
    match: Match = None,
    key: Key = None,
    token_file: TokenFile = None,
) -> None:
    """Ask the other desk for fields of its signal, for the purpose of the case."""
    with casework_at(url, token_file, Role.CASEWORKER) as work:
        file = work.file(case)
        pair = chosen_pair(file, match)
        body = {
            "match": pair.match,
            "purpose": file.purpose,
            "basis": basis,
            "necessity": necessity,
            "fields": field,
            "isUrgent": urgent,
        }
        message = work.say(case, "requests", body, key=key)
    say(f"Asked {pair.other.desk} for {', '.join(field)}: request {message}.")


@plain_errors()
def message(
    *,
    case: CaseId,
    url: Url,
    urgent: Urgent = False,
    match: Match = None,
    key: Key = None,
    token_file: TokenFile = None,
) -> None:
    """Write to the other desk; the text is asked for, or read from standard input.

    Write no BSN, IBAN or date of birth, no name or address, and not what is wrong with somebody.
    """
    if sys.stdin.isatty():
        warn(NOT_IN_TEXT)
        text = typer.prompt("Text", err=True)
    else:
        text = sys.stdin.read().rstrip("\n")
    _say(case, url, token_file, "messages", {"text": text, "isUrgent": urgent}, match, key)


@plain_errors()
def outcome(
    *,
    case: CaseId,
    result: Annotated[Result, typer.Argument(metavar="RESULT", help="What came of it.")],
    url: Url,
    match: Match = None,
    key: Key = None,
    token_file: TokenFile = None,
) -> None:
    """Tell the other desk what came of it at yours."""
    _say(case, url, token_file, "outcomes", {"result": result}, match, key)


@plain_errors()
def coordinate(
    *,
    case: CaseId,
    desk: Annotated[str, typer.Argument(help="One of the two desks, as svb/de-bedoeling.")],
    url: Url,
    match: Match = None,
    key: Key = None,
    token_file: TokenFile = None,
) -> None:
    """Name the desk that takes the lead (regievoerder)."""
    _say(case, url, token_file, "coordinators", {"desk": desk}, match, key)


@plain_errors()
def contest(
    *,
    case: CaseId,
    about: Annotated[Contention, typer.Argument(metavar="ABOUT", help="With what.")],
    url: Url,
    match: Match = None,
    key: Key = None,
    token_file: TokenFile = None,
) -> None:
    """Say that your desk does not agree."""
    _say(case, url, token_file, "contentions", {"about": about}, match, key)


@plain_errors()
def close(
    *,
    case: CaseId,
    reason: Annotated[Ending, typer.Argument(metavar="REASON", help="Why.")],
    url: Url,
    yes: Yes = False,
    match: Match = None,
    key: Key = None,
    token_file: TokenFile = None,
) -> None:
    """Close a match: neither desk can say anything about it any more."""
    make_sure("Neither desk can say anything about it any more. Close?", is_sure=yes)
    _say(case, url, token_file, "endings", {"reason": reason}, match, key)


def _say(
    case: str,
    url: str,
    token_file: Any,  # noqa: ANN401
    what: str,
    body: Mapping[str, object],
    match: str | None,
    key: str | None,
) -> None:
    with casework_at(url, token_file, Role.CASEWORKER) as work:
        pair = chosen_pair(work.file(case), match)
        said = work.say(case, what, {**body, "match": pair.match}, key=key)
    say(f"Safe at your node, and on its way to {pair.other.desk}: message {said}.")


COMMANDS: dict[str, Callable[..., None]] = {
    "confirm": confirm,
    "ask": ask,
    "message": message,
    "outcome": outcome,
    "coordinate": coordinate,
    "contest": contest,
    "close": close,
}
