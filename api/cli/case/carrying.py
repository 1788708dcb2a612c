"""Whose a case is: assigned, handed over to another desk, looked after while somebody is away."""

from collections.abc import Callable
from typing import Annotated

import typer

from api.cli.case.options import CaseId, InRole, Match, Url, casework_at, chosen_pair
from api.cli.console import plain_errors, say
from api.cli.target import TokenFile

_Day = Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="A day, included.")]


@plain_errors()
def assign(
    *,
    case: CaseId,
    person: Annotated[
        str | None, typer.Argument(help="Whose it is to be; left out: nobody's in particular.")
    ] = None,
    url: Url,
    role: InRole = None,
    token_file: TokenFile = None,
) -> None:
    """Take a case, or give it back; the desk's lead gives it to anybody."""
    with casework_at(url, token_file, role) as work:
        work.assign(case, person)
    say("It is on the desk's common list." if person is None else f"It is with {person}.")


@plain_errors()
def hand_over(
    *,
    case: CaseId,
    desk: Annotated[str, typer.Argument(help="Another desk of your agency.")],
    url: Url,
    match: Match = None,
    role: InRole = None,
    token_file: TokenFile = None,
) -> None:
    """Give a case, or one match of it, to another desk of your agency."""
    with casework_at(url, token_file, role) as work:
        body = {"desk": desk}
        if match is not None:
            body["match"] = chosen_pair(work.file(case), match).match
        work.do(case, "handovers", body)
    say(f"Handed over to {desk}.")


@plain_errors()
def away(
    *,
    person: Annotated[str, typer.Argument(help="Who: yourself, or as lead somebody of your desk.")],
    first: _Day,
    last: _Day,
    url: Url,
    deputy: Annotated[str | None, typer.Option(help="Who stands in, if anybody.")] = None,
    role: InRole = None,
    token_file: TokenFile = None,
) -> None:
    """Say from when to when somebody is away, and who stands in.

    A deputy and whoever it stands in for count as one pair of eyes.
    """
    with casework_at(url, token_file, role) as work:
        work.be_away(person, first=first, last=last, deputy=deputy)
    who = "the desk" if deputy is None else deputy
    say(f"Noted: {person} is away from {first} to {last}; {who} stands in.")


COMMANDS: dict[str, Callable[..., None]] = {
    "assign": assign,
    "hand-over": hand_over,
    "away": away,
}
