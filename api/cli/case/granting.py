"""What another desk asked: a grant is prepared by one person and decided by another."""

from collections.abc import Callable
from typing import Annotated

import typer

from api.cli.case.options import (
    CaseId,
    Fields,
    Key,
    RequestId,
    Until,
    Url,
    Yes,
    casework_at,
    chosen_request,
    make_sure,
)
from api.cli.console import plain_errors, say
from api.cli.target import TokenFile
from ledger.case.people import Role
from ledger.exchange.words import Refusal


@plain_errors()
def grant(
    *,
    case: CaseId,
    request: RequestId,
    url: Url,
    field: Fields,
    until: Until,
    token_file: TokenFile = None,
) -> None:
    """Prepare a grant: which of the fields asked, and to which day; somebody else approves it."""
    with casework_at(url, token_file, Role.CASEWORKER) as work:
        pair, asked = chosen_request(work.file(case), request, is_own=False)
        body = {"match": pair.match, "fields": field, "lastDay": until}
        work.do(case, f"requests/{asked.id}/preparations", body)
    say(f"Prepared for {asked.desk}: {', '.join(field)}, up to {until}. An approver decides.")


@plain_errors()
def approve(
    *, case: CaseId, request: RequestId, url: Url, yes: Yes = False, token_file: TokenFile = None
) -> None:
    """Grant what somebody else prepared; you are shown it first."""
    from nodes.errors import InputError

    with casework_at(url, token_file, Role.APPROVER) as work:
        pair, asked = chosen_request(work.file(case), request, is_own=False)
        if asked.last_day is None or asked.prepared_by is None:
            raise InputError("Nothing is prepared for this request; a caseworker does that first.")
        say(f"{asked.desk} asks for {', '.join(asked.wanted)} ({asked.necessity}, {asked.basis}).")
        say(f"{asked.prepared_by.person} prepared: {', '.join(asked.fields)}, to {asked.last_day}.")
        make_sure("Grant exactly this?", is_sure=yes)
        body = {
            "match": pair.match,
            "fields": asked.fields,
            "lastDay": asked.last_day.isoformat(),
        }
        work.do(case, f"requests/{asked.id}/approvals", body)
    say(f"Granted, and on its way to {asked.desk}, sealed.")


@plain_errors()
def refuse(
    *,
    case: CaseId,
    request: RequestId,
    reason: Annotated[Refusal, typer.Argument(metavar="REASON", help="Why.")],
    url: Url,
    key: Key = None,
    token_file: TokenFile = None,
) -> None:
    """Refuse what another desk asked."""
    with casework_at(url, token_file, Role.APPROVER) as work:
        pair, asked = chosen_request(work.file(case), request, is_own=False)
        body = {"match": pair.match, "reason": reason}
        work.say(case, f"requests/{asked.id}/refusals", body, key=key)
    say(f"Refused ({reason}); {asked.desk} is told.")


@plain_errors()
def break_glass(
    *,
    case: CaseId,
    request: RequestId,
    url: Url,
    until: Until,
    yes: Yes = False,
    token_file: TokenFile = None,
) -> None:
    """Grant an acute request alone and at once: theme and help question at most.

    The privacy officer reviews it on the next working day.
    """
    make_sure("The privacy officer will review this. Break the glass?", is_sure=yes)
    with casework_at(url, token_file, Role.APPROVER) as work:
        pair, asked = chosen_request(work.file(case), request, is_own=False)
        body = {"match": pair.match, "lastDay": until}
        work.do(case, f"requests/{asked.id}/broken-glasses", body)
    say(f"Granted at once to {asked.desk}, up to {until}; the privacy officer reviews it.")


@plain_errors()
def review(
    *,
    case: CaseId,
    request: RequestId,
    url: Url,
    justified: Annotated[
        bool, typer.Option("--justified/--unjustified", help="Your judgement.", show_default=False)
    ],
    token_file: TokenFile = None,
) -> None:
    """Judge what one person alone granted by breaking the glass."""
    with casework_at(url, token_file, Role.PRIVACY_OFFICER) as work:
        pair, asked = chosen_request(work.file(case), request, is_own=False)
        body = {"match": pair.match, "isJustified": justified}
        work.do(case, f"requests/{asked.id}/reviews", body)
    say(f"Reviewed: {'justified' if justified else 'not justified'}.")


COMMANDS: dict[str, Callable[..., None]] = {
    "grant": grant,
    "approve": approve,
    "refuse": refuse,
    "break-glass": break_glass,
    "review": review,
}
