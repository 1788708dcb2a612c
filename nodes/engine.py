"""This node's own engine, put together from the settings and the member's keys."""

from collections.abc import Sequence

from ledger.entry import SignedEntry
from nodes.errors import ConfigurationError
from nodes.sequencer.cometbft.genesis import load_genesis
from nodes.sequencer.cometbft.home import EngineHome
from nodes.sequencer.cometbft.identity import load_identity
from nodes.sequencer.cometbft.machine import Engine
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
    own, home = identity.node.address.hex(), EngineHome(engine.home)

    def configure(peers: Sequence[str]) -> None:
        home.write(
            identity=identity,
            genesis=genesis,
            listen=engine.listen,
            peers=[*dict.fromkeys((*peers, *engine.peers))],
            profile=engine.profile,
        )

    # What cannot be written is to be known at once; the chain may say later who is found where.
    configure([stated.peer for stated in genesis.engines.values() if stated.id != own])
    return CometSequencer(
        engine.home,
        command=engine.command,
        own=own,
        genesis=genesis.engines,
        others=[peer.partition("@")[0] for peer in engine.peers],
        configure=configure,
    )


def own_engine(settings: Settings, founding: SignedEntry, *, member: str) -> Engine | None:
    """Return `member`'s own engine as its entry states it; None with the embedded order.

    Raises:
        ConfigurationError: the genesis file or a key cannot be used, or nothing says where the
            others' engines find this one.
    """
    engine = settings.engine
    if engine is None:
        return None
    identity = load_identity(settings.keys)
    address = engine.address
    if address is None and (card := load_genesis(engine.genesis, founding).cards.get(member)):
        address = card.peer.partition("@")[2]
    if address is None:
        raise ConfigurationError(
            "say in `engine.address` where the others' engines find this one: the genesis file "
            "does not"
        )
    return Engine(identity.validator.public, f"{identity.node.address.hex()}@{address}")
