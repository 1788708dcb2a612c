"""`epoch deal | sign | close | submit | status`: the keys of pseudonyms, period by period."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import plain_errors, replace_file, say, warn
from api.cli.target import TokenFile, Url, node_at, read_token

if TYPE_CHECKING:
    import datetime as dt

    from ledger.consortium import Consortium
    from ledger.entry import SignedEntry

app = typer.Typer(name="epoch", help="The keys of pseudonyms.", no_args_is_help=True)

ConsortiumFile = Annotated[Path, typer.Option(help="The document in force (consortium.toml).")]
Purpose = Annotated[str, typer.Option(help="The purpose that the key is for.")]
Number = Annotated[int, typer.Option(min=1, help="The epoch's number: the next for its purpose.")]
Author = Annotated[str, typer.Option(help="The member that brings it in.")]
Day = Annotated[str | None, typer.Option("--date", help="YYYY-MM-DD; today if not given.")]
NOTE = "epoch.note"


@app.command("deal")
@plain_errors()
def deal(
    *,
    consortium: ConsortiumFile,
    purpose: Purpose,
    number: Number,
    author: Author,
    out: Annotated[Path, typer.Option(help="A new folder for the draft and each holder's file.")],
    date: Day = None,
    insecure_dealer: Annotated[
        bool,
        typer.Option("--insecure-dealer", help="Say that you know: the key is whole here."),
    ] = False,
) -> None:
    """Make a key in one place and deal its shares, until the holders can make it together."""
    from nodes.ceremony import draft_epoch, encode_draft
    from nodes.dealer import deal as deal_key
    from nodes.errors import ConfigurationError
    from nodes.shares import write_handover

    if not insecure_dealer:
        raise ConfigurationError(
            "A dealer holds the whole key for a moment and could keep it. For tests and "
            "demonstrations say --insecure-dealer."
        )
    document = _document(consortium, purpose=purpose, author=author)
    epoch, shares = deal_key(document, purpose=purpose, number=number)
    entry = draft_epoch(epoch, origin=document.origin, author=author, day=_day(date))
    out.mkdir(parents=True, mode=0o700)
    for holder, held in shares.items():
        write_handover(out / f"{holder}.shares", purpose=purpose, number=number, shares=held)
    (out / NOTE).write_bytes(encode_draft(entry))
    warn("Dealt by an insecure dealer: whoever ran this could compute every pseudonym.")
    say(f"{out / NOTE}: epoch {number} of {purpose}, for every holder to sign (epoch sign).")
    for holder in sorted(shares):
        say(f"{out / f'{holder}.shares'}: hand it to {holder} and to nobody else.")


@app.command("sign")
@plain_errors()
def sign(
    *,
    draft: Annotated[Path, typer.Argument(help="The draft, with the signatures it has.")],
    keys: Annotated[Path, typer.Option(help="The folder with this member's keys.")],
    shares: Annotated[
        Path | None, typer.Option(help="The file with this holder's shares; removed once stored.")
    ] = None,
) -> None:
    """Store this holder's shares, and sign that it has them; or sign that an epoch is closed."""
    from ledger.rules.epoch import read_epoch
    from nodes.ceremony import decode_draft, sign_draft
    from nodes.keyring import load_keyring
    from nodes.shares import FOLDER, Shares, store_handover

    keyring = load_keyring(keys)
    signed = sign_draft(decode_draft(draft.read_bytes()), keyring)
    epoch = read_epoch(signed)
    folder = Shares(keys / FOLDER)
    if shares is not None:
        store_handover(shares, epoch=epoch, holder=keyring.member, into=folder)
    # Nobody signs for shares that it does not have.
    held = folder.of(epoch, holder=keyring.member)
    replace_file(draft, signed.encode())
    if shares is not None:
        shares.unlink()
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


@app.command("submit")
@plain_errors()
def submit(
    *,
    note: Annotated[Path, typer.Argument(help="The note that all who must have signed.")],
    url: Url,
    token_file: TokenFile = None,
) -> None:
    """Hand in a signed note at a node, with its operator's token; a consortium's too."""
    with node_at(url, token=read_token(token_file)) as node:
        entry_id = node.submit_entry(note.read_bytes())
    say(f"Submitted as {entry_id}.")


@app.command("status")
@plain_errors()
def status(*, url: Url) -> None:
    """Show which epochs there are, and which are open."""
    with node_at(url, token=None) as node:
        epochs = node.epochs()
    for epoch in epochs:
        until = "open" if epoch.closed is None else f"closed in block {epoch.closed}"
        say(f"{epoch.purpose}  epoch {epoch.number}  opened in block {epoch.opened}, {until}")
    if not epochs:
        say("No epoch was opened yet: signals are posted, and matched with nothing.")


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
