import json
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.receipt import Receipt
from tests.support.chain import ChainBuilder, checkpoint_of
from tests.support.command_line import signaalketen
from tests.support.parties import make_consortium


@pytest.fixture(scope="module")
def chain() -> ChainBuilder:
    return ChainBuilder().fill(6)


@pytest.fixture
def document(chain: ChainBuilder, tmp_path: Path) -> Path:
    path = tmp_path / "consortium.toml"
    path.write_text(chain.consortium.document.raw)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "receipt"


def test_receipt_proves_its_block_offline(chain: ChainBuilder, document: Path, file: Path) -> None:
    file.write_bytes(chain.receipt(3).encode())

    result = signaalketen("receipt", "verify", file, "--consortium", document)
    shown = signaalketen("receipt", "verify", file, "--consortium", document, "--json")

    assert (result.exit_code, shown.exit_code) == (0, 0)
    assert "PROVEN: block 3 of" in result.stdout
    assert "  author     uwv" in result.stdout
    assert "  date       2026-12-01" in result.stdout
    assert "    bzk  2026-12-01T12:00:00Z" in result.stdout
    answer = json.loads(shown.stdout)
    assert (answer["proven"], answer["height"], answer["kind"]) == (True, 3, "signal")
    assert answer["cosigners"]["svb"] == "2026-12-01T12:00:00Z"


def spoilt(receipt: Receipt, how: str) -> bytes:
    if how == "cut off":
        return receipt.encode()[:-1]
    if how == "other block":
        return replace(receipt, block=receipt.block[:-2]).encode()
    if how == "other position":
        return replace(receipt, index=2).encode()
    if how == "other path":
        return replace(receipt, proof=receipt.proof[::-1]).encode()
    return b"something else"


@pytest.mark.parametrize(
    "how", ["cut off", "other block", "other position", "other path", "no receipt"]
)
def test_spoilt_receipt_proves_nothing(
    chain: ChainBuilder, document: Path, file: Path, how: str
) -> None:
    file.write_bytes(spoilt(chain.receipt(3), how))

    result = signaalketen("receipt", "verify", file, "--consortium", document)
    shown = signaalketen("receipt", "verify", file, "--consortium", document, "--json")

    assert (result.exit_code, shown.exit_code) == (1, 1)
    assert result.stdout.startswith("NOT PROVEN: ")
    assert json.loads(shown.stdout)["proven"] is False


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"/block/v1\n3\n", b"/block/v1\n7\n", "says it is 7"),
        (b"\nuwv\nsignal\n", b"\nsvb\nsignal\n", "signature"),
        (b"\nuwv\nsignal\n", b"\nuwv\nwish\n", "unknown-kind"),
    ],
)
def test_quorum_cannot_make_a_block_true_that_is_not(
    chain: ChainBuilder, document: Path, file: Path, old: bytes, new: bytes, reason: str
) -> None:
    blocks = [*chain.blocks]
    blocks[3] = blocks[3].replace(old, new)
    assert blocks[3] != chain.blocks[3]
    proof = chain.receipt(3).proof
    final = chain.consortium.cosigned(checkpoint_of(blocks))
    file.write_bytes(Receipt(blocks[3], 3, proof, final).encode())

    result = signaalketen("receipt", "verify", file, "--consortium", document)

    assert result.exit_code == 1
    assert reason in result.stdout


def test_receipt_needs_a_quorum(chain: ChainBuilder, document: Path, file: Path) -> None:
    file.write_bytes(chain.receipt(3, by=("uwv", "svb")).encode())

    result = signaalketen("receipt", "verify", file, "--consortium", document)

    assert result.exit_code == 1
    assert "cosigned by 2 members, 3 are needed" in result.stdout


def test_receipt_of_another_ledger_proves_nothing_here(document: Path, file: Path) -> None:
    other = ChainBuilder(make_consortium("signaalketen.test/other")).fill(3)
    file.write_bytes(other.receipt(2).encode())

    result = signaalketen("receipt", "verify", file, "--consortium", document)

    assert result.exit_code == 1
    assert "another ledger" in result.stdout


def test_what_could_not_run_is_not_called_false(document: Path, file: Path) -> None:
    missing = signaalketen("receipt", "verify", file, "--consortium", document)
    file.write_bytes(b"x")
    no_document = signaalketen("receipt", "verify", file, "--consortium", file)

    assert (missing.exit_code, no_document.exit_code) == (2, 2)
    assert "receipt: No such file" in missing.stderr
    assert missing.stdout == no_document.stdout == ""
