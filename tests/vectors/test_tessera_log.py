"""Tessera's test log: tiles, bundles and signed checkpoints that another program wrote."""

from pathlib import Path

from ledger.cosignature import SignedCheckpoint
from ledger.encoding import Digest
from ledger.key import VerifierKey
from ledger.tile import Tile, decode_bundle, encode_bundle
from ledger.tree import (
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from tests.support.trees import StoredTree

KEY = VerifierKey.decode(
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
)
SIZE = 15


def _bundle(log: Path, size: int) -> bytes:
    return (log / Tile(None, 0, size).path()).read_bytes()


def _hashes(log: Path, size: int) -> list[Digest]:
    return [leaf_hash(entry) for entry in decode_bundle(_bundle(log, size))]


def _checkpoints(log: Path) -> list[SignedCheckpoint]:
    return [
        SignedCheckpoint.decode((log / f"checkpoint.{size}").read_bytes())
        for size in range(SIZE + 1)
    ]


def test_its_key_signed_the_checkpoint_of_every_size(vectors: Path) -> None:
    log = vectors / "tessera-log"

    for size, signed in enumerate(_checkpoints(log)):
        (line,) = signed.note.signatures
        KEY.verify(line, signed.note.text)
        assert (signed.checkpoint.origin, signed.checkpoint.size) == (KEY.name, size)

    assert (log / "checkpoint").read_bytes() == (log / f"checkpoint.{SIZE}").read_bytes()


def test_its_bundles_and_hash_tiles_lie_under_our_paths_and_say_the_same(vectors: Path) -> None:
    log = vectors / "tessera-log"

    for size in range(1, SIZE + 1):
        raw = _bundle(log, size)
        entries = decode_bundle(raw)

        assert len(entries) == size
        assert encode_bundle(entries) == raw
        assert b"".join(_hashes(log, size)) == (log / Tile(0, 0, size).path()).read_bytes()


def test_its_entries_hash_to_the_root_of_every_size(vectors: Path) -> None:
    log = vectors / "tessera-log"
    tree = StoredTree(_hashes(log, SIZE))

    for size, signed in enumerate(_checkpoints(log)):
        assert root_at(tree, size) == signed.checkpoint.root


def test_our_proofs_hold_under_its_roots(vectors: Path) -> None:
    log = vectors / "tessera-log"
    hashes = _hashes(log, SIZE)
    tree = StoredTree(hashes)
    roots = [signed.checkpoint.root for signed in _checkpoints(log)]

    for new in range(SIZE + 1):
        for old in range(new + 1):
            verify_consistency(
                old=old,
                old_root=roots[old],
                new=new,
                new_root=roots[new],
                proof=prove_consistency(tree, old=old, new=new),
            )
        for index in range(new):
            verify_inclusion(
                index=index,
                size=new,
                leaf=hashes[index],
                proof=prove_inclusion(tree, index=index, size=new),
                root=roots[new],
            )
