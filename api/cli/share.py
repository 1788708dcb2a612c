"""`share backup | restore`: a holder's shares, sealed to its offline recovery key, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import plain_errors, say
from api.cli.target import Url, node_at

if TYPE_CHECKING:
    from api.client.node import Epoch
    from ledger.backup import ShareBackup

app = typer.Typer(name="share", help="This holder's shares of keys.", no_args_is_help=True)

Keys = Annotated[Path, typer.Option(help="The folder with this member's keys.")]


@app.command("backup")
@plain_errors()
def backup(
    *,
    keys: Keys,
    out: Annotated[
        Path, typer.Option(help="The folder for the backups, on something to take away.")
    ],
) -> None:
    """Seal every share here to the offline recovery key, each into a file of its own."""
    import secrets

    from nodes.keyring import load_keyring
    from nodes.shares import Shares

    keyring, shares = load_keyring(keys), Shares(keys)
    held = shares.held()
    for purpose, number, share in held:
        path = shares.back_up(
            share,
            purpose=purpose,
            number=number,
            origin=keyring.origin,
            holder=keyring.member,
            to=keyring.recovery,
            random=secrets.token_bytes,
            into=out,
        )
        say(f"{path}: {share.group} {share.index} of epoch {number} of {purpose}")
    if not held:
        say(f"{keyring.member} holds no shares here.")
        return
    say("Only the recovery seed opens them. When an epoch closes, destroy its backups too.")


@app.command("restore")
@plain_errors()
def restore(
    *,
    backups: Annotated[list[Path], typer.Argument(help="The backups.")],
    keys: Keys,
    recovery: Annotated[Path, typer.Option(help="The file of the recovery seed, from the safe.")],
    url: Url,
) -> None:
    """Put shares back from their backups, checked against the epochs on the chain."""
    from ledger.seal import SealingKey
    from nodes.keyring import load_keyring, read_private
    from nodes.shares import HeldShare, Shares

    keyring, key = load_keyring(keys), SealingKey(read_private(recovery))
    with node_at(url, token=None) as node:
        epochs = node.epochs()
    for path in backups:
        known = _read(path)
        _verify_named(path, known, epochs, holder=keyring.member)
        scalar = known.open(key=key, origin=keyring.origin, holder=keyring.member)
        share = HeldShare(known.group, known.index, scalar)
        stored = Shares(keys).store(purpose=known.purpose, number=known.number, share=share)
        say(f"{stored}: {known.group} {known.index} of epoch {known.number} of {known.purpose}")
    say("The node uses them from its next evaluation on; it need not be restarted.")


def _read(path: Path) -> "ShareBackup":
    from ledger.backup import ShareBackup
    from ledger.errors import MalformedError
    from nodes.errors import ConfigurationError

    try:
        return ShareBackup.decode(path.read_bytes())
    except OSError as cause:
        raise ConfigurationError(f"{path} cannot be read: {cause.strerror}") from cause
    except MalformedError as cause:
        raise ConfigurationError(f"{path} is no backup of a share") from cause


def _verify_named(path: Path, known: "ShareBackup", epochs: "list[Epoch]", *, holder: str) -> None:
    """Check that an open epoch's document names the share, as this holder's."""
    from ledger.epoch import EpochDocument
    from nodes.errors import ConfigurationError

    epoch = next(
        (e for e in epochs if (e.purpose, e.number) == (known.purpose, known.number)), None
    )
    if epoch is None or epoch.closed is not None:
        raise ConfigurationError(
            f"{path}: epoch {known.number} of {known.purpose} is not open; its shares stay away."
        )
    named = [
        share.public
        for share in EpochDocument.decode(epoch.document).shares
        if (share.group, share.holder, share.index) == (known.group, holder, known.index)
    ]
    if named != [known.public]:
        raise ConfigurationError(
            f"{path} is not the share that the epoch's document names for {holder}."
        )
