"""`key new | rotate | retire` and `member card | announce`: a member's keys, and what it shows."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import plain_errors, replace_file, say
from api.cli.submit import submit

key_app = typer.Typer(name="key", help="A member's own keys.", no_args_is_help=True)
member_app = typer.Typer(name="member", help="What a member shows.", no_args_is_help=True)

_KEPT = """\
Made the keys of {member} on {origin}.

  {keys}
      What the node needs. Leave it on this machine, readable by its own user only; keep a copy
      where nobody else can read it.
  {recovery}
      The recovery seed. The node does not need it: move it to a safe, offline, and off this
      machine. After the loss of a disk it alone opens the signals that custodians give back.

Next: signaalketen member card --keys {keys} …"""


_ROTATED = """\
Made generation {number} of the keys of {member}, beside those in use.

  {place}
      Leave it there, readable by the node's own user only. Nothing signs with it yet.

Next: signaalketen member card --keys {keys} …
      Whoever drafts puts the card into the next version of the consortium document. Once that is in
      force the node signs with the new keys by itself; start it anew at a quiet moment, so that
      others seal to the new key too. Then: signaalketen key retire --keys {keys} --consortium …"""


@key_app.command("new")
@plain_errors()
def new(
    *,
    origin: Annotated[str, typer.Option(help="The ledger's name, such as signaalketen.test/demo.")],
    member: Annotated[str, typer.Option(help="This member's short name, such as uwv.")],
    keys: Annotated[Path, typer.Option(help="The folder to make the keys in.")],
    recovery: Annotated[Path, typer.Option(help="The file for the recovery seed, elsewhere.")],
) -> None:
    """Make all keys of a member; nothing that is there is overwritten."""
    from nodes.errors import ConfigurationError
    from nodes.keyring import create_keyring

    if recovery.absolute().is_relative_to(keys.absolute()):
        raise ConfigurationError("The recovery seed belongs in a safe: put it outside the keys.")
    # Looked at first: keys without their recovery seed would be of no use.
    if not recovery.absolute().parent.is_dir():
        raise ConfigurationError(f"{recovery.parent} is not a folder: make it first.")
    create_keyring(keys, origin=origin, member=member, recovery=recovery)
    say(_KEPT.format(member=member, origin=origin, keys=keys, recovery=recovery))


@key_app.command("rotate")
@plain_errors()
def rotate(
    *, keys: Annotated[Path, typer.Option(help="The folder with this member's keys.")]
) -> None:
    """Make new keys beside those in use, for the next version of the consortium document."""
    from nodes.keyring import load_keyring
    from nodes.rotation import make_generation

    number = make_generation(keys)
    member = load_keyring(keys).member
    say(_ROTATED.format(number=number, member=member, place=keys / str(number), keys=keys))


@key_app.command("retire")
@plain_errors()
def retire(
    *,
    keys: Annotated[Path, typer.Option(help="The folder with this member's keys.")],
    consortium: Annotated[Path, typer.Option(help="The consortium document in force.")],
) -> None:
    """Destroy the keys that the document in force does not name any more."""
    from api.cli.documents import read_document_file
    from nodes.rotation import retire_generations

    retired = retire_generations(keys, read_document_file(consortium).document)
    if not retired:
        say("There are no older keys.")
        return
    say(f"Destroyed generation {', '.join(map(str, retired))}. Destroy its copies, too.")


@member_app.command("card")
@plain_errors()
def card(
    *,
    keys: Annotated[Path, typer.Option(help="The folder with this member's keys.")],
    title: Annotated[str, typer.Option(help="The name that people read.")],
    oin: Annotated[str, typer.Option(help="Its OIN, 20 digits; 00000099… is for tests.")],
    role: Annotated[
        list[str], typer.Option(help="issuer, policy, witness, holder or custodian; repeat it.")
    ],
    out: Annotated[Path | None, typer.Option(help="The file to write; else it is printed.")] = None,
) -> None:
    """Show the public half of a member's keys, for whoever drafts the consortium document."""
    from ledger.consortium import ROLES
    from nodes.ceremony import member_card
    from nodes.errors import ConfigurationError
    from nodes.keyring import load_keyring

    if unknown := sorted(set(role) - ROLES):
        raise ConfigurationError(
            f"{', '.join(unknown)} is no role: choose from {', '.join(sorted(ROLES))}."
        )
    if len(oin) != 20 or not (oin.isascii() and oin.isdecimal()):
        raise ConfigurationError("An OIN has 20 digits.")
    text = member_card(load_keyring(keys), title=title, oin=oin, roles=list(dict.fromkeys(role)))
    if out is None:
        typer.echo(text, nl=False)
        return
    out.write_text(text)
    say(f"{out} may be shown to anyone: send it to whoever drafts the consortium document.")


@member_app.command("announce")
@plain_errors()
def announce(
    *,
    config: Annotated[Path, typer.Option(help="The node's settings (node.toml).")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    consortium: Annotated[
        Path | None,
        typer.Option(help="The consortium document in force; as on the node's chain if not given."),
    ] = None,
    version: Annotated[
        int | None,
        typer.Option(min=1, help="Its number; the next on the node's chain if not given."),
    ] = None,
) -> None:
    """Make the `member` entry of one whose engine the others do not let in before they have it.

    A first one names the engine's connections only: its key decides once the node itself, having
    caught up, says so.
    """
    from dataclasses import replace

    from api.cli.documents import read_document_file
    from nodes.adapters import load_founding, own_chain
    from nodes.clock import SystemClock
    from nodes.engine import own_engine
    from nodes.errors import ConfigurationError
    from nodes.introduction import member_document, member_entry
    from nodes.keyring import load_keyring
    from nodes.settings import load_settings

    settings = load_settings(config)
    chain, keyring = own_chain(settings), load_keyring(settings.keys)
    document = chain.document if consortium is None else read_document_file(consortium).document
    if document is None:
        raise ConfigurationError(
            "The node has no chain yet: say with --consortium what is in force."
        )
    keyring.begin(document)
    own = keyring.entry
    if document.origin != keyring.origin or (own.name, own.verifier.id) not in document.entry_keys:
        raise ConfigurationError(
            f"Version {document.version} of the document does not name {keyring.member} with the "
            f"entry key in {settings.keys}: send its card, and wait until it is accepted."
        )
    known = chain.cards.get(keyring.member)
    number = version or (1 if known is None else known.version + 1)
    engine = own_engine(settings, load_founding(settings), member=keyring.member)
    if engine is not None and number == 1:
        engine = replace(engine, key=None)
    stated = member_document(keyring, version=number, url=settings.url, engine=engine)
    entry = member_entry(keyring, stated, day=SystemClock().today())
    replace_file(out, entry.encode())
    say(f"Wrote {out}, dated {entry.entry.day}: it is taken for two days. Whoever is a member")
    say("hands it in: signaalketen member submit … Then start the node, anew if it runs.")


member_app.command("submit")(submit)
