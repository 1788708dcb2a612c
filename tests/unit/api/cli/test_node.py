import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.command_line import found, signaalketen

PATIENCE_SECONDS = 60.0
COMMAND = (sys.executable, "-c", "from api.cli import main; main()", "node", "--config")
TOKEN = "a-token-of-a-caseworker"
PERSON = "a-token-of-somebody-at-a-desk"


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("founded")
    found(folder)
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def config(founded: Path, tmp_path: Path) -> Path:
    port = free_port()
    tokens = tmp_path / "tokens.toml"
    tokens.touch(0o600)
    tokens.write_text(f'caseworker = "{TOKEN}"\n')
    path = tmp_path / "node.toml"
    path.write_text(
        f'keys = "{founded / "uwv"}"\nfounding = "{founded / "founding.note"}"\n'
        f'data_dir = "data"\norder = "order.db"\ntokens = "tokens.toml"\n'
        f'url = "http://127.0.0.1:{port}"\nport = {port}\n'
    )
    return path


def url_of(config: Path) -> str:
    return f"http://127.0.0.1:{config.read_text().split()[-1]}"


@contextmanager
def running(config: Path) -> Iterator["subprocess.Popen[str]"]:
    """Yield a process of the node, once it serves."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIGNAALKETEN_")}
    process = subprocess.Popen(
        (*COMMAND, str(config)), stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                httpx.get(f"{url_of(config)}/healthz", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_node_serves_until_it_is_told_to_stop_in_good_order(
    config: Path, number: signal.Signals
) -> None:
    with running(config) as process:
        served = httpx.get(
            f"{url_of(config)}/v1/signals",
            headers={"authorization": f"Bearer {TOKEN}"},
            trust_env=False,
        )
        process.send_signal(number)
        _, log = process.communicate(timeout=PATIENCE_SECONDS)

    assert served.json() == {"signals": [], "next": None}
    assert process.returncode == 0, log
    assert "uwv listens on" in log
    assert "uwv has stopped" in log
    assert "/v1/signals" not in log
    assert "Traceback" not in log


def people_of(config: Path, *, desk: str = "uwv/maatwerkplaats", mode: int = 0o600) -> None:
    """Name one person at a desk beside the settings."""
    path = config.parent / "people.toml"
    path.touch(mode)
    path.write_text(
        f'[[person]]\nid = "w1"\nroles = ["caseworker"]\ndesk = "{desk}"\ntoken = "{PERSON}"\n'
    )
    config.write_text('people = "people.toml"\n' + config.read_text())


def test_node_serves_the_people_who_are_named_beside_it(config: Path) -> None:
    people_of(config)

    with running(config):
        answers = [
            httpx.get(
                f"{url_of(config)}/v1/worklist",
                headers={"authorization": f"Bearer {token}"},
                trust_env=False,
            )
            for token in (PERSON, TOKEN)
        ]

    assert [answer.status_code for answer in answers] == [200, 403]
    assert answers[0].json() == {"cases": [], "next": None}


@pytest.mark.parametrize(
    ("desk", "mode", "reason"),
    [("svb/de-bedoeling", 0o600, "number 1: desk is one of"), ("uwv/a", 0o644, "chmod 600")],
)
def test_people_who_will_not_do_are_said_in_one_line(
    config: Path, desk: str, mode: int, reason: str
) -> None:
    people_of(config, desk=desk, mode=mode)

    result = subprocess.run(
        (*COMMAND, str(config)),
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    assert result.returncode == 2
    assert reason in result.stderr
    assert PERSON not in result.stderr
    assert result.stderr.count("\n") == 1


def test_port_in_use_is_said_in_one_line_before_anything_is_made(config: Path) -> None:
    port = int(config.read_text().split()[-1])
    with socket.create_server(("127.0.0.1", port)):
        result = signaalketen("node", "--config", config)

    assert result.exit_code == 2
    assert f"port {port} cannot be listened on: Address already in use" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (config.parent / "data").exists()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("port = ", "port = 9", "port: "),
        ("port = ", "porte = ", "port"),
        ('keys = "', 'keys = "/nowhere', "holds no keyring"),
        ('founding = "', 'founding = "/nowhere', "cannot be read"),
        ("port = ", "port ", "is not TOML"),
    ],
)
def test_bad_settings_are_said_in_one_line(config: Path, old: str, new: str, reason: str) -> None:
    config.write_text(config.read_text().replace(old, new))

    result = signaalketen("node", "--config", config)

    assert result.exit_code == 2
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("old", ["data_dir = ", "order = "])
def test_file_that_is_no_database_is_said_in_one_line(config: Path, old: str) -> None:
    config.write_text(config.read_text().replace(old, f'{old}"tokens.toml" # '))

    result = subprocess.run(
        (*COMMAND, str(config)),
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    assert result.returncode == 2
    assert "tokens.toml cannot be " in result.stderr
    assert result.stderr.count("\n") == 1


def test_tokens_that_others_can_read_are_refused(config: Path) -> None:
    (config.parent / "tokens.toml").chmod(0o644)

    result = signaalketen("node", "--config", config)

    assert result.exit_code == 2
    assert "chmod 600" in result.stderr
