from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import signaalketen
from tests.support.fake_node import FakeNode, served, signal_line

BSN = "999900006"
TOKEN = {"SIGNAALKETEN_TOKEN": "a-token-of-a-caseworker"}


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


@pytest.fixture
def url(node: FakeNode) -> Iterator[str]:
    with served(node) as url:
        yield url


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Five signals, of which the node refuses the second and nobody can read the fourth."""
    lines = [signal_line(f"case-{number}") for number in range(1, 6)]
    lines[1] = signal_line("case-2", theme="unknown")
    lines[3] = '{"bsn": "999900006"'
    path = tmp_path / "signals.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_refused_lines_are_reported_and_corrected_ones_posted_later(
    node: FakeNode, url: str, file: Path
) -> None:
    first = signaalketen("post", file, "--url", url, **TOKEN)
    lines = file.read_text().split("\n")
    lines[1], lines[3] = signal_line("case-2"), signal_line("case-4")
    file.write_text("\n".join(lines))
    second = signaalketen("post", file, "--url", url, **TOKEN)
    third = signaalketen("post", file, "--url", url, **TOKEN)

    assert (first.exit_code, second.exit_code, third.exit_code) == (1, 0, 0)
    assert first.stdout.split("\n")[:4] == [
        "line 2: theme must be one of …",
        "line 4: not JSON at column 20: Expecting ',' delimiter",
        "Posted: 3 of 5 signals.",
        "Refused: 2. Correct those lines in place and run this again.",
    ]
    assert second.stdout == "Posted: 5 of 5 signals (3 by an earlier run).\n"
    assert third.stdout == "Posted: 5 of 5 signals (5 by an earlier run).\n"
    assert sorted(node.posted) == [f"case-{number}" for number in range(1, 6)]
    assert BSN not in first.output + second.output + third.output


def test_signals_that_wait_are_called_safe(node: FakeNode, url: str, file: Path) -> None:
    node.state = "waiting"

    result = signaalketen("post", file, "--url", url, **TOKEN)

    assert "Not final yet: 3. They are safe at the node; do not post them again." in result.stdout


def test_run_that_breaks_off_says_what_is_left_and_goes_on_later(
    node: FakeNode, url: str, file: Path
) -> None:
    node.lose_answer = {0}

    broken = signaalketen("post", file, "--url", url, **TOKEN)
    resumed = signaalketen("post", file, "--url", url, **TOKEN)

    assert broken.exit_code == 2
    assert f"{url} does not answer" in broken.stderr
    assert "Posted: 0 of 5 signals." in broken.stdout
    assert "Not answered: 4. Run this again" in broken.stdout
    assert resumed.exit_code == 1
    assert "Posted: 3 of 5 signals." in resumed.stdout
    assert sorted(node.posted) == ["case-1", "case-3", "case-5"]


def test_unreachable_node_is_said_and_progress_kept(file: Path) -> None:
    with served(FakeNode()) as gone:
        pass

    result = signaalketen("post", file, "--url", gone, **TOKEN)

    assert result.exit_code == 2
    assert f"{gone} does not answer" in result.stderr
    assert file.with_name("signals.jsonl.progress").exists()


def test_posted_lines_that_moved_stop_the_run(node: FakeNode, url: str, file: Path) -> None:
    signaalketen("post", file, "--url", url, **TOKEN)
    lines = file.read_text().split("\n")
    del lines[1]
    file.write_text("\n".join(lines))
    sent = len(node.keys)

    result = signaalketen("post", file, "--url", url, **TOKEN)

    assert result.exit_code == 2
    assert "Keep posted lines where they are" in result.stderr
    assert len(node.keys) == sent


def test_token_comes_from_a_file_that_only_its_owner_reads(
    node: FakeNode, url: str, file: Path, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("a-token-in-a-file\n")
    token.chmod(0o644)

    open_to_all = signaalketen("post", file, "--url", url, "--token-file", token)
    token.chmod(0o600)
    private = signaalketen("post", file, "--url", url, "--token-file", token, **TOKEN)

    assert open_to_all.exit_code == 2
    assert "chmod 600" in open_to_all.stderr
    assert private.exit_code == 1
    assert node.authorization == ["Bearer a-token-in-a-file"]


def test_without_a_token_nothing_is_sent(node: FakeNode, url: str, file: Path) -> None:
    result = signaalketen("post", file, "--url", url, SIGNAALKETEN_TOKEN=None)

    assert result.exit_code == 2
    assert "--token-file" in result.stderr
    assert node.authorization == []


def test_file_that_is_not_there_is_said(url: str, tmp_path: Path) -> None:
    result = signaalketen("post", tmp_path / "nowhere.jsonl", "--url", url, **TOKEN)

    assert result.exit_code == 2
    assert "nowhere.jsonl: No such file" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_plain_http_over_a_network_is_warned_of(file: Path) -> None:
    result = signaalketen("post", file, "--url", "http://node.invalid", **TOKEN)

    assert result.exit_code == 2
    assert "http:// shows your token" in result.stderr
