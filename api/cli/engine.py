"""`engine new | card | genesis | rotate`: what members' engines must know of each other."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import plain_errors, replace_file, say

app = typer.Typer(
    name="engine", help="The order among machines: each member's CometBFT.", no_args_is_help=True
)


@app.command("new")
@plain_errors()
def new(*, keys: Annotated[Path, typer.Option(help="The folder with this member's keys.")]) -> None:
    """Make the engine's keys of a member that joins later; a founder makes them with its card."""
    from nodes.keyring import load_keyring
    from nodes.sequencer.cometbft.identity import make_keys

    member = load_keyring(keys).member
    make_keys(keys)
    say(f"The engine of {member} has its keys, in {keys}.")


@app.command("card")
@plain_errors()
def card(
    *,
    keys: Annotated[Path, typer.Option(help="The folder with this member's keys.")],
    address: Annotated[
        str, typer.Option(help="host:port where the others' engines find this one.")
    ],
    out: Annotated[Path, typer.Option(help="The file to write.")],
) -> None:
    """Make this member's engine key if there is none yet, and show its signed public half."""
    from nodes.keyring import load_keyring
    from nodes.sequencer.cometbft.identity import make_card

    keyring = load_keyring(keys)
    replace_file(out, make_card(keyring, keys, address=address))
    say(f"Wrote {out}: send it to whoever makes the genesis file.")


@app.command("rotate")
@plain_errors()
def rotate(
    *,
    keys: Annotated[Path, typer.Option(help="The folder with this member's keys.")],
    connections: Annotated[
        bool,
        typer.Option("--connections", help="The key of its connections too, which names it."),
    ] = False,
) -> None:
    """Give this member's engine a new key; the old one's say ends once the node has started."""
    from nodes.sequencer.cometbft.identity import renew_keys

    renew_keys(keys, connections=connections)
    say("The engine has a new key, which it takes at its next start; the old one is destroyed.")
    if connections:
        say("Its connections have another id, which the others do not let in yet. Before anything")
        say("else: signaalketen member announce …, and hand that in (member submit), here or at")
        say("another member. Then start the node anew.")
    else:
        say("Start the node anew: it says so to the others, and decides again two blocks later.")


@app.command("genesis")
@plain_errors()
def genesis(
    *,
    founding: Annotated[Path, typer.Option(help="The founding note, signed by all.")],
    card: Annotated[list[Path], typer.Option(help="An engine card; one for each member.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
) -> None:
    """Make the file with which all engines begin; the same cards make the same file everywhere."""
    from ledger.encoding import sha256
    from ledger.entry import SignedEntry
    from nodes.sequencer.cometbft.genesis import make_genesis

    made = make_genesis(
        SignedEntry.decode(founding.read_bytes()), [path.read_bytes() for path in card]
    )
    replace_file(out, made.raw)
    say(f"Wrote {out}, for {', '.join(made.cards)}. Every member compares:")
    say(f"  SHA-256  {sha256(made.raw).hex()}")
