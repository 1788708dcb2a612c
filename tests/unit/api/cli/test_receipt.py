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


def test_receipt_names_who_signed_with_a_post_quantum_key(tmp_path: Path, file: Path) -> None:
    chain = ChainBuilder(make_consortium(post_quantum=True)).fill(3)
    document = tmp_path / "strong.toml"
    document.write_text(chain.consortium.document.raw)
    file.write_bytes(chain.receipt(2, by=("bzk", "svb", "uwv"), post_quantum=("bzk",)).encode())

    result = signaalketen("receipt", "verify", file, "--consortium", document)
    shown = signaalketen("receipt", "verify", file, "--consortium", document, "--json")

    assert "    bzk  2026-12-01T12:00:00Z, post-quantum too\n" in result.stdout
    assert "    uwv  2026-12-01T12:00:00Z\n" in result.stdout
    assert json.loads(shown.stdout)["postQuantum"] == ["bzk"]


def test_receipt_verifies_by_a_policy_made_of_the_document(
    chain: ChainBuilder, document: Path, file: Path, tmp_path: Path
) -> None:
    file.write_bytes(chain.receipt(3).encode())
    policy = tmp_path / "policy"

    written = signaalketen("consortium", "policy", document, "--out", policy)
    printed = signaalketen("consortium", "policy", document)
    result = signaalketen("receipt", "verify", file, "--policy", policy)
    shown = signaalketen("receipt", "verify", file, "--policy", policy, "--json")

    assert (written.exit_code, result.exit_code, shown.exit_code) == (0, 0, 0)
    assert "3 of 4 witnesses" in written.stdout
    assert printed.stdout == policy.read_text()
    assert "  author     uwv  (not checked" in result.stdout
    answer = json.loads(shown.stdout)
    assert (answer["proven"], answer["authorChecked"]) == (True, False)
    assert set(answer["cosigners"]) == {"bzk/1", "svb/1", "szw/1", "uwv/1"}


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("two cosigners", "no quorum"),
        ("other block", "inclusion"),
        ("other ledger", "not signed by a log"),
    ],
)
def test_policy_proves_no_more_than_it_says(
    chain: ChainBuilder, document: Path, file: Path, tmp_path: Path, how: str, reason: str
) -> None:
    other = ChainBuilder(make_consortium("signaalketen.test/other")).fill(3)
    file.write_bytes(
        {
            "two cosigners": chain.receipt(3, by=("uwv", "svb")),
            "other block": replace(chain.receipt(3), block=chain.blocks[2]),
            "other ledger": other.receipt(2),
        }[how].encode()
    )
    policy = tmp_path / "policy"
    signaalketen("consortium", "policy", document, "--out", policy)

    result = signaalketen("receipt", "verify", file, "--policy", policy)

    assert result.exit_code == 1
    assert reason in result.stdout


def test_policy_without_logs_says_nothing_about_whose_receipt_it_is(
    chain: ChainBuilder, file: Path, tmp_path: Path
) -> None:
    file.write_bytes(chain.receipt(3).encode())
    policy = tmp_path / "policy"
    policy.write_text("quorum none\n")

    result = signaalketen("receipt", "verify", file, "--policy", policy)

    assert result.exit_code == 2
    assert "names no log" in result.stderr


@pytest.mark.parametrize(
    "options", [(), ("--policy", "--consortium"), ("--policy", "--chain"), ("--chain",)]
)
def test_one_thing_judges_a_receipt(
    chain: ChainBuilder, document: Path, file: Path, options: tuple[str, ...]
) -> None:
    file.write_bytes(chain.receipt(3).encode())

    result = signaalketen(
        "receipt", "verify", file, *(part for option in options for part in (option, document))
    )

    assert result.exit_code == 2
    assert "Say by what to judge" in result.stderr


@pytest.fixture(scope="module")
def rotated() -> tuple[ChainBuilder, bytes, bytes]:
    """A chain whose members changed all keys, with a receipt of block 2 from before and after."""
    chain = ChainBuilder().fill(3)
    before = chain.receipt(2).encode()
    chain.rotate(2)
    chain.fill(2)
    return chain, before, chain.receipt(2).encode()


def test_receipts_from_before_and_after_all_keys_changed_verify_from_the_founding_document(
    rotated: tuple[ChainBuilder, bytes, bytes], document: Path, tmp_path: Path, file: Path
) -> None:
    chain, before, after = rotated
    proof, newest = tmp_path / "documents", tmp_path / "receipt of block 5"
    proof.write_bytes(chain.documents().encode())
    newest.write_bytes(chain.receipt(5).encode())

    for raw in (before, after, newest.read_bytes()):
        file.write_bytes(raw)
        result = signaalketen("receipt", "verify", file, "--consortium", document, "--chain", proof)
        assert (result.exit_code, result.stderr) == (0, "")


def test_receipt_from_after_the_keys_changed_says_what_it_lacks(
    rotated: tuple[ChainBuilder, bytes, bytes], document: Path, file: Path
) -> None:
    file.write_bytes(rotated[2])

    result = signaalketen("receipt", "verify", file, "--consortium", document)

    assert result.exit_code == 1
    assert "cosigned by 0 members" in result.stdout
    assert "show it with --chain" in result.stdout


def test_chain_that_does_not_hold_proves_nothing(
    rotated: tuple[ChainBuilder, bytes, bytes], document: Path, tmp_path: Path, file: Path
) -> None:
    file.write_bytes(rotated[2])
    proof = tmp_path / "documents"
    proof.write_bytes(rotated[0].documents(by=("uwv", "svb")).encode())

    result = signaalketen("receipt", "verify", file, "--consortium", document, "--chain", proof)

    assert result.exit_code == 1
    assert "cosigned by 2 members" in result.stdout


def test_who_fears_quantum_computers_demands_a_quorum_that_they_cannot_forge(
    tmp_path: Path, file: Path
) -> None:
    chain = ChainBuilder(make_consortium(post_quantum=True)).fill(3)
    document, policy = tmp_path / "strong.toml", tmp_path / "policy"
    document.write_text(chain.consortium.document.raw)
    signaalketen("consortium", "policy", document, "--post-quantum", "--out", policy)
    by_document = ("--consortium", document, "--post-quantum")

    codes = {}
    for names in (("bzk", "svb"), ("bzk", "svb", "uwv")):
        file.write_bytes(chain.receipt(2, post_quantum=names).encode())
        results = [
            signaalketen("receipt", "verify", file, *how)
            for how in (by_document, ("--policy", policy))
        ]
        codes[len(names)] = [result.exit_code for result in results]

    assert codes == {2: [1, 1], 3: [0, 0]}


def test_policy_of_keys_that_too_few_have_is_not_written(document: Path) -> None:
    result = signaalketen("consortium", "policy", document, "--post-quantum")

    assert result.exit_code == 2
    assert "0 witnesses have such keys, 3 are needed" in result.stderr
