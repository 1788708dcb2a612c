from pathlib import Path

import pytest

from ledger.consortium_chain import ConsortiumChain
from tests.support.chain import ChainBuilder
from tests.support.command_line import signaalketen


@pytest.fixture(scope="module")
def chain() -> ChainBuilder:
    chain = ChainBuilder().fill(3)
    chain.rotate(2)
    return chain


@pytest.fixture
def proof(chain: ChainBuilder, tmp_path: Path) -> Path:
    path = tmp_path / "documents"
    path.write_bytes(chain.documents().encode())
    return path


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    path = tmp_path / "founding.toml"
    path.write_text(ChainBuilder().consortium.document.raw)
    return path


def test_versions_are_listed_with_where_they_stand(chain: ChainBuilder, proof: Path) -> None:
    result = signaalketen("consortium", "chain", proof)

    assert result.exit_code == 0
    assert "  version 1  block 0  " in result.stdout
    digest = chain.consortium.document.digest.hex()
    assert f"  version 2  block 4  {digest}\n" in result.stdout
    assert "Not checked" in result.stdout


def test_chain_is_checked_against_a_version_that_is_trusted(proof: Path, trusted: Path) -> None:
    result = signaalketen("consortium", "chain", proof, "--trusted", trusted)

    assert result.exit_code == 0
    assert "Checked against the version" in result.stdout


def test_chain_that_does_not_hold_is_not_written(
    chain: ChainBuilder, proof: Path, trusted: Path, tmp_path: Path
) -> None:
    proof.write_bytes(chain.documents(by=("uwv",)).encode())
    out = tmp_path / "out"

    result = signaalketen("consortium", "chain", proof, "--trusted", trusted, "--out", out)

    assert result.exit_code == 2
    assert "cosigned by 1 members" in result.stderr
    assert not out.exists()


def test_chain_is_written_as_it_was(proof: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    result = signaalketen("consortium", "chain", proof, "--out", out)

    assert result.exit_code == 0
    assert ConsortiumChain.decode(out.read_bytes()).encode() == proof.read_bytes()
