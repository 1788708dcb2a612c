"""`epoch generate | agree | sign | close | submit | status`: the keys of pseudonyms."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import plain_errors, replace_file, say, warn
from api.cli.submit import submit
from api.cli.target import TokenFile, Url, node_at, read_token

if TYPE_CHECKING:
    import datetime as dt

    from api.client.node import NodeClient
    from ledger.consortium import Consortium
    from ledger.entry import SignedEntry

app = typer.Typer(name="epoch", help="The keys of pseudonyms.", no_args_is_help=True)

ConsortiumFile = Annotated[Path, typer.Option(help="The document in force (consortium.toml).")]
Purpose = Annotated[str, typer.Option(help="The purpose that the key is for.")]
Number = Annotated[int, typer.Option(min=1, help="The epoch's number: the next for its purpose.")]
Author = Annotated[str, typer.Option(help="The member that brings it in.")]
Day = Annotated[str | None, typer.Option("--date", help="YYYY-MM-DD; today if not given.")]
_LOOK_SECONDS = 0.1
_ABOUT_EPOCHS = frozenset(
    {"share-lost", "generation-failed", "locating-waits", "posting-anew", "epoch-replaced"}
)
_GOING_ON = frozenset({"running", "submitted"})
_STEPS = {
    "key": "each holder draws a key for this run",
    "contribution": "each commits to its part, and encrypts the others' shares of it",
    "certificate": "each checks what it was sent, and signs that all saw the same",
    "trial": "each keeps its share, with a backup, and tries it on an element",
    "sign": "each checks all trials, and signs the epoch",
    "submitted": "the epoch is handed in",
}


@app.command("generate")
@plain_errors()
def generate(
    *,
    purpose: Purpose,
    replaces: Annotated[
        int | None,
        typer.Option(min=0, help="The open epoch whose key is lost; 0: none, although one is."),
    ] = None,
    url: Url,
    token_file: TokenFile = None,
) -> None:
    """Let all holders make the next epoch's key together, and open it; nobody has the whole key."""
    import time

    with node_at(url, token=read_token(token_file)) as node:
        if replaces is None:
            _verify_none_lost(node)
        led = node.generate(purpose, replaces=replaces or None)
        say(f"Epoch {led.number} of {led.purpose}: {', '.join(led.holders)} make its key.")
        shown = None
        while led.state in _GOING_ON:
            if (led.state, led.step) != shown:
                shown = (led.state, led.step)
                say(f"  {_STEPS.get(led.step if led.state == 'running' else led.state, led.step)}")
            time.sleep(_LOOK_SECONDS)
            led = node.generation()
    if led.state != "open":
        warn(f"It failed, and no epoch was opened: {led.fault}")
        if led.culprit is not None:
            warn(f"To blame, as everybody can check: {led.culprit}.")
        raise typer.Exit(1)
    say(f"Epoch {led.number} of {led.purpose} is open.")
    say("Each holder has its share, and beside it a backup that its offline key opens: take a copy")
    say("to a safe (signaalketen share backup).")
    if replaces:
        say(f"It replaces epoch {replaces}: every member posts its live signals anew. How far that")
        say("is: signaalketen epoch status, with a token of that member's.")


@app.command("agree")
@plain_errors()
def agree(
    *,
    purpose: Purpose,
    replaces: Annotated[int, typer.Option(min=1, help="The open epoch whose key is lost.")],
    url: Url,
    token_file: TokenFile = None,
) -> None:
    """Agree for this member that an epoch's key is lost: without all holders none is replaced."""
    with node_at(url, token=read_token(token_file)) as node:
        node.agree(purpose, replaces)
    say(f"Agreed for seven days: epoch {replaces} of {purpose} may be replaced by another, which")
    say("lets every member post its live signals anew, once, beyond its quotas.")


@app.command("sign")
@plain_errors()
def sign(
    *,
    draft: Annotated[Path, typer.Argument(help="The draft, with the signatures it has.")],
    keys: Annotated[Path, typer.Option(help="The folder with this member's keys.")],
) -> None:
    """Sign that an epoch is closed; or, for one that was generated, that its shares are here."""
    from ledger.rules.epoch import read_epoch
    from nodes.ceremony import decode_draft, sign_draft
    from nodes.keyring import load_keyring
    from nodes.shares import Shares

    keyring = load_keyring(keys)
    signed = sign_draft(decode_draft(draft.read_bytes()), keyring)
    epoch = read_epoch(signed)
    # Nobody signs for shares that it does not have.
    held = Shares(keys).of(epoch, holder=keyring.member)
    replace_file(draft, signed.encode())
    say(f"{keyring.member} signed epoch {epoch.number} of {epoch.purpose}: {epoch.state}.")
    if held:
        say(f"  shares held  {', '.join(f'{s.group} {s.index}' for s in held)}")
    _say_missing(signed)


@app.command("close")
@plain_errors()
def close(
    *,
    consortium: ConsortiumFile,
    purpose: Purpose,
    number: Number,
    author: Author,
    out: Annotated[Path, typer.Option(help="The file for the draft.")],
    date: Day = None,
) -> None:
    """Draft that an epoch is closed: holders destroy its shares, nodes what followed from it."""
    from ledger.epoch import CLOSED, EpochDocument
    from nodes.ceremony import draft_epoch, encode_draft
    from nodes.errors import ConfigurationError

    if out.exists():
        raise ConfigurationError(f"{out} is there already, perhaps with signatures: name another.")
    document = _document(consortium, purpose=purpose, author=author)
    epoch = EpochDocument(purpose, number, CLOSED, ())
    entry = draft_epoch(epoch, origin=document.origin, author=author, day=_day(date))
    out.write_bytes(encode_draft(entry))
    say(f"{out}: {document.quorum} members sign it (epoch sign), then submit it (epoch submit).")


app.command("submit")(submit)


@app.command("status")
@plain_errors()
def status(*, url: Url, token_file: TokenFile = None) -> None:
    """Show which epochs there are and which are open; with a token, also what is to be done."""
    with node_at(url, token=read_token(token_file)) as node:
        epochs = node.epochs()
        wrong = [reason for reason in node.readiness() if reason[0] in _ABOUT_EPOCHS]
    for epoch in epochs:
        until = "open" if epoch.closed is None else f"closed in block {epoch.closed}"
        if epoch.replaced is not None:
            until = f"its key lost, replaced in block {epoch.replaced}, {until}"
        say(f"{epoch.purpose}  epoch {epoch.number}  opened in block {epoch.opened}, {until}")
    if not epochs:
        say("No epoch was opened yet: signals are posted, and matched with nothing.")
    for code, text, remedy in wrong:
        say(f"{code}  {text}".rstrip())
        say(f"  do  {remedy or 'ask with --token-file'}")


def _verify_none_lost(node: "NodeClient") -> None:
    """Check that the node misses no share: whoever generates is asked what that is to mean."""
    from nodes.errors import ConfigurationError

    for code, text, remedy in node.readiness():
        if code == "share-lost":
            raise ConfigurationError(
                f"A share is lost here: {text}. {remedy}. A new epoch beside it: --replaces 0."
            )


def _document(file: Path, *, purpose: str, author: str) -> "Consortium":
    """Return the document in `file`, which has that purpose and that member."""
    from api.cli.documents import read_document_file
    from nodes.errors import ConfigurationError

    document = read_document_file(file).document
    if document.purpose(purpose) is None:
        raise ConfigurationError(f"The document has no purpose {purpose}.")
    if author not in document.by_name:
        raise ConfigurationError(f"The author must be a member; {author} is none.")
    return document


def _day(date: str | None) -> "dt.date":
    from ledger.day import decode_day
    from nodes.clock import SystemClock

    return SystemClock().today() if date is None else decode_day(date)


def _say_missing(signed: "SignedEntry") -> None:
    from ledger.epoch import OPEN
    from ledger.rules.epoch import read_epoch

    epoch = read_epoch(signed)
    if epoch.state != OPEN:
        say(f"  {len(signed.lines)} members have signed so far.")
        return
    mark = f"{signed.entry.origin}/"
    signers = {line.name.removeprefix(mark) for line in signed.lines}
    missing = sorted({signed.entry.author, *(share.holder for share in epoch.shares)} - signers)
    say(f"  still missing  {', '.join(missing)}" if missing else "  Nobody is missing: submit it.")
