"""`consortium draft | sign | submit | show | policy | chain`: the document all members sign."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import plain_errors, replace_file, say
from api.cli.submit import submit
from api.cli.target import TokenFile, read_token

if TYPE_CHECKING:
    from api.cli.documents import Approvals
    from ledger.consortium import Consortium

_NOT_CHECKED = "Not checked: name a version that you trust with --trusted."

app = typer.Typer(name="consortium", help="The document all members sign.", no_args_is_help=True)

Previous = Annotated[
    Path | None,
    typer.Option(help="The document in force (consortium.toml), for a version after the first."),
]


@app.command("draft")
@plain_errors()
def draft(
    *,
    author: Annotated[str, typer.Option(help="The member that brings it in.")],
    out: Annotated[Path, typer.Option(help="The file for the draft.")],
    rules: Annotated[
        Path | None,
        typer.Option(help="Everything but the members, as TOML; as in --previous if not given."),
    ] = None,
    card: Annotated[
        list[Path] | None,
        typer.Option(help="A member's card; repeat it. Others stay as in --previous."),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="A member of --previous that leaves; repeat it.")
    ] = None,
    date: Annotated[str | None, typer.Option(help="YYYY-MM-DD; today if not given.")] = None,
    previous: Previous = None,
) -> None:
    """Put rules and cards together into a draft that the members then sign."""
    from ledger.day import decode_day
    from nodes.ceremony import draft_document, draft_entry, encode_draft, succeed
    from nodes.clock import SystemClock
    from nodes.errors import ConfigurationError

    if out.exists():
        raise ConfigurationError(f"{out} is there already, perhaps with signatures: name another.")
    current, cards = _read(previous), [_text(path) for path in card or ()]
    text = None if rules is None else _text(rules)
    if current is not None:
        before, cards = succeed(current, cards, without=without or ())
        text = text or before
    if text is None:
        raise ConfigurationError("The first version needs --rules, and a --card of each member.")
    document = draft_document(text, cards, previous=current)
    if author not in (current or document).by_name:
        raise ConfigurationError(f"The author must be a member; {author} is none.")
    day = SystemClock().today() if date is None else decode_day(date)
    out.write_bytes(encode_draft(draft_entry(document, author=author, day=day)))
    say(f"{out}: version {document.version} of {document.origin}, digest {document.digest.hex()}")
    say("Each member reads it (consortium show), compares the digest, and signs (consortium sign).")


@app.command("sign")
@plain_errors()
def sign(
    *,
    draft: Annotated[Path, typer.Argument(help="The draft, with the signatures it has.")],
    keys: Annotated[Path, typer.Option(help="The folder with this member's keys.")],
    out: Annotated[
        Path | None, typer.Option(help="The file to write; else the draft itself.")
    ] = None,
    previous: Previous = None,
) -> None:
    """Add this member's signature to a draft, and say whose is still missing."""
    from api.cli.documents import approvals_of
    from ledger.rules.consortium import read_document
    from nodes.ceremony import decode_draft, sign_draft
    from nodes.errors import ConfigurationError
    from nodes.keyring import load_keyring

    keyring, current = load_keyring(keys), _read(previous)
    # A version is signed with the keys of the one before; new ones are in force once it is.
    keyring.follow(current or read_document(decode_draft(draft.read_bytes())))
    signed = sign_draft(decode_draft(draft.read_bytes()), keyring)
    document = read_document(signed)
    if document.version > 1 and current is None:
        raise ConfigurationError(
            f"This is version {document.version}: say with --previous which document it replaces."
        )
    if (keyring.entry.name, keyring.entry.verifier.id) not in (current or document).entry_keys:
        raise ConfigurationError(
            f"The document does not name the entry key in {keys}: send its card and draft anew."
        )
    replace_file(out or draft, signed.encode())
    say(f"{keyring.member} signed version {document.version} of {document.origin}.")
    say(f"  digest  {document.digest.hex()}")
    _say_approvals(approvals_of(signed, current=current))


app.command("submit")(submit)


@app.command("show")
@plain_errors()
def show(
    *,
    file: Annotated[Path, typer.Argument(help="A draft, a founding note, or a consortium.toml.")],
    document: Annotated[
        bool, typer.Option("--document", help="Print the document only, byte for byte.")
    ] = False,
    rules: Annotated[
        bool, typer.Option("--rules", help="Print everything but the members, to be edited.")
    ] = False,
    previous: Previous = None,
) -> None:
    """Show what a document says, who signed it and who is missing."""
    from api.cli.documents import approvals_of, read_document_file

    read = read_document_file(file)
    if document:
        typer.echo(read.document.raw.encode(), nl=False)
        return
    if rules:
        from nodes.ceremony import succeed

        typer.echo(succeed(read.document, ())[0], nl=False)
        return
    _say_document(read.document)
    if read.note is None:
        say("Signatures: none in this file; they stand on the chain.")
    else:
        say(f"Brought in by {read.note.entry.author}, dated {read.note.entry.day}.")
        _say_approvals(approvals_of(read.note, current=_read(previous)))


@app.command("policy")
@plain_errors()
def policy(
    *,
    file: Annotated[Path, typer.Argument(help="A consortium.toml, or the note of one.")],
    out: Annotated[Path | None, typer.Option(help="The file to write; else it is printed.")] = None,
    post_quantum: Annotated[
        bool, typer.Option("--post-quantum", help="Name post-quantum keys only.")
    ] = False,
) -> None:
    """Write the c2sp.org/tlog-policy file by which other tools judge checkpoints and receipts."""
    from api.cli.documents import read_document_file
    from ledger.key import KeyType
    from ledger.policy import policy_of

    document = read_document_file(file).document
    strong = frozenset({KeyType.COSIGNATURE_ML_DSA})
    raw = (policy_of(document, types=strong) if post_quantum else policy_of(document)).encode()
    if out is None:
        typer.echo(raw.decode(), nl=False)
        return
    replace_file(out, raw)
    say(f"{out}: {document.quorum} of {len(document.witnesses)} witnesses of {document.origin},")
    say(
        f"  by the keys of version {document.version}. Write it anew when the members' keys change."
    )


@app.command("chain")
@plain_errors()
def chain(
    *,
    source: Annotated[str, typer.Argument(help="The address of a node, or a file written before.")],
    trusted: Annotated[
        Path | None, typer.Option(help="A version of the document that you trust: check it all.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file to write; else versions are listed.")
    ] = None,
    token_file: TokenFile = None,
) -> None:
    """Fetch every version of the document, with the proof of where it came into force."""
    from api.cli.documents import read_consortium_chain, read_document_file
    from ledger.consortium_chain import verify_consortium_chain
    from ledger.receipt import read_block
    from ledger.rules.consortium import read_document

    found = read_consortium_chain(source, token=read_token(token_file))
    if trusted is not None:
        verify_consortium_chain(found, trusted=read_document_file(trusted).document)
    if out is not None:
        replace_file(out, found.encode())
        say(f"{out}: of {found.signed.checkpoint.origin}, {found.signed.checkpoint.size} blocks.")
    for receipt in found.receipts:
        document = read_document(read_block(receipt).signed)
        say(f"  version {document.version}  block {receipt.index}  {document.digest.hex()}")
    say("Checked against the version that you trust." if trusted else _NOT_CHECKED)


def _say_document(document: "Consortium") -> None:
    say(f"{document.origin}, version {document.version}")
    say(f"  digest    {document.digest.hex()}")
    say(f"  previous  {document.previous.hex() if document.version > 1 else 'none: it founds'}")
    say(f"  profile   {document.profile}, protocol {document.protocol}")
    say(f"  quorum    {document.quorum} of {len(document.witnesses)} witnesses")
    say(f"  changes   need {document.approvals} of {len(document.members)} members")
    say(f"  smallest count shown to policy desks (k)  {document.k}")
    say(f"  custodians, in order  {', '.join(document.custodians)}")
    _say_rows(
        "Members", [(m.name, m.title, m.oin, ", ".join(sorted(m.roles))) for m in document.members]
    )
    _say_rows(
        "Desks",
        [
            (d.name, d.title, d.kind, "neutral" if d.neutral else "not on match cards")
            for d in document.desks
        ],
    )
    _say_rows(
        "Key holders",
        [
            (
                group.name,
                f"{group.threshold} of {', '.join(group.holders)}",
                "independent" if group.independent else "",
            )
            for group in document.groups
        ],
    )
    statuses = {basis.name: basis for basis in document.bases}
    for purpose in document.purposes:
        usable = "" if document.is_usable(purpose) else "  (no signal may be posted for it)"
        _say_rows(
            f"Purpose {purpose.name}: {purpose.title}{usable}",
            [(b, statuses[b].status, statuses[b].title) for b in purpose.bases],
        )
    _say_rows("Days kept", [(kind, str(days)) for kind, days in document.retention.items()])
    _say_rows("Entries a day", [(kind, str(count)) for kind, count in document.quota.items()])
    say()


def _say_rows(title: str, rows: list[tuple[str, ...]]) -> None:
    say(f"\n{title}")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say(f"  {'  '.join(cells)}".rstrip())


def _say_approvals(approvals: "Approvals") -> None:
    say(f"Signed by {', '.join(approvals.signers) or 'nobody yet'}.")
    for fault in approvals.faults:
        say(f"A line that proves nothing: {fault}.")
    if approvals.missing is None:
        say("Who is missing depends on the document before: name it with --previous.")
    elif approvals.missing:
        say(f"Still missing: {', '.join(approvals.missing)}.")
    else:
        say("Nobody is missing: it is ready to be brought in.")


def _read(path: Path | None) -> "Consortium | None":
    from api.cli.documents import read_document_file

    return None if path is None else read_document_file(path).document


def _text(path: Path) -> str:
    from nodes.errors import ConfigurationError

    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as cause:
        raise ConfigurationError(f"{path} is not text") from cause
