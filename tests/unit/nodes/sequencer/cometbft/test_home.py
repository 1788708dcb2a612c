import json
import stat
import tomllib
from pathlib import Path
from types import MappingProxyType

import pytest

from nodes.errors import ConfigurationError
from nodes.sequencer.cometbft.genesis import Genesis
from nodes.sequencer.cometbft.home import PROFILES, EngineHome
from nodes.sequencer.cometbft.identity import EngineIdentity, EngineKey
from nodes.sequencer.cometbft.server import MAX_PATH_BYTES, verify_socket_path

IDENTITY = EngineIdentity(EngineKey.of(b"s" * 32), EngineKey.of(b"n" * 32))


def written(folder: Path, *, profile: str = "near") -> EngineHome:
    home = EngineHome(folder / "engine")
    home.write(
        identity=IDENTITY,
        genesis=Genesis(b"{}\n", MappingProxyType({})),
        listen="0.0.0.0:26656",
        peers=["aa@uwv.test:1", "bb@svb.test:2"],
        profile=profile,
    )
    return home


@pytest.mark.parametrize("profile", PROFILES)
def test_the_engine_is_told_to_be_quick_and_to_talk_to_members_only(
    tmp_path: Path, profile: str
) -> None:
    home = written(tmp_path, profile=profile)
    content = tomllib.loads((home.path / "config" / "config.toml").read_text())
    timing = PROFILES[profile]

    assert content["p2p"]["pex"] is False
    assert content["p2p"]["persistent_peers"] == "aa@uwv.test:1,bb@svb.test:2"
    assert content["p2p"]["flush_throttle_timeout"] == f"{timing.flush}ms"
    assert content["consensus"]["peer_gossip_sleep_duration"] == f"{timing.gossip}ms"
    # Waiting after all gave a round up is what a dead member costs everybody else.
    assert content["consensus"]["timeout_precommit"] == f"{timing.precommit}ms"
    assert timing.precommit < timing.vote < timing.propose
    assert content["consensus"]["create_empty_blocks"] is False
    # No port of the machine: only this folder's owner gets in.
    assert content["rpc"]["laddr"].startswith("unix://")
    assert content["proxy_app"].startswith("unix://")


def test_keys_are_their_owners_alone_and_what_was_signed_is_kept(tmp_path: Path) -> None:
    home = written(tmp_path)
    state = home.path / "data" / "priv_validator_state.json"
    state.write_text('{"height": "7", "round": 0, "step": 3}')

    written(tmp_path)

    assert json.loads(state.read_text())["height"] == "7"
    for name in ("node_key.json", "priv_validator_key.json"):
        assert stat.S_IMODE((home.path / "config" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700


def test_a_folder_that_is_too_deep_for_a_socket_is_named_before_anything_runs() -> None:
    verify_socket_path(Path("/") / ("x" * (MAX_PATH_BYTES - 1)))

    with pytest.raises(ConfigurationError, match=r"engine\.home"):
        verify_socket_path(Path("/") / ("x" * MAX_PATH_BYTES))
