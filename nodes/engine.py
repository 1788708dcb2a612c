"""This node's own engine, put together from the settings and the member's keys."""

from ledger.encoding import to_base64
from ledger.entry import SignedEntry
from nodes.errors import ConfigurationError
from nodes.sequencer.cometbft.genesis import load_genesis
from nodes.sequencer.cometbft.home import EngineHome
from nodes.sequencer.cometbft.identity import load_identity
from nodes.sequencer.cometbft.sequencer import CometSequencer
from nodes.settings import Settings


def open_engine(settings: Settings, founding: SignedEntry) -> CometSequencer:
    """Write the engine's folder and return the sequencer over it.

    Raises:
        ConfigurationError: the genesis file or a key cannot be used, or the folder not be written.
    """
    engine = settings.engine
    if engine is None:
        raise ConfigurationError("the settings have no table [engine]")
    genesis, identity = load_genesis(engine.genesis, founding), load_identity(settings.keys)
    own = identity.node.address.hex()
    peers = {card.peer.partition("@")[0]: card for card in genesis.cards.values()}
    peers.pop(own, None)
    EngineHome(engine.home).write(
        identity=identity,
        genesis=genesis,
        listen=engine.listen,
        peers=[*(card.peer for card in peers.values()), *engine.peers],
        profile=engine.profile,
    )
    return CometSequencer(
        engine.home,
        command=engine.command,
        peers={peer: card.member for peer, card in peers.items()},
        genesis=genesis.validators,
        others=[peer.partition("@")[0] for peer in engine.peers],
    )


def engine_key(settings: Settings) -> str:
    """Return the engine's public key as this member's card states it: base64, or empty."""
    if settings.engine is None:
        return ""
    return to_base64(load_identity(settings.keys).validator.public)
