"""`receipt verify`: whether a receipt proves its block, offline, from files."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import FOUND, plain_errors, say
from api.cli.target import TokenFile, read_token

if TYPE_CHECKING:
    from ledger.consortium import Consortium
    from ledger.receipt import Proven, Receipt

    Judge = Callable[[Receipt], Proven]
    Documents = tuple[str, Callable[[int], Consortium]]

app = typer.Typer(name="receipt", help="Proof for one block.", no_args_is_help=True)

_HINT = "If the members changed their keys since or before, show it with --chain."


@app.callback()
def top() -> None:
    """Proof for one block."""


@app.command("verify")
@plain_errors()
def verify(
    *,
    file: Annotated[Path, typer.Argument(help="The receipt (a c2sp.org/tlog-proof).")],
    consortium: Annotated[
        Path | None,
        typer.Option(
            help="A consortium document that you trust: with --chain any version of it, without "
            "it the one in force at the receipt."
        ),
    ] = None,
    chain: Annotated[
        str | None,
        typer.Option(help="What `consortium chain` wrote, or the address of a node to ask."),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="A c2sp.org/tlog-policy file, instead of a document.")
    ] = None,
    post_quantum: Annotated[
        bool,
        typer.Option("--post-quantum", help="Demand a quorum of post-quantum cosignatures."),
    ] = False,
    token_file: TokenFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Check a receipt; exit 0 if it proves its block, 1 if it does not, 2 if it could not run."""
    from ledger.errors import LedgerError
    from ledger.receipt import Receipt
    from nodes.errors import ConfigurationError

    judge: Judge
    if policy is not None and consortium is None and chain is None and not post_quantum:
        judge = _by_policy(policy)
    elif consortium is not None and policy is None:
        documents = _in_force(consortium, chain, token_file)
        judge = partial(_by_documents, documents, is_post_quantum=post_quantum)
    else:
        raise ConfigurationError(
            "Say by what to judge: --policy alone, or --consortium, with or without --chain "
            "and --post-quantum. A policy of post-quantum keys is made by consortium policy."
        )
    raw = file.read_bytes()
    try:
        receipt = Receipt.decode(raw)
        proven = judge(receipt)
    except LedgerError as cause:
        hint = _HINT if consortium is not None and chain is None else None
        _say_refused(str(cause), hint, as_json=as_json)
        raise typer.Exit(FOUND) from cause
    _say_proven(receipt, proven, is_author_checked=policy is None, as_json=as_json)


def _by_policy(file: Path) -> "Judge":
    from ledger.policy import Policy, verify_by_policy
    from nodes.errors import ConfigurationError

    policy = Policy.decode(file.read_bytes())
    if not policy.logs:
        raise ConfigurationError(f"{file} names no log: of whom a receipt would be, it cannot say.")
    return partial(verify_by_policy, policy=policy)


def _in_force(consortium: Path, source: str | None, token_file: Path | None) -> "Documents":
    """Return the origin, and what gives the document after n blocks once it is asked."""
    from api.cli.documents import read_consortium_chain, read_document_file
    from ledger.consortium_chain import Versions, verify_consortium_chain

    trusted = read_document_file(consortium).document
    if source is None:
        return trusted.origin, lambda _: trusted
    chain = read_consortium_chain(source, token=read_token(token_file))

    @cache
    def versions() -> Versions:
        return verify_consortium_chain(chain, trusted=trusted)

    return trusted.origin, lambda size: versions().in_force(size)


def _by_documents(documents: "Documents", receipt: "Receipt", *, is_post_quantum: bool) -> "Proven":
    from ledger.receipt import verify_by_documents

    origin, in_force = documents
    return verify_by_documents(
        receipt, origin=origin, in_force=in_force, is_post_quantum=is_post_quantum
    )


def _say_proven(
    receipt: "Receipt", proven: "Proven", *, is_author_checked: bool, as_json: bool
) -> None:
    import json

    from api.cli.audit_report import cosigned_line, rfc3339

    block, size = proven.block, receipt.signed.checkpoint.size
    entry = block.signed.entry
    if as_json:
        shown = {
            "proven": True,
            "origin": entry.origin,
            "height": block.height,
            "author": entry.author,
            "authorChecked": is_author_checked,
            "kind": entry.kind,
            "date": entry.day.isoformat(),
            "entryId": block.signed.id.hex(),
            "size": size,
            "cosigners": {
                name: rfc3339(time) if time else None for name, time in sorted(proven.times.items())
            },
            "postQuantum": sorted(proven.post_quantum),
        }
        say(json.dumps(shown, indent=2))
        return
    by_whom = "" if is_author_checked else "  (not checked: a policy names no keys of authors)"
    say(f"PROVEN: block {block.height} of {entry.origin} is final.")
    say(f"  author     {entry.author}{by_whom}")
    say(f"  kind       {entry.kind}")
    say(f"  date       {entry.day}")
    say(f"  entry      {block.signed.id.hex()}")
    say(f"  cosigned   when the chain had {size} blocks, by")
    for name, time in sorted(proven.times.items()):
        say(f"    {name}  {cosigned_line(time, name in proven.post_quantum)}")


def _say_refused(reason: str, hint: str | None, *, as_json: bool) -> None:
    import json

    if as_json:
        say(json.dumps({"proven": False, "reason": reason}, indent=2))
        return
    say(f"NOT PROVEN: {reason}")
    if hint is not None:
        say(hint)
