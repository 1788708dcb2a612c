"""A node's settings: a TOML file, and environment variables that override it.

    keys = "keys"                   folder of the keyring
    data_dir = "data"               folder of the node's own database, outside the keys' folder
    founding = "founding.note"      the signed founding entry: the anchor of the whole chain
    order = "order.db"              the file of the embedded sequencer, shared by one machine;
                                    or, for order among machines, the table [engine] below
    url = "http://127.0.0.1:8101"   where peers reach this node
    host = "127.0.0.1"
    port = 8101
    tokens = "tokens.toml"          per-role tokens of its callers
    people = "people.toml"          who acts in cases (`nodes.people`); without it nobody does
    wait_seconds = 2.0              how long a post waits for its receipt before it answers 202
    public_step_seconds = 3600      how often readers who are not members see a newer checkpoint
    exchange_beat_seconds = 600     how often messages go to the other issuers' desks, with anything
                                    to say or not; 0: this node sends none
    exchange_items = 16             how many items each of them gets: 16, 64 or 256

    [engine]                        CometBFT, an engine of this node's own, in place of `order`
    home = "engine"                 its folder
    genesis = "genesis.json"        what all engines of the consortium begin with
    listen = "0.0.0.0:26656"        where it listens
    command = "cometbft"            the program; without it, somebody else runs the engine on `home`
    address = "uwv.example:26656"   where the others' engines find it, if not as its card in genesis
    profile = "near"                or "wide", for agencies tens of milliseconds apart
    peers = []                      `<id>@host:port` of more engines to dial and let in, such as
                                    where the others moved to before this node knew the chain

    [logbook]                       the logbook (Logboek Dataverwerkingen)
    activities = "https://…/#"      URI of the agency's register of processing activities, to which
                                    the name of a purpose is added
    endpoint = "https://…/v1/traces"    its collector, by OTLP/HTTP; without it records stay here

    [cases]                         cases and their terms
    clock_seconds = 60              how often it is looked what is due
    holidays = ["2026-12-25"]       days that are no working days

    [desks."uwv/maatwerkplaats"]    how an own desk is reached, as its colleagues and others see it;
    phone = "020 123 45 67"         functional, no person's
    mailbox = "maatwerk@uwv.example"    where its notices go, too
    lead = "teamleider@uwv.example"     where notices for its lead go
    hours = "ma-vr 9-17"

    [notices]                       "there is something in Signaalketen", and nothing more
    period_seconds = 3600           a desk is told once in this time at most
    officer = "fg@uwv.example"      where notices for the privacy officer go
    webhook = "https://…"           the agency's own system, told by HTTP POST
    [notices.mail]
    server = "smtp.uwv.example:587"
    security = "starttls"           or "tls"; "none" on this machine only
    sender = "signaalketen@uwv.example"
    user = "signaalketen"           and its password's file, which only its owner can read
    password = "keys/smtp.password"

Paths are relative to the file. `SIGNAALKETEN_PORT=8102` overrides `port`,
`SIGNAALKETEN_ENGINE__LISTEN=…` overrides `listen` of [engine], and so on.
"""

import shutil
import tomllib
from datetime import date
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ledger.entry import is_name
from ledger.member import is_engine_address
from nodes.errors import ConfigurationError
from nodes.keyring import verify_private

ROLES = ("caseworker", "approver", "policy", "fg", "auditor", "operator")
"""What callers may be; `fg` is the privacy officer (functionaris gegevensbescherming)."""


class EngineSettings(BaseModel):
    """The table [engine]; see the module for the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=500)

    home: Path
    genesis: Path
    listen: str = Field(pattern=r"^[A-Za-z0-9.-]+:[0-9]{1,5}$")
    address: str | None = None
    command: Path | None = None
    profile: Literal["near", "wide"] = "near"
    peers: tuple[str, ...] = Field(default=(), max_length=64)

    @field_validator("address")
    @classmethod
    def _verify_address(cls, address: str | None) -> str | None:
        if address is not None and not is_engine_address(address):
            raise ValueError("expected host:port")
        return address


class LogbookSettings(BaseModel):
    """The table [logbook]; see the module for the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=500)

    # The standard wants TLS to the log; on this machine there is nobody in between.
    endpoint: str | None = Field(
        default=None,
        pattern=r"^(https://[^\s\"/]+|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?)/\S*$",
    )
    activities: str = Field(
        default="urn:signaalketen:verwerking:", pattern=r"^[a-z][a-z0-9+.-]*:\S+[/#=:]$"
    )
    timeout_seconds: float = Field(default=10.0, gt=0, le=60)


_MAILBOX = r"^[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,120}$"
_LOOPBACK = r"(127\.0\.0\.1|localhost|\[::1\])"


class CasesSettings(BaseModel):
    """The table [cases]; see the module for the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clock_seconds: float = Field(default=60.0, gt=0, le=3600)
    holidays: tuple[date, ...] = Field(default=(), max_length=1000)


class DeskSettings(BaseModel):
    """A table of [desks]; see the module for the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=200)

    phone: str = Field(default="", pattern=r"^(\+?[0-9][0-9 -]{4,23})?$")
    mailbox: str | None = Field(default=None, pattern=_MAILBOX)
    lead: str | None = Field(default=None, pattern=_MAILBOX)
    hours: str = Field(default="", max_length=100)


class MailSettings(BaseModel):
    """The table [notices.mail]; see the module for the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=500)

    server: str = Field(pattern=r"^[A-Za-z0-9.-]+:[0-9]{1,5}$")
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = Field(pattern=_MAILBOX)
    user: str | None = None
    password: Path | None = None
    timeout_seconds: float = Field(default=10.0, gt=0, le=60)

    @model_validator(mode="after")
    def _verify_secret_on_the_way(self) -> Self:
        host = self.server.rpartition(":")[0]
        if self.security == "none" and host not in {"127.0.0.1", "localhost"}:
            raise ValueError("without TLS only a mail server on this machine can be used")
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` go together")
        return self


class NoticesSettings(BaseModel):
    """The table [notices]; see the module for the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=500)

    period_seconds: int = Field(default=3600, ge=1, le=86_400)
    officer: str | None = Field(default=None, pattern=_MAILBOX)
    webhook: str | None = Field(
        default=None, pattern=rf"^(https://[^\s\"/]+|http://{_LOOPBACK}(:[0-9]{{1,5}})?)(/\S*)?$"
    )
    webhook_timeout_seconds: float = Field(default=10.0, gt=0, le=60)
    mail: MailSettings | None = None


class Settings(BaseSettings):
    """What a node is told at start; see the module for the fields."""

    model_config = SettingsConfigDict(
        env_prefix="SIGNAALKETEN_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        str_max_length=500,
    )

    keys: Path
    data_dir: Path
    founding: Path
    order: Path | None = None
    engine: EngineSettings | None = None
    logbook: LogbookSettings = LogbookSettings()
    cases: CasesSettings = CasesSettings()
    desks: dict[str, DeskSettings] = Field(default_factory=dict, max_length=100)
    notices: NoticesSettings = NoticesSettings()
    url: str = Field(pattern=r"^https?://[^\s\"/]+$")
    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65_535)
    tokens: Path
    people: Path | None = None
    wait_seconds: float = Field(default=2.0, ge=0, le=60)
    public_step_seconds: int = Field(default=3600, ge=1, le=86_400)
    exchange_beat_seconds: float = Field(default=600.0, ge=0, le=86_400)
    exchange_items: Literal[16, 64, 256] = 16
    peer_timeout_seconds: float = Field(default=2.0, gt=0, le=60)
    poll_seconds: float = Field(default=0.005, gt=0, le=1)

    @field_validator("exchange_items", mode="before")
    @classmethod
    def _read_items(cls, items: object) -> object:
        # The environment has but text, which is equal to no number.
        return int(items) if isinstance(items, str) and items.isdecimal() else items

    @model_validator(mode="after")
    def _verify_one_order(self) -> Self:
        if (self.order is None) == (self.engine is None):
            raise ValueError("exactly one of `order` and [engine] is needed")
        return self

    @field_validator("desks")
    @classmethod
    def _verify_desks(cls, desks: dict[str, DeskSettings]) -> dict[str, DeskSettings]:
        for name in desks:
            member, slash, desk = name.partition("/")
            if not slash or not is_name(member) or not is_name(desk):
                raise ValueError('a desk is member/desk: [desks."uwv/maatwerkplaats"]')
        return desks

    @property
    def shared_order(self) -> Path:
        """Return the file of the embedded sequencer.

        Raises:
            ConfigurationError: the order is made by an engine.
        """
        if self.order is None:
            raise ConfigurationError("the order of this node is no file")
        return self.order

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


_PATHS = ("keys", "data_dir", "founding", "order", "tokens", "people", "engine", "notices")


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
    return settings.model_copy(
        update={name: _below(path.parent, getattr(settings, name)) for name in _PATHS}
    )


_Named = Path | EngineSettings | NoticesSettings | None


def _below(base: Path, named: _Named) -> _Named:
    """Return what is named with its paths relative to `base`."""
    if named is None:
        return None
    if isinstance(named, NoticesSettings):
        mail = named.mail
        if mail is None or mail.password is None:
            return named
        changed = mail.model_copy(update={"password": base / mail.password})
        return named.model_copy(update={"mail": changed})
    if isinstance(named, Path):
        return base / named
    command = named.command
    if command is not None:
        # A bare name is looked for where the shell would.
        found = shutil.which(command) if len(command.parts) == 1 else None
        command = base / (found or command)
    return named.model_copy(
        update={"home": base / named.home, "genesis": base / named.genesis, "command": command}
    )


def read_secret(path: Path) -> str:
    """Return the one line of a file that only its owner can read.

    Raises:
        ConfigurationError: not readable, readable by others, or empty.
    """
    verify_private(path)
    secret = path.read_text().strip()
    if not secret or "\n" in secret:
        raise ConfigurationError(f"{path} must hold one line")
    return secret


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
