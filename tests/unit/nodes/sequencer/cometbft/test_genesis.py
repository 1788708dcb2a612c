import json
import stat
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from ledger.note import Note
from nodes.errors import ConfigurationError
from nodes.keyring import create_keyring
from nodes.sequencer.cometbft.genesis import load_genesis, make_genesis
from nodes.sequencer.cometbft.identity import (
    SEED_FILE,
    EngineCard,
    load_identity,
    make_card,
    read_card,
)
from tests.support.consortium import ROLES, Founded, found


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Founded:
    return found(tmp_path_factory.mktemp("founded"))


@pytest.fixture(scope="module")
def cards(founded: Founded) -> dict[str, bytes]:
    return {
        name: make_card(
            founded.keyring(name), founded.root / name / "keys", address=f"{name}.test:26656"
        )
        for name in ROLES
    }


def test_a_card_says_the_key_once_made_and_where_its_engine_is(
    founded: Founded, cards: dict[str, bytes]
) -> None:
    keys = founded.root / "uwv" / "keys"
    again = make_card(founded.keyring("uwv"), keys, address="uwv.test:26656")
    card, identity = read_card(cards["uwv"], founded.document), load_identity(keys)

    assert again == cards["uwv"]
    assert card.validator == identity.validator.public != identity.node.public
    assert card.peer == f"{identity.node.address.hex()}@uwv.test:26656"
    assert stat.S_IMODE((keys / SEED_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "address", ["", "host", "host:port", "a b:1", "host:1,evil:2", "host:1\n", "[::1]:2"]
)
def test_no_card_is_made_for_what_is_no_address(founded: Founded, address: str) -> None:
    with pytest.raises(ConfigurationError):
        make_card(founded.keyring("uwv"), founded.root / "uwv" / "keys", address=address)


def test_a_card_holds_only_as_its_own_member_signed_it(
    founded: Founded, cards: dict[str, bytes]
) -> None:
    note = Note.decode(cards["uwv"])
    other = EngineCard.decode(note.text)
    forged = EngineCard(other.origin, "svb", other.validator, other.peer).encode()
    longer = note.text + "more\n"
    spoilt = [
        Note(forged, note.signatures).encode(),
        Note(forged, (founded.keyring("uwv").entry.sign(forged),)).encode(),
        Note(note.text, (*note.signatures, *note.signatures)).encode(),
        Note(longer, (founded.keyring("uwv").entry.sign(longer),)).encode(),
    ]

    for raw in spoilt:
        with pytest.raises(LedgerError):
            read_card(raw, founded.document)


def test_the_same_cards_make_the_same_genesis_in_any_order(
    founded: Founded, cards: dict[str, bytes]
) -> None:
    one = make_genesis(founded.founding, list(cards.values()))
    two = make_genesis(founded.founding, list(reversed(cards.values())))
    content = json.loads(one.raw)

    assert one.raw == two.raw
    assert [v["name"] for v in content["validators"]] == sorted(ROLES)
    assert len(content["chain_id"]) <= 50


def test_a_genesis_needs_one_sound_card_of_each_member(
    founded: Founded, cards: dict[str, bytes]
) -> None:
    without = [raw for name, raw in cards.items() if name != "bzk"]

    for wrong, why in (
        (without, "bzk"),
        ([*cards.values(), cards["uwv"]], "two"),
        ([*without, b"x"], "does not hold"),
    ):
        with pytest.raises(ConfigurationError, match=why):
            make_genesis(founded.founding, wrong)


def test_a_genesis_file_with_any_byte_changed_is_refused(
    founded: Founded, cards: dict[str, bytes], tmp_path: Path
) -> None:
    made, path = make_genesis(founded.founding, list(cards.values())), tmp_path / "genesis.json"
    path.write_bytes(made.raw)
    assert load_genesis(path, founded.founding).engines == made.engines

    for at in range(0, len(made.raw), 97):
        path.write_bytes(made.raw[:at] + bytes([made.raw[at] ^ 1]) + made.raw[at + 1 :])
        with pytest.raises(ConfigurationError):
            load_genesis(path, founded.founding)


def test_the_key_of_the_connections_stays_when_the_other_is_replaced(tmp_path: Path) -> None:
    ring = create_keyring(tmp_path / "k", origin="x", member="uwv", recovery=tmp_path / "r")
    make_card(ring, tmp_path / "k", address="uwv.test:1")
    before = load_identity(tmp_path / "k")

    (tmp_path / "k" / SEED_FILE).unlink()
    make_card(ring, tmp_path / "k", address="uwv.test:1")
    after = load_identity(tmp_path / "k")

    assert before.validator.address != after.validator.address
    assert before.node == after.node != after.validator
    assert "secret" not in repr(after)
