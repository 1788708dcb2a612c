from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chain import ChainBuilder
from tests.support.command_line import signaalketen
from tests.support.fake_node import FakeNode, served
from tests.support.served_log import log_files


@pytest.fixture(scope="module")
def chain() -> ChainBuilder:
    return ChainBuilder().fill(300)


@pytest.fixture
def node(chain: ChainBuilder) -> FakeNode:
    return FakeNode(files=log_files(chain))


@pytest.fixture
def url(node: FakeNode) -> Iterator[str]:
    with served(node) as url:
        yield url


def test_export_of_a_log_holds_members_lines_only_and_is_sound(
    chain: ChainBuilder, url: str, tmp_path: Path
) -> None:
    out, document = tmp_path / "export.signaalketen", tmp_path / "consortium.toml"
    document.write_text(chain.consortium.document.raw)

    result = signaalketen("export", "--url", url, "--out", out)

    assert result.exit_code == 0, result.stderr
    assert "301 blocks" in result.stdout
    assert b"stranger" not in out.read_bytes()
    audited = signaalketen("audit", out, "--consortium", document, "--jobs", "1")
    assert audited.exit_code == 0, audited.stdout


def test_export_that_breaks_off_leaves_the_one_before(
    node: FakeNode, url: str, tmp_path: Path
) -> None:
    out = tmp_path / "export.signaalketen"
    out.write_bytes(b"before")
    del node.files["/tile/entries/001.p/45"]

    result = signaalketen("export", "--url", url, "--out", out)

    assert result.exit_code == 2
    assert "does not serve tile/entries/001.p/45" in result.stderr
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
        (out.name, b"before")
    ]


def test_checkpoint_without_a_quorum_is_not_exported(
    chain: ChainBuilder, node: FakeNode, url: str, tmp_path: Path
) -> None:
    node.files["/checkpoint"] = chain.final(by=("uwv", "svb")).encode()

    result = signaalketen("export", "--url", url, "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert "not proven final: cosigned by 2 members, 3 are needed" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_place_that_cannot_be_written_is_said(url: str, tmp_path: Path) -> None:
    result = signaalketen("export", "--url", url, "--out", tmp_path / "nowhere" / "out")

    assert result.exit_code == 2
    assert "out.part: No such file or directory" in result.stderr
