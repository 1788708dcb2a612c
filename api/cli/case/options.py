"""What every command of `case` needs: node, token, role, and which match or request is meant."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from api.cli.console import COULD_NOT_RUN, warn
from api.cli.target import node_at, read_token
from ledger.case.people import Role

_ID_DIGITS = 32
_Kind = TypeVar("_Kind")

if TYPE_CHECKING:
    from api.case_file import CaseFileOut, PairOut
    from api.client.casework import CaseworkClient
    from api.request import AskedOut


def _whole_id(text: str) -> str:
    # Whatever else was pasted here would go into an address, and so into logs.
    if len(text) != _ID_DIGITS or not set(text) <= set("0123456789abcdef"):
        raise typer.BadParameter("a case is named by its whole id, as `case list` shows it")
    return text


CaseId = Annotated[
    str, typer.Argument(metavar="CASE", help="The case, by its whole id.", callback=_whole_id)
]
RequestId = Annotated[
    str, typer.Argument(metavar="REQUEST", help="The request, by its id or how that begins.")
]
Url = Annotated[
    str,
    typer.Option(envvar="SIGNAALKETEN_NODE", help="Your node, such as https://node.uwv.example."),
]
Match = Annotated[
    str | None,
    typer.Option(help="Which match, by its id or how that begins; needed where there are several."),
]
Key = Annotated[
    str | None,
    typer.Option(
        help="Your own name for what you say: again with it, nothing is said again. "
        "Without it a random one is used."
    ),
]
InRole = Annotated[
    Role | None, typer.Option("--role", help="In which of your roles; else the first that may.")
]
Fields = Annotated[
    list[str],
    typer.Option("--field", metavar="FIELD", help="theme, period …; as often as needed."),
]
Until = Annotated[
    str, typer.Option("--until", metavar="YYYY-MM-DD", help="The last day, that day included.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")]
Urgent = Annotated[
    bool, typer.Option("--urgent", help="Send it at once, beside the rhythm; that is recorded.")
]


def make_sure(question: str, *, is_sure: bool) -> None:
    """Go on only if whoever is asked says yes; `is_sure` if it did already."""
    try:
        if is_sure or typer.confirm(question, err=True):
            return
    except typer.Abort:
        warn("")
    warn("Nothing was done. --yes says yes beforehand.")
    raise typer.Exit(COULD_NOT_RUN)


@contextmanager
def casework_at(
    url: str, token_file: Path | None, role: Role | None = None
) -> Iterator["CaseworkClient"]:
    """Yield the client of a person, in one of its roles.

    Raises:
        ConfigurationError: no token.
    """
    from api.client.casework import CaseworkClient
    from nodes.errors import ConfigurationError

    token = read_token(token_file)
    if token is None:
        raise ConfigurationError(
            "Cases are for people: show your own token by --token-file, or SIGNAALKETEN_TOKEN."
        )
    with node_at(url, token=token) as node:
        yield CaseworkClient(node, role=role)


def chosen_pair(file: "CaseFileOut", match: str | None) -> "PairOut":
    """Return the match that is meant: the only one that is open, or as it was named.

    Raises:
        InputError: none, or several.
    """
    from nodes.errors import InputError

    if match is not None:
        return _only("match", (p for p in file.pairs if p.match.startswith(match)))
    still = [pair for pair in file.pairs if pair.closed is None] or file.pairs
    if len(still) > 1:
        named = ", ".join(f"{pair.match[:8]} ({pair.other.desk})" for pair in still)
        raise InputError(f"This case has several matches; say which by --match: {named}.")
    return still[0]


def chosen_request(
    file: "CaseFileOut", request: str, *, is_own: bool
) -> tuple["PairOut", "AskedOut"]:
    """Return the request that is meant, and the match that it is about.

    Raises:
        InputError: none, or several.
    """
    return _only(
        "request of yours" if is_own else "request of another desk",
        (
            (pair, asked)
            for pair in file.pairs
            for asked in pair.requests
            if asked.is_own == is_own and asked.id.startswith(request)
        ),
    )


def _only(what: str, found: Iterable[_Kind]) -> _Kind:
    from nodes.errors import InputError

    all_found = list(found)
    if len(all_found) != 1:
        how_many = "Several begin" if all_found else "None begins"
        raise InputError(f"{how_many} like that; give more of the id of a {what} in this case.")
    return all_found[0]
