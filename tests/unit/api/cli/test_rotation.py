"""Rotation as operators do it: all keys of all members, on the command line."""

import json
from pathlib import Path

import pytest

from ledger.block import NO_PREVIOUS, block_hash, block_header
from ledger.checkpoint import Checkpoint
from ledger.consortium_chain import ConsortiumChain
from ledger.cosignature import SignedCheckpoint, cosign
from ledger.entry import SignedEntry
from ledger.note import Note, SignatureLine
from ledger.receipt import Receipt
from ledger.rules.consortium import read_document
from ledger.tree import Frontier, leaf_hash, prove_inclusion
from nodes.keyring import Keyring, load_keyring
from tests.support.command_line import MEMBERS, ORIGIN, found, make_card, make_draft, signaalketen
from tests.support.signers import NOON
from tests.support.trees import StoredTree


def keyring(folder: Path, name: str, note: Path) -> Keyring:
    """Return a member's keys as a node uses them under the document in `note`."""
    ring = load_keyring(folder / name)
    ring.follow(read_document(SignedEntry.decode(note.read_bytes())))
    return ring


def receipts(folder: Path, *notes: Path) -> list[Receipt]:
    """Return receipts of the blocks that `notes` make, cosigned as under the last of them."""
    blocks: list[bytes] = []
    previous = NO_PREVIOUS
    for height, note in enumerate(notes):
        header = block_header(origin=ORIGIN, height=height, previous=previous)
        blocks.append(header + note.read_bytes())
        previous = block_hash(blocks[-1])
    leaves = [leaf_hash(block) for block in blocks]
    tree, _ = Frontier(0, ()).appended(leaves)
    checkpoint = Checkpoint(ORIGIN, len(blocks), tree.root())
    text = checkpoint.encode()
    lines = []
    for name in MEMBERS:
        ring = keyring(folder, name, notes[-1])
        assert ring.post_quantum is not None
        lines += [cosign(text, key=key, time=NOON) for key in (ring.cosigning, ring.post_quantum)]
    lines.append(keyring(folder, "uwv", notes[-1]).log.sign(text))
    signed = SignedCheckpoint(
        checkpoint, Note(text, tuple(sorted(lines, key=SignatureLine.encode)))
    )
    return [
        Receipt(
            block,
            at,
            tuple(prove_inclusion(StoredTree(leaves), index=at, size=len(blocks))),
            signed,
        )
        for at, block in enumerate(blocks)
    ]


def rotate_all(folder: Path, founding: Path) -> Path:
    """Give every member new keys and agree on them; return the note."""
    for name in MEMBERS:
        assert signaalketen("key", "rotate", "--keys", folder / name).exit_code == 0
        make_card(folder, name)
    note = folder / "second.note"
    assert make_draft(folder, note, "--previous", founding).exit_code == 0
    for name in MEMBERS:
        signed = signaalketen(
            *("consortium", "sign", note, "--keys", folder / name, "--previous", founding)
        )
        assert signed.exit_code == 0, signed.stderr
    return note


def test_receipts_verify_before_and_after_all_members_rotated_all_keys(tmp_path: Path) -> None:
    founding = found(tmp_path)
    (old,) = receipts(tmp_path, founding)
    second = rotate_all(tmp_path, founding)
    for name in MEMBERS:
        retired = signaalketen("key", "retire", "--keys", tmp_path / name, "--consortium", second)
        assert "Destroyed generation 1" in retired.stdout
    found_again, new = receipts(tmp_path, founding, second)
    chain, file, policy = tmp_path / "chain", tmp_path / "receipt", tmp_path / "policy"
    chain.write_bytes(ConsortiumChain(new.signed, (found_again, new)).encode())

    for receipt in (old, found_again, new):
        file.write_bytes(receipt.encode())
        result = signaalketen(
            *("receipt", "verify", file, "--consortium", founding, "--chain", chain, "--json")
        )
        assert result.exit_code == 0, result.stdout
        assert set(json.loads(result.stdout)["postQuantum"]) == set(MEMBERS)
    signaalketen("consortium", "policy", second, "--out", policy)
    by_policy = [
        (file.write_bytes(r.encode()), signaalketen("receipt", "verify", file, "--policy", policy))
        for r in (new, old)
    ]
    assert [result.exit_code for _, result in by_policy] == [0, 1]


def test_rotation_says_what_comes_next_and_shows_no_seed(folder: Path) -> None:
    keys = folder / "uwv"

    result = signaalketen("key", "rotate", "--keys", keys)

    assert result.exit_code == 0
    assert "Made generation 2 of the keys of uwv" in result.stdout
    assert "member card" in result.stdout
    assert "key retire" in result.stdout
    assert all(s.read_bytes().hex() not in result.stdout for s in (keys / "2").iterdir())


def test_keys_in_force_are_not_retired(tmp_path: Path) -> None:
    founding = found(tmp_path)
    signaalketen("key", "rotate", "--keys", tmp_path / "uwv")

    result = signaalketen("key", "retire", "--keys", tmp_path / "uwv", "--consortium", founding)

    assert result.exit_code == 2
    assert "does not name all keys of generation 2" in result.stderr
    assert (tmp_path / "uwv" / "entry.seed").exists()


def test_where_nothing_was_rotated_nothing_is_retired(tmp_path: Path) -> None:
    founding = found(tmp_path)

    result = signaalketen("key", "retire", "--keys", tmp_path / "uwv", "--consortium", founding)

    assert (result.exit_code, result.stdout) == (0, "There are no older keys.\n")


@pytest.mark.parametrize("command", ["rotate", "retire"])
def test_a_folder_without_keys_is_refused(tmp_path: Path, command: str) -> None:
    more = () if command == "rotate" else ("--consortium", found(tmp_path))

    result = signaalketen("key", command, "--keys", tmp_path / "nowhere", *more)

    assert result.exit_code == 2
    assert "holds no keyring" in result.stderr
