"""The genesis file: what all engines of a consortium begin with, the same bytes at every member.

Made from the founding entry and one engine card of each member. It is CometBFT's own format; under
`app_state` stand the cards as they were signed, so that each node checks them for itself.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ledger.consortium import Consortium
from ledger.encoding import to_base64
from ledger.entry import SignedEntry
from ledger.errors import LedgerError, RefusedError
from ledger.rules.consortium import read_document
from nodes.errors import ConfigurationError
from nodes.sequencer.cometbft.answers import POWER
from nodes.sequencer.cometbft.identity import EngineCard, address_of, read_card
from nodes.sequencer.cometbft.machine import Engine

FORMAT = "signaalketen/engine/v1"
# Any moment that is past at every member; it is the time of the first block and nothing else.
_TIME = "2020-01-01T00:00:00Z"
_MAX_BLOCK_BYTES = 8 * 1024 * 1024
_EVIDENCE_BLOCKS = 100_000
_EVIDENCE_NANOSECONDS = 48 * 3600 * 10**9


@dataclass(frozen=True)
class Genesis:
    """The file's bytes, `raw`, and the engine cards in it by member."""

    raw: bytes
    cards: MappingProxyType[str, EngineCard]

    @property
    def engines(self) -> dict[str, Engine]:
        """Return the engines by member."""
        return {name: Engine(card.validator, card.peer) for name, card in self.cards.items()}


def make_genesis(founding: SignedEntry, cards: Sequence[bytes]) -> Genesis:
    """Return the genesis of the chain that `founding` begins, decided by the engines on `cards`.

    Raises:
        ConfigurationError: a card does not hold, is missing, or is there twice.
    """
    document = _document(founding)
    read: dict[str, tuple[EngineCard, bytes]] = {}
    for raw in cards:
        try:
            card = read_card(raw, document)
        except LedgerError as cause:
            raise ConfigurationError(f"an engine card does not hold: {cause}") from cause
        if card.member in read:
            raise ConfigurationError(f"{card.member} has two engine cards")
        read[card.member] = (card, raw)
    if missing := sorted(set(document.by_name) - set(read)):
        raise ConfigurationError(f"no engine card of {', '.join(missing)}")
    ordered = [read[name] for name in sorted(read)]
    raw = encode_genesis(
        chain_id=f"sk-{founding.id.hex()[:40]}",
        validators={card.member: card.validator for card, _ in ordered},
        state={"format": FORMAT, "cards": [raw.decode() for _, raw in ordered]},
    )
    return Genesis(raw, MappingProxyType({card.member: card for card, _ in ordered}))


def encode_genesis(
    *, chain_id: str, validators: Mapping[str, bytes], state: Mapping[str, object]
) -> bytes:
    """Return the file with which the engines of `validators` (key by name) begin a chain."""
    content = {
        "app_hash": "",
        "app_state": state,
        "chain_id": chain_id,
        "consensus_params": _parameters(),
        "genesis_time": _TIME,
        "initial_height": "1",
        "validators": [_validator(name, key) for name, key in sorted(validators.items())],
    }
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def load_genesis(path: Path, founding: SignedEntry) -> Genesis:
    """Read a genesis file: exactly the one that its own cards and `founding` make.

    Raises:
        ConfigurationError: not readable, or anything in it is not as `make_genesis` writes it.
    """
    try:
        raw = path.read_bytes()
        cards = [card.encode() for card in json.loads(raw)["app_state"]["cards"]]
    except OSError as cause:
        raise ConfigurationError(f"{path} cannot be read: {cause.strerror}") from cause
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as cause:
        raise ConfigurationError(f"{path} is no genesis file of this software") from cause
    genesis = make_genesis(founding, cards)
    if genesis.raw != raw:
        raise ConfigurationError(f"{path} is not what the founding entry and its cards make")
    return genesis


def _document(founding: SignedEntry) -> Consortium:
    try:
        return read_document(founding)
    except RefusedError as cause:
        raise ConfigurationError(f"the founding entry does not hold: {cause}") from cause


def _validator(name: str, key: bytes) -> dict[str, object]:
    return {
        "address": address_of(key).hex().upper(),
        "name": name,
        "power": str(POWER),
        "pub_key": {"type": "tendermint/PubKeyEd25519", "value": to_base64(key)},
    }


def _parameters() -> dict[str, object]:
    return {
        "abci": {"vote_extensions_enable_height": "0"},
        "block": {"max_bytes": str(_MAX_BLOCK_BYTES), "max_gas": "-1"},
        "evidence": {
            "max_age_duration": str(_EVIDENCE_NANOSECONDS),
            "max_age_num_blocks": str(_EVIDENCE_BLOCKS),
            "max_bytes": "1048576",
        },
        "validator": {"pub_key_types": ["ed25519"]},
        "version": {"app": "0"},
    }
