"""`member announce`: what a newcomer, or one whose engine moves, has handed in by another."""

from pathlib import Path

import pytest
import tomli_w
from typer.testing import Result

from ledger.encoding import to_base64
from ledger.entry import SignedEntry
from ledger.member import MemberDocument
from nodes.sequencer.cometbft.genesis import make_genesis
from nodes.sequencer.cometbft.identity import load_identity, make_card
from tests.support.bench import Bench, run
from tests.support.command_line import signaalketen
from tests.support.consortium import ROLES, Founded, found, url_of

ADDRESS = "svb.test:26656"


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    """A consortium with engines, none of which runs."""
    founded = found(tmp_path)
    cards = [
        make_card(founded.keyring(name), tmp_path / name / "keys", address=f"{name}.test:26656")
        for name in ROLES
    ]
    (tmp_path / "genesis.json").write_bytes(make_genesis(founded.founding, cards).raw)
    (tmp_path / "consortium.toml").write_text(founded.document.raw)
    return founded


def announce(founded: Founded, *options: str | Path, address: str | None = None) -> Result:
    folder = founded.root / "svb"
    engine = {"home": "engine", "genesis": "../genesis.json", "listen": "0.0.0.0:26656"}
    settings = {
        "keys": "keys",
        "data_dir": "data",
        "founding": "../founding.note",
        "url": url_of("svb"),
        "port": 8100,
        "tokens": "tokens.toml",
        "engine": engine if address is None else {**engine, "address": address},
    }
    (folder / "node.toml").write_text(tomli_w.dumps(settings))
    return signaalketen(
        *("member", "announce", "--config", folder / "node.toml"),
        *("--out", folder / "member.note"),
        *options,
    )


def stated(founded: Founded) -> MemberDocument:
    note = SignedEntry.decode((founded.root / "svb" / "member.note").read_bytes())
    return MemberDocument.decode(note.entry.further)


def test_a_first_entry_names_the_connections_and_no_key_that_decides(founded: Founded) -> None:
    result = announce(founded, "--consortium", founded.root / "consortium.toml")

    assert result.exit_code == 0, result.stderr
    own = load_identity(founded.root / "svb" / "keys")
    said = stated(founded)
    assert (said.version, said.url, said.engine_key) == (1, url_of("svb"), "")
    assert said.engine_peer == f"{own.node.address.hex()}@{ADDRESS}"


def test_a_later_entry_follows_the_nodes_own_chain_and_names_the_key(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "svb"):
            result = announce(founded, address="moved.test:1")
            assert result.exit_code == 0, result.stderr

    run(scenario())

    own = load_identity(founded.root / "svb" / "keys")
    said = stated(founded)
    assert (said.version, said.engine_key) == (2, to_base64(own.validator.public))
    assert said.engine_peer == f"{own.node.address.hex()}@moved.test:1"


def test_a_member_without_a_chain_must_say_which_document_is_in_force(founded: Founded) -> None:
    result = announce(founded)

    assert result.exit_code == 2
    assert "--consortium" in result.stderr
    assert not (founded.root / "svb" / "member.note").exists()


def test_who_is_not_in_the_document_is_told_to_wait(founded: Founded, tmp_path: Path) -> None:
    other = found(tmp_path / "other")
    (tmp_path / "other.toml").write_text(other.document.raw)

    result = announce(founded, "--consortium", tmp_path / "other.toml")

    assert result.exit_code == 2
    assert "send its card" in result.stderr


def test_a_newcomer_must_say_where_its_engine_is_found(founded: Founded) -> None:
    member = founded.root / "svb" / "keys" / "member.toml"
    member.write_text(member.read_text().replace('"svb"', '"duo"'))

    result = signaalketen("node", "--config", _settings(founded))

    assert result.exit_code == 2
    assert "engine.address" in result.stderr


def _settings(founded: Founded) -> Path:
    announce(founded)
    (founded.root / "svb" / "tokens.toml").touch(mode=0o600)
    return founded.root / "svb" / "node.toml"
