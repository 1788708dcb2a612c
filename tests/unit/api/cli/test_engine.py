import json
from pathlib import Path

import pytest

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


def test_an_address_that_is_none_is_refused_and_no_card_is_made(folder: Path) -> None:
    assert "is not host:port" in card(folder, "uwv", address="uwv")
    assert not (folder / "uwv.engine").exists()
