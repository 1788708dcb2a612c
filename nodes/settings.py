"""A node's settings: a TOML file, and environment variables that override it.

    keys = "keys"                   folder of the keyring
    data_dir = "data"               folder of the node's own database, outside the keys' folder
    founding = "founding.note"      the signed founding entry: the anchor of the whole chain
    order = "order.db"              the file of the embedded sequencer, shared by one machine
    url = "http://127.0.0.1:8101"   where peers reach this node
    host = "127.0.0.1"
    port = 8101
    tokens = "tokens.toml"          per-role tokens of its callers
    wait_seconds = 2.0              how long a post waits for its receipt before it answers 202
    public_step_seconds = 3600      how often readers who are not members see a newer checkpoint

Paths are relative to the file. `SIGNAALKETEN_PORT=8102` overrides `port`, and so on.
"""

import tomllib
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from nodes.errors import ConfigurationError
from nodes.keyring import verify_private

ROLES = ("caseworker", "approver", "policy", "fg", "auditor", "operator")
"""What callers may be; `fg` is the privacy officer (functionaris gegevensbescherming)."""


class Settings(BaseSettings):
    """What a node is told at start; see the module for the fields."""

    model_config = SettingsConfigDict(
        env_prefix="SIGNAALKETEN_", frozen=True, extra="forbid", str_max_length=500
    )

    keys: Path
    data_dir: Path
    founding: Path
    order: Path
    url: str = Field(pattern=r"^https?://[^\s\"/]+$")
    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65_535)
    tokens: Path
    wait_seconds: float = Field(default=2.0, ge=0, le=60)
    public_step_seconds: int = Field(default=3600, ge=1, le=86_400)
    peer_timeout_seconds: float = Field(default=2.0, gt=0, le=60)
    poll_seconds: float = Field(default=0.005, gt=0, le=1)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, whose content comes in as arguments."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load_settings(path: Path) -> Settings:
    """Read the settings in `path`, overridden by the environment.

    Raises:
        ConfigurationError: not readable, or a field is wrong; the text names each.
    """
    try:
        content = tomllib.loads(path.read_text())
    except OSError as cause:
        raise ConfigurationError(f"{path} cannot be read: {cause.strerror}") from cause
    except ValueError as cause:
        raise ConfigurationError(f"{path} is not TOML: {cause}") from cause
    try:
        settings = Settings(**content)
    except ValidationError as cause:
        wrong = "; ".join(
            f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in cause.errors()
        )
        raise ConfigurationError(f"{path}: {wrong}") from cause
    base = path.parent
    return settings.model_copy(
        update={
            name: base / getattr(settings, name)
            for name in ("keys", "data_dir", "founding", "order", "tokens")
        }
    )


def load_tokens(path: Path) -> dict[str, str]:
    """Return the callers' tokens: role by token.

    Raises:
        ConfigurationError: not readable, readable by others, an unknown role, or a short token.
    """
    verify_private(path)
    try:
        content = tomllib.loads(path.read_text())
    except ValueError as cause:
        raise ConfigurationError(f"{path} is not TOML: {cause}") from cause
    tokens = {}
    for role, token in content.items():
        if role not in ROLES:
            raise ConfigurationError(f"{path}: a role is one of {', '.join(ROLES)}")
        if not isinstance(token, str) or len(token) < 20 or token in tokens:
            raise ConfigurationError(f"{path}: the token of {role} must be 20 or more characters")
        tokens[token] = role
    return tokens
