import re
from datetime import date
from pathlib import Path

import pytest

from nodes.errors import ConfigurationError
from nodes.settings import ROLES, Settings, load_settings, load_tokens, read_secret

GOOD = {
    "keys": '"keys"',
    "data_dir": '"data"',
    "founding": '"founding.note"',
    "order": '"/somewhere/order.db"',
    "url": '"http://127.0.0.1:8101"',
    "port": "8101",
    "tokens": '"tokens.toml"',
}
TOKEN = "a-token-of-twenty-characters"


def written(folder: Path, **changed: str | None) -> Path:
    path = folder / "node.toml"
    fields = {name: value for name, value in (GOOD | changed).items() if value is not None}
    path.write_text("".join(f"{name} = {value}\n" for name, value in fields.items()))
    return path


def test_paths_are_relative_to_the_file_unless_absolute(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path))

    assert settings.keys == tmp_path / "keys"
    assert settings.tokens == tmp_path / "tokens.toml"
    assert settings.order == Path("/somewhere/order.db")


def test_what_is_not_said_has_a_default(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path))

    assert (settings.host, settings.wait_seconds) == ("127.0.0.1", 2.0)
    assert settings.public_step_seconds == 3600
    assert (settings.exchange_beat_seconds, settings.exchange_items) == (600, 16)


def test_the_environment_says_how_many_items_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAALKETEN_EXCHANGE_ITEMS", "64")
    monkeypatch.setenv("SIGNAALKETEN_EXCHANGE_BEAT_SECONDS", "2")

    settings = load_settings(written(tmp_path))

    assert (settings.exchange_beat_seconds, settings.exchange_items) == (2, 64)


def test_people_are_named_beside_the_settings_or_there_are_none(tmp_path: Path) -> None:
    with_people = load_settings(written(tmp_path, people='"people.toml"'))
    without = load_settings(written(tmp_path))

    assert with_people.people == tmp_path / "people.toml"
    assert without.people is None


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAALKETEN_PORT", "9000")
    monkeypatch.setenv("SIGNAALKETEN_DATA_DIR", "elsewhere")

    settings = load_settings(written(tmp_path))

    assert settings.port == 9000
    assert settings.data_dir == tmp_path / "elsewhere"


def test_other_variables_of_that_prefix_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAALKETEN_VECTORS", "/vectors")

    assert load_settings(written(tmp_path)).port == 8101


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "0"),
        ("port", "65536"),
        ("port", '"eight"'),
        ("url", '"ftp://uwv.test"'),
        ("url", '"http://uwv.test/path"'),
        ("url", '"http://uwv test"'),
        ("wait_seconds", "-1"),
        ("wait_seconds", "61"),
        ("public_step_seconds", "0"),
        ("exchange_beat_seconds", "-1"),
        ("exchange_items", "17"),
        ("peer_timeout_seconds", "0"),
        ("poll_seconds", "0"),
        ("keys", None),
        ("founding", None),
        ("unknown", "1"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, name: str, value: str | None) -> None:
    with pytest.raises(ConfigurationError, match=f"node.toml: {name}: "):
        load_settings(written(tmp_path, **{name: value}))


def test_a_wrong_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAALKETEN_PORT", "eight")

    with pytest.raises(ConfigurationError, match="port"):
        load_settings(written(tmp_path))


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe\x00"])
def test_a_file_that_is_not_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "node.toml").write_bytes(content)

    with pytest.raises(ConfigurationError, match="is not TOML"):
        load_settings(tmp_path / "node.toml")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"node\.toml cannot be read"):
        load_settings(tmp_path / "node.toml")


def tokens_file(folder: Path, content: bytes, *, mode: int = 0o600) -> Path:
    path = folder / "tokens.toml"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_every_role_may_have_a_token(tmp_path: Path) -> None:
    content = "".join(f'{role} = "{role:-<20}"\n' for role in ROLES)

    tokens = load_tokens(tokens_file(tmp_path, content.encode()))

    assert tokens == {f"{role:-<20}": role for role in ROLES}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (f'director = "{TOKEN}"', "a role is one of"),
        ('caseworker = "short"', "20 or more characters"),
        ("caseworker = 12345678901234567890", "20 or more characters"),
        (f'caseworker = "{TOKEN}"\nfg = "{TOKEN}"', "token of fg"),
        ("caseworker = ", "is not TOML"),
    ],
)
def test_tokens_that_will_not_do_are_refused_without_being_shown(
    tmp_path: Path, content: str, why: str
) -> None:
    with pytest.raises(ConfigurationError, match=why) as refusal:
        load_tokens(tokens_file(tmp_path, content.encode()))

    assert TOKEN not in str(refusal.value)
    assert "short" not in str(refusal.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not TOML"):
        load_tokens(tokens_file(tmp_path, b"\xff\xfe"))


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_tokens_that_others_can_read_are_refused(tmp_path: Path, mode: int) -> None:
    path = tokens_file(tmp_path, f'caseworker = "{TOKEN}"'.encode(), mode=mode)

    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_tokens(path)


def test_tokens_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"tokens\.toml cannot be read"):
        load_tokens(tmp_path / "tokens.toml")


def with_engine(folder: Path, engine: str, **changed: str | None) -> Path:
    path = written(folder, **({"order": None} | changed))
    path.write_text(path.read_text() + "[engine]\n" + engine)
    return path


def test_an_engine_takes_the_place_of_the_shared_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAALKETEN_ENGINE__PROFILE", "wide")
    table = 'home = "engine"\ngenesis = "../genesis.json"\nlisten = "uwv.test:26656"\n'

    engine = load_settings(with_engine(tmp_path, table + 'command = "bin/cometbft"\n')).engine

    assert engine is not None
    assert engine.home == tmp_path / "engine"
    assert engine.genesis == tmp_path / "../genesis.json"
    assert engine.command == tmp_path / "bin" / "cometbft"
    assert engine.profile == "wide"
    bare = load_settings(with_engine(tmp_path, table)).engine
    assert bare is not None
    assert bare.command is None


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ('genesis = "g"\nlisten = "h:1"\n', "engine.home"),
        ('home = "e"\ngenesis = "g"\nlisten = "h"\n', "engine.listen"),
        ('home = "e"\ngenesis = "g"\nlisten = "h:1"\nprofile = "far"\n', "engine.profile"),
        ('home = "e"\ngenesis = "g"\nlisten = "h:1"\nport = 1\n', "engine.port"),
    ],
)
def test_a_wrong_field_of_the_engine_is_named(tmp_path: Path, table: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        load_settings(with_engine(tmp_path, table))


@pytest.mark.parametrize("has_both", [True, False])
def test_a_node_has_one_order(tmp_path: Path, has_both: bool) -> None:
    table = 'home = "e"\ngenesis = "g"\nlisten = "h:1"\n'
    path = (
        with_engine(tmp_path, table, order='"order.db"')
        if has_both
        else written(tmp_path, order=None)
    )

    with pytest.raises(ConfigurationError, match="exactly one"):
        load_settings(path)


def with_logbook(folder: Path, logbook: str) -> Path:
    path = written(folder)
    path.write_text(path.read_text() + "[logbook]\n" + logbook)
    return path


def test_a_logbook_has_a_register_and_a_collector(tmp_path: Path) -> None:
    table = (
        'activities = "https://register.test/#"\nendpoint = "https://otel.test:4318/v1/traces"\n'
    )

    logbook = load_settings(with_logbook(tmp_path, table)).logbook

    assert logbook.activities == "https://register.test/#"
    assert logbook.endpoint == "https://otel.test:4318/v1/traces"
    bare = load_settings(written(tmp_path)).logbook
    assert (bare.endpoint, bare.activities) == (None, "urn:signaalketen:verwerking:")


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:4318/v1/traces",
        "http://localhost/v1/traces",
        "http://[::1]:4318/v1/traces",
    ],
)
def test_on_its_own_machine_a_collector_needs_no_tls(tmp_path: Path, endpoint: str) -> None:
    path = with_logbook(tmp_path, f'endpoint = "{endpoint}"\n')

    assert load_settings(path).logbook.endpoint == endpoint


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ('endpoint = "http://otel.test/v1/traces"', "logbook.endpoint"),
        ('endpoint = "http://127.0.0.1.evil.test/v1/traces"', "logbook.endpoint"),
        ('endpoint = "otel.test"', "logbook.endpoint"),
        ('activities = "register"', "logbook.activities"),
        ('activities = "https://register.test"', "logbook.activities"),
        ("sampling = 0.5", "logbook.sampling"),
    ],
)
def test_a_wrong_field_of_the_logbook_is_named(tmp_path: Path, table: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        load_settings(with_logbook(tmp_path, table + "\n"))


def load(folder: Path, more: str) -> Settings:
    path = written(folder)
    path.write_text(path.read_text() + more)
    return load_settings(path)


def test_desks_notices_and_terms_are_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
[cases]
clock_seconds = 5
holidays = ["2026-12-25"]
[desks."uwv/maatwerkplaats"]
phone = "020 123 45 67"
mailbox = "maatwerk@uwv.example"
hours = "ma-vr 9-17"
[notices]
webhook = "http://127.0.0.1:9000/notices"
[notices.mail]
server = "smtp.uwv.example:587"
sender = "signaalketen@uwv.example"
user = "signaalketen"
password = "keys/smtp.password"
""",
    )

    assert settings.cases.holidays == (date(2026, 12, 25),)
    assert settings.desks["uwv/maatwerkplaats"].hours == "ma-vr 9-17"
    assert settings.notices.period_seconds == 3600
    mail = settings.notices.mail
    assert mail is not None
    assert (mail.security, mail.password) == ("starttls", tmp_path / "keys/smtp.password")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("[cases]\nclock_seconds = 0", "cases.clock_seconds"),
        ('[cases]\nholidays = ["Kerst"]', "cases.holidays"),
        ('[desks.uwv]\nphone = "020 12345"', "a desk is member/desk"),
        ('[desks."uwv/a"]\nphone = "bel Anna"', "desks.uwv/a.phone"),
        ('[desks."uwv/a"]\nmailbox = "a@b\\nBcc: c@d"', "desks.uwv/a.mailbox"),
        ('[desks."uwv/a"]\nname = "Anna"', "desks.uwv/a.name"),
        ("[notices]\nperiod_seconds = 0", "notices.period_seconds"),
        ('[notices]\nwebhook = "http://uwv.example/x"', "notices.webhook"),
        ('[notices.mail]\nserver = "x:25"\nsender = "a@b"\nsecurity = "none"', "without TLS"),
        ('[notices.mail]\nserver = "x:25"\nsender = "a@b"\nuser = "u"', "go together"),
        ('[notices.mail]\nserver = "x"\nsender = "a@b"', "notices.mail.server"),
    ],
)
def test_desks_notices_and_terms_that_make_no_sense_are_told(
    tmp_path: Path, more: str, told: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        load(tmp_path, f"\n{more}\n")


@pytest.mark.parametrize("content", ["", "two\nlines"])
def test_secret_is_one_line_that_only_its_owner_reads(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secret"
    path.write_text(content or "secret\n")
    path.chmod(0o644)
    with pytest.raises(ConfigurationError):
        read_secret(path)
    path.chmod(0o600)
    if not content:
        assert read_secret(path) == "secret"
        path.write_text("\n")
    with pytest.raises(ConfigurationError, match="one line"):
        read_secret(path)
