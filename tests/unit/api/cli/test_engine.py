import json
from pathlib import Path

import pytest

from nodes.sequencer.cometbft.identity import EngineKey, load_identity
from tests.support.command_line import MEMBERS, make_draft, signaalketen


@pytest.fixture
def founding(folder: Path) -> Path:
    note = folder / "founding.note"
    assert make_draft(folder, note).exit_code == 0
    for name in MEMBERS:
        assert signaalketen("consortium", "sign", note, "--keys", folder / name).exit_code == 0
    return note


def card(folder: Path, name: str, *, address: str = "") -> str:
    result = signaalketen(
        *("engine", "card", "--keys", folder / name, "--out", folder / f"{name}.engine"),
        *("--address", address or f"{name}.test:26656"),
    )
    return result.stdout if result.exit_code == 0 else result.stderr


def test_cards_of_all_members_make_one_genesis_file(folder: Path, founding: Path) -> None:
    out = folder / "genesis.json"
    for name in MEMBERS:
        assert "send it" in card(folder, name)
    cards = [part for name in MEMBERS for part in ("--card", folder / f"{name}.engine")]

    first = signaalketen("engine", "genesis", "--founding", founding, *cards, "--out", out)
    raw = out.read_bytes()
    again = signaalketen("engine", "genesis", "--founding", founding, *cards, "--out", out)

    assert first.exit_code == again.exit_code == 0
    assert raw == out.read_bytes()
    assert first.stdout == again.stdout
    assert len(json.loads(raw)["validators"]) == len(MEMBERS)


def test_a_member_without_a_card_is_named_and_no_file_is_made(folder: Path, founding: Path) -> None:
    card(folder, "uwv")
    out = folder / "genesis.json"

    result = signaalketen(
        *("engine", "genesis", "--founding", founding),
        *("--card", folder / "uwv.engine", "--out", out),
    )

    assert result.exit_code == 2
    assert "bzk, svb, szw" in result.stderr
    assert not out.exists()


def keys(folder: Path) -> dict[str, EngineKey]:
    identity = load_identity(folder / "uwv")
    return {"deciding": identity.validator, "connections": identity.node}


@pytest.mark.parametrize(
    ("options", "renewed"),
    [((), {"deciding"}), (("--connections",), {"deciding", "connections"})],
)
def test_rotating_renews_the_keys_that_were_named(
    folder: Path, options: tuple[str, ...], renewed: set[str]
) -> None:
    assert signaalketen("engine", "new", "--keys", folder / "uwv").exit_code == 0
    before = keys(folder)

    result = signaalketen("engine", "rotate", "--keys", folder / "uwv", *options)

    assert result.exit_code == 0, result.stderr
    assert {use for use, key in keys(folder).items() if key != before[use]} == renewed
    assert ("member announce" in result.stdout) == bool(options)
    assert not list((folder / "uwv").glob("*.new"))


def test_engine_keys_are_made_once(folder: Path) -> None:
    for _ in range(2):
        assert signaalketen("engine", "new", "--keys", folder / "uwv").exit_code == 0
        before = keys(folder)

    assert signaalketen("engine", "new", "--keys", folder / "uwv").exit_code == 0
    assert keys(folder) == before


def test_without_an_engine_key_there_is_none_to_rotate(folder: Path) -> None:
    result = signaalketen("engine", "rotate", "--keys", folder / "uwv")

    assert result.exit_code == 2
    assert "signaalketen engine new" in result.stderr


def test_an_address_that_is_none_is_refused_and_no_card_is_made(folder: Path) -> None:
    assert "is not host:port" in card(folder, "uwv", address="uwv")
    assert not (folder / "uwv.engine").exists()
