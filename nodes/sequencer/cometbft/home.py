"""The engine's folder: everything that `cometbft start --home` reads, written anew at every start.

    config/config.toml              the tuning below
    config/genesis.json             as the consortium made it
    config/node_key.json            the key of its connections          0600
    config/priv_validator_key.json  the key that it votes with          0600
    data/                           the engine's own: blocks, state, what it last signed
    run/abci.sock run/rpc.sock      where engine and node meet
    run/engine.pid                  the process that was started on this folder last
    engine.log                      what it says

The engine's defaults take half a second a block. What costs that time is `flush_throttle_timeout`
and the pause between two looks at what a peer lacks: both profiles make them short. `near` is for
agencies a few milliseconds apart, `wide` for tens of them: it waits longer by what a proposal and
votes are then on the way, twice over, also for a member that is dead when its turn comes.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import tomli_w

from ledger.encoding import to_base64
from nodes.errors import ConfigurationError
from nodes.sequencer.cometbft.genesis import Genesis
from nodes.sequencer.cometbft.identity import EngineIdentity, EngineKey
from nodes.sequencer.cometbft.transaction import MAX_TRANSACTION_BYTES

_RPC_BODY_BYTES = 2 * MAX_TRANSACTION_BYTES


@dataclass(frozen=True, slots=True)
class Profile:
    """How long the engine waits, in milliseconds.

    `precommit` is what a round costs that all have given up: nobody's vote is waited for then. Each
    further round of a height waits `vote` longer.
    """

    flush: int
    gossip: int
    propose: int
    vote: int
    precommit: int


PROFILES = MappingProxyType(
    {
        "near": Profile(flush=5, gossip=10, propose=300, vote=200, precommit=50),
        "wide": Profile(flush=5, gossip=10, propose=500, vote=300, precommit=100),
    }
)


class EngineHome:
    """The engine's folder at `path`."""

    def __init__(self, path: Path) -> None:
        """Write nothing yet."""
        self.path = path
        self.abci = path / "run" / "abci.sock"
        self.rpc = path / "run" / "rpc.sock"
        self.pid = path / "run" / "engine.pid"
        self.log = path / "engine.log"
        self.evidence = path / "misbehaviour.jsonl"

    def has_blocks(self) -> bool:
        """Tell whether the engine kept blocks here before."""
        return (self.path / "data" / "blockstore.db").exists()

    def write(
        self,
        *,
        identity: EngineIdentity,
        genesis: Genesis,
        listen: str,
        peers: Sequence[str],
        profile: str,
    ) -> None:
        """Write the configuration; the engine's data stay as they are.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        config, state = self.path / "config", self.path / "data" / "priv_validator_state.json"
        content = _configuration(PROFILES[profile], listen=listen, peers=peers)
        try:
            for folder in (self.path, config, state.parent, self.abci.parent):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(config / "config.toml", tomli_w.dumps(content).encode())
            _write(config / "genesis.json", genesis.raw)
            _write(config / "node_key.json", _json({"priv_key": _private(identity.node)}))
            _write(config / "priv_validator_key.json", _json(_validator(identity.validator)))
            if not state.exists():
                _write(state, _json({"height": "0", "round": 0, "step": 0}))
        except OSError as cause:
            raise ConfigurationError(
                f"{cause.filename or self.path} cannot be written: {cause.strerror}"
            ) from cause


def _configuration(profile: Profile, *, listen: str, peers: Sequence[str]) -> dict[str, object]:
    vote = f"{profile.vote}ms"
    return {
        # Relative to the folder in which the engine runs: peers are told this address.
        "proxy_app": "unix://run/abci.sock",
        "abci": "socket",
        "log_level": "error",
        # The application says who may connect: the engines of members.
        "filter_peers": True,
        "db_backend": "goleveldb",
        "rpc": {
            "laddr": "unix://run/rpc.sock",
            "max_body_bytes": _RPC_BODY_BYTES,
            "grpc_laddr": "",
            "pprof_laddr": "",
        },
        "p2p": {
            "laddr": f"tcp://{listen}",
            "persistent_peers": ",".join(peers),
            "pex": False,
            # Members may be on private networks, and several on one machine.
            "addr_book_strict": False,
            "allow_duplicate_ip": True,
            "flush_throttle_timeout": f"{profile.flush}ms",
            "send_rate": 20_000_000,
            "recv_rate": 20_000_000,
            # A member that comes back must be found soon, not after minutes.
            "persistent_peers_max_dial_period": "1s",
        },
        "mempool": {
            # What became invalid while it waited must go, or the engine would make one empty
            # block after another for its sake.
            "recheck": True,
            "max_tx_bytes": MAX_TRANSACTION_BYTES,
            "max_txs_bytes": 16 * MAX_TRANSACTION_BYTES,
        },
        "consensus": {
            "create_empty_blocks": False,
            "timeout_propose": f"{profile.propose}ms",
            "timeout_propose_delta": vote,
            "timeout_prevote": vote,
            "timeout_prevote_delta": vote,
            "timeout_precommit": f"{profile.precommit}ms",
            "timeout_precommit_delta": vote,
            "timeout_commit": "0s",
            "skip_timeout_commit": True,
            "peer_gossip_sleep_duration": f"{profile.gossip}ms",
        },
        "tx_index": {"indexer": "null"},
        # The answer to the newest block is always kept: that one a crash can ask for again.
        "storage": {"discard_abci_responses": True},
        "instrumentation": {"prometheus": False},
    }


def _validator(key: EngineKey) -> dict[str, object]:
    return {
        "address": key.address.hex().upper(),
        "pub_key": {"type": "tendermint/PubKeyEd25519", "value": to_base64(key.public)},
        "priv_key": _private(key),
    }


def _private(key: EngineKey) -> dict[str, str]:
    return {"type": "tendermint/PrivKeyEd25519", "value": to_base64(key.secret)}


def _json(content: dict[str, object]) -> bytes:
    return (json.dumps(content) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    # Written beside it first: neither a crash nor a full disk must leave half of what the engine
    # needs to start, or of what it last signed.
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
