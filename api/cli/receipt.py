"""`receipt verify`: whether a receipt proves its block, offline, from two files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import FOUND, plain_errors, say

if TYPE_CHECKING:
    from ledger.block import Block
    from ledger.consortium import Consortium
    from ledger.receipt import Receipt

app = typer.Typer(name="receipt", help="Proof for one block.", no_args_is_help=True)


@app.callback()
def top() -> None:
    """Proof for one block."""


@app.command("verify")
@plain_errors()
def verify(
    *,
    file: Annotated[Path, typer.Argument(help="The receipt (a c2sp.org/tlog-proof).")],
    consortium: Annotated[
        Path, typer.Option(help="The consortium document that you trust, in force at the receipt.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Check a receipt; exit 0 if it proves its block, 1 if it does not, 2 if it could not run."""
    from api.cli.documents import read_document_file
    from ledger.errors import LedgerError
    from ledger.receipt import Receipt

    document = read_document_file(consortium).document
    raw = file.read_bytes()
    try:
        receipt = Receipt.decode(raw)
        block, times = _prove(receipt, document)
    except LedgerError as cause:
        _say_refused(str(cause), as_json=as_json)
        raise typer.Exit(FOUND) from cause
    _say_proven(receipt, block, times, as_json=as_json)


def _prove(receipt: "Receipt", document: "Consortium") -> "tuple[Block, dict[str, int]]":
    """Return the block that the receipt proves, and each cosigner's time.

    Raises:
        LedgerError: it proves none.
    """
    from ledger.block import Block
    from ledger.errors import VerificationError
    from ledger.receipt import verify_receipt
    from ledger.state import verify_entry

    times = verify_receipt(
        receipt, origin=document.origin, members=document.witnesses, quorum=document.quorum
    )
    block = Block.decode(receipt.block)
    if block.height != receipt.index:
        raise VerificationError(
            f"receipt: at position {receipt.index} stands a block that says it is {block.height}"
        )
    verify_entry(block.signed, document)
    return block, times


def _say_proven(
    receipt: "Receipt", block: "Block", times: dict[str, int], *, as_json: bool
) -> None:
    import json

    from api.cli.audit_report import rfc3339

    entry, size = block.signed.entry, receipt.signed.checkpoint.size
    cosigners = {name: rfc3339(time) for name, time in sorted(times.items())}
    if as_json:
        shown = {
            "proven": True,
            "origin": entry.origin,
            "height": block.height,
            "author": entry.author,
            "kind": entry.kind,
            "date": entry.day.isoformat(),
            "entryId": block.signed.id.hex(),
            "size": size,
            "cosigners": cosigners,
        }
        say(json.dumps(shown, indent=2))
        return
    say(f"PROVEN: block {block.height} of {entry.origin} is final.")
    say(f"  author     {entry.author}")
    say(f"  kind       {entry.kind}")
    say(f"  date       {entry.day}")
    say(f"  entry      {block.signed.id.hex()}")
    say(f"  cosigned   when the chain had {size} blocks, by")
    for name, time in cosigners.items():
        say(f"    {name}  {time}")


def _say_refused(reason: str, *, as_json: bool) -> None:
    import json

    if as_json:
        say(json.dumps({"proven": False, "reason": reason}, indent=2))
    else:
        say(f"NOT PROVEN: {reason}")
