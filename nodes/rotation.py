"""Rotation: new keys beside the old ones, and the end of the old ones once nothing names them.

    keys/entry.seed …       generation 1
    keys/2/entry.seed …     generation 2: made, and put on a card for the next document
    keys/3/…

A node signs with the newest keys that the document in force names, from that document's block on
(`Keyring.follow`), so both generations must be there while the members agree on the next one.
The store key and the recovery key are no part of it: what is at rest is encrypted under them.
"""

import secrets
import shutil
from pathlib import Path

from ledger.consortium import Consortium
from ledger.key import SEED_BYTES
from nodes.errors import ConfigurationError
from nodes.keyring import (
    SEEDS,
    Generation,
    Keyring,
    generation_folders,
    load_keyring,
    write_private,
)


def make_generation(folder: Path) -> int:
    """Make the next generation of keys in `folder`, and return its number.

    Raises:
        ConfigurationError: no keyring, one generation is waiting already, or it cannot be written.
    """
    generations = load_keyring(folder).generations
    if len(generations) > 1:
        raise ConfigurationError(
            f"generation {generations[-1].number} is waiting already: once a document with its "
            "keys is in force, run `signaalketen key retire`"
        )
    number = generations[-1].number + 1
    place, unfinished = folder / str(number), folder / f"{number}.part"
    try:
        # Left by a run that was cut off; nobody has seen a key of it.
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        for name in SEEDS:
            write_private(unfinished / name, secrets.token_bytes(SEED_BYTES))
        unfinished.rename(place)
    except OSError as cause:
        raise ConfigurationError(
            f"{cause.filename or place} cannot be written: {cause.strerror}"
        ) from cause
    return number


def retire_generations(folder: Path, document: Consortium) -> list[int]:
    """Destroy all generations before the newest, if `document` names every key of that.

    Returns their numbers. The node must have started since the document came into force: until
    then it opens what others seal to it with a key of an older generation.

    Raises:
        ConfigurationError: no keyring, or keys that are not in force yet would be all that is left.
    """
    keyring = load_keyring(folder)
    *older, newest = keyring.generations
    if not _is_in_force(keyring, newest, document):
        raise ConfigurationError(
            f"version {document.version} of the document does not name all keys of generation "
            f"{newest.number}: without the older ones this member could not sign"
        )
    for number, place in generation_folders(folder):
        if place != folder and number < newest.number:
            shutil.rmtree(place)
    if newest.number > 1:
        # `SEEDS` begins with the entry key, without which this is no generation any more; a run
        # that was cut off may have left the rest.
        for name in SEEDS:
            (folder / name).unlink(missing_ok=True)
    return [generation.number for generation in older]


def _is_in_force(keyring: Keyring, newest: Generation, document: Consortium) -> bool:
    member = document.by_name.get(keyring.member)
    if member is None or document.origin != keyring.origin:
        return False
    own = {newest.entry.verifier, newest.log.verifier, newest.cosigning.verifier}
    own.add(newest.sdjwt.verifier)
    if newest.post_quantum is not None:
        own.add(newest.post_quantum.verifier)
    return own <= set(member.keys)
