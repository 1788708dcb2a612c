"""Every command of `signaalketen`, in one tree.

    key new | rotate | retire       member card | announce | submit
    consortium draft | sign | submit | show | policy | chain
    node    post    export    audit         receipt verify    openapi
    epoch generate | sign | close | submit | status
    share backup | restore          engine new | card | genesis | rotate
    logbook read
    case list | show | shown | approvals | reviews | confirm | ask | message | outcome | coordinate
         contest | close | grant | approve | refuse | break-glass | review | assign | hand-over
         away

Exit codes: 0 all is well; 1 it ran and something is wrong (findings, refused lines); 2 it could not
run. What a command needs is imported when it runs, so that help is quick.
"""

from typing import Annotated

import typer

from api.cli import (
    audit,
    case,
    consortium,
    engine,
    epoch,
    export,
    keys,
    logbook,
    node,
    post,
    receipt,
    share,
)
from api.cli.console import plain_errors, say

app = typer.Typer(
    name="signaalketen",
    help="Post encrypted case signals onto a ledger that agencies share, and check all of it.",
    epilog="Prototype, for synthetic data only: there is no law yet that permits real use.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    # Tracebacks of the rich kind can show the values of variables.
    pretty_exceptions_enable=False,
)
_GROUPS = (
    keys.key_app,
    keys.member_app,
    consortium.app,
    epoch.app,
    share.app,
    engine.app,
    receipt.app,
    logbook.app,
    case.app,
)
for group in _GROUPS:
    app.add_typer(group)
app.command("node")(node.run)
app.command("post")(post.post)
app.command("export")(export.export)
app.command("audit")(audit.audit_chain)


@app.command("openapi")
@plain_errors()
def openapi() -> None:
    """Print the OpenAPI document of a node's API."""
    import json
    import logging

    # It remarks on a package that would check e-mail addresses, of which there are none to check.
    logging.getLogger("fastapi").setLevel(logging.ERROR)
    from api.app import openapi_document

    say(json.dumps(openapi_document(), ensure_ascii=False, indent=2))


def _say_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say(f"signaalketen {version('signaalketen')}")
        raise typer.Exit


@app.callback()
def top(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say which this is."),
    ] = False,
) -> None:
    """Post encrypted case signals onto a ledger that agencies share, and check all of it."""
    del version
