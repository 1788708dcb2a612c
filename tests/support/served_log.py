"""The files of a log, as a node serves them."""

from ledger.cosignature import SignedCheckpoint
from ledger.note import Note, SignatureLine
from ledger.tile import encode_bundle, entry_tiles
from tests.support.chain import ChainBuilder

STRANGER = SignatureLine("log.test/stranger", bytes(4), bytes(64))


def log_files(chain: ChainBuilder) -> dict[str, bytes]:
    """Return content by path: the lines under the checkpoint in no order, a stranger's among them.

    A log may serve those; an export may not hold them.
    """
    final = chain.consortium.cosigned(chain.checkpoint, logs=("uwv",))
    lines = (STRANGER, *reversed(final.note.signatures))
    served = SignedCheckpoint(final.checkpoint, Note(final.note.text, lines))
    files = {"/checkpoint": served.encode()}
    for tile in entry_tiles(len(chain.blocks)):
        blocks = chain.blocks[tile.start : tile.start + tile.width]
        files[f"/{tile.path()}"] = encode_bundle(blocks)
    return files
