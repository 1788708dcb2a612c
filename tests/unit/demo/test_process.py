"""Processes of the demonstration: what they are started with, and that none outlives it."""

import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from demo.command import environment, must, pasted, run
from demo.consortium import PROFILES
from demo.errors import DemoError
from demo.leash import Leash, left
from demo.member import Member
from demo.process import HOST, free_port
from nodes.settings import ROLES, load_tokens

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
TEN_SECONDS = 10


def test_a_port_that_somebody_has_is_not_given_out() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]

        assert free_port(port) != port

    assert free_port(port) == port


def test_settings_of_the_user_reach_no_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAALKETEN_PORT", "1")
    monkeypatch.setenv("ELSE", "2")

    seen = environment()

    assert "SIGNAALKETEN_PORT" not in seen
    assert seen["ELSE"] == "2"


def test_a_command_runs_where_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("x = 1\n")

    result = run("consortium", "show", "a.toml", folder=tmp_path)

    assert result.code == 2
    assert "a.toml" in result.output
    assert "No such file" not in result.output


def test_a_command_that_must_succeed_and_does_not_says_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=r"(?s)consortium show gone\.toml ended with 2.*No such"):
        must("consortium", "show", "gone.toml", folder=tmp_path)


def test_a_command_to_paste_survives_a_folder_with_a_space(tmp_path: Path) -> None:
    folder = tmp_path / "my data"

    line = pasted("consortium", "show", folder / "none.toml")

    shell = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert f"{folder / 'none.toml'}: No such file" in shell.stderr


def test_tokens_are_readable_by_their_owner_only_and_each_is_another(tmp_path: Path) -> None:
    member = Member(PROFILES[0], tmp_path, Leash.__new__(Leash))

    member.settle()

    assert set(load_tokens(tmp_path / "tokens.toml").values()) == set(ROLES)
    for role in ROLES:
        file = member.token_file(role)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text().strip() == member.tokens[role]
    assert len(set(member.tokens.values())) == len(ROLES)
    member.close()


@pytest.mark.parametrize(
    ("lines", "held"),
    [([], set()), (["+1\n", "+2\n"], {1, 2}), (["+1\n", "-1\n", "+2\n"], {2}), (["-3\n"], set())],
)
def test_the_leash_knows_who_started_and_did_not_end(lines: list[str], held: set[int]) -> None:
    assert left(lines) == held


def test_a_story_that_is_killed_takes_its_nodes_along() -> None:
    story = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent(f"""
                import os, signal, subprocess
                from demo.leash import Leash
                leash = Leash()
                node = subprocess.Popen({SLEEPER!r}, start_new_session=True)
                leash.hold(node.pid)
                print(node.pid, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
            """),
        ],
        stdout=subprocess.PIPE,
        check=False,
        timeout=TEN_SECONDS,
    )

    assert story.returncode == -signal.SIGKILL
    assert ends(int(story.stdout))


def test_a_leash_that_is_let_go_of_ends_nothing() -> None:
    with subprocess.Popen(SLEEPER) as node:
        leash = Leash()
        leash.hold(node.pid)

        leash.close()

        try:
            with pytest.raises(subprocess.TimeoutExpired):
                node.wait(0.3)
        finally:
            node.kill()


def ends(pid: int) -> bool:
    """Tell whether that process ends within ten seconds."""
    until = time.monotonic() + TEN_SECONDS
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        # Where nobody collects orphans, what is left of one stands there as a zombie.
        status = Path(f"/proc/{pid}/status")
        if status.exists() and "\nState:\tZ" in status.read_text():
            return True
        time.sleep(0.02)
    return False
