import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.audit import NOT_CHECKED
from ledger.checkpoint import Checkpoint
from ledger.encoding import Digest
from ledger.note import Note, SignatureLine
from tests.support.chain import ChainBuilder, make_card, make_founding
from tests.support.command_line import signaalketen
from tests.support.fake_node import FakeNode, served
from tests.support.parties import ALL, make_member
from tests.support.served_log import log_files


@pytest.fixture
def chain() -> ChainBuilder:
    chain = ChainBuilder()
    chain.apply(make_card(chain.consortium, "uwv"))
    return chain.fill(3)


@pytest.fixture
def document(chain: ChainBuilder, tmp_path: Path) -> Path:
    path = tmp_path / "consortium.toml"
    path.write_bytes(chain.consortium.document.raw.encode())
    return path


@pytest.fixture
def export(chain: ChainBuilder, tmp_path: Path) -> Path:
    path = tmp_path / "export.signaalketen"
    path.write_bytes(chain.export())
    return path


@pytest.fixture(scope="module")
def long_chain() -> ChainBuilder:
    """A chain that is checked in several processes."""
    return ChainBuilder().fill(1000)


def report_of(chain: str | Path, document: Path, *more: str | Path) -> dict[str, Any]:
    """Return the JSON report of an audit, whose exit code must say the same."""
    result = signaalketen("audit", chain, "--consortium", document, "--json", *more)
    assert result.stdout, result.stderr
    report: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (0 if report["sound"] else 1)
    return report


def test_sound_export_is_reported_in_full(export: Path, document: Path) -> None:
    result = signaalketen("audit", export, "--consortium", document)

    assert result.exit_code == 0
    lines = result.stdout.rstrip().split("\n")
    assert "  blocks     5, dated 2026-12-01" in lines
    assert "    szw  1 consortium, 1 signal" in lines
    assert "    uwv  1 member, 1 signal" in lines
    assert "    bzk  2026-12-01T12:00:00Z" in lines
    assert "SOUND: all 5 blocks hold, from the founding one to the checkpoint." in lines
    assert lines[-len(NOT_CHECKED) :] == [f"  - {item}" for item in NOT_CHECKED]


def test_report_for_programs_says_the_same(export: Path, document: Path) -> None:
    report = report_of(export, document)

    assert report["sound"] is True
    assert report["findings"] == []
    assert report["blocks"] == 5
    assert report["firstDay"] == report["lastDay"] == "2026-12-01"
    assert {"author": "svb", "kind": "signal", "count": 1} in report["posts"]
    assert report["cosigners"] == dict.fromkeys(ALL, "2026-12-01T12:00:00Z")
    assert report["notChecked"] == list(NOT_CHECKED)


def test_signed_note_is_as_good_as_the_document_in_it(
    chain: ChainBuilder, export: Path, tmp_path: Path
) -> None:
    note = tmp_path / "founding.note"
    note.write_bytes(make_founding(chain.consortium))

    assert report_of(export, note)["sound"]


def test_no_byte_of_an_export_may_change(
    export: Path, document: Path, subtests: pytest.Subtests
) -> None:
    whole = export.read_bytes()
    for at in [*range(0, len(whole), 151), len(whole) - 1]:
        with subtests.test(at=at):
            export.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])

            result = signaalketen("audit", export, "--consortium", document, "--jobs", "1")

            assert result.exit_code == 1
            assert "NOT SOUND: " in result.stdout


@pytest.mark.parametrize("size", [0, 5, 23, 30, -1, -500])
def test_export_that_is_cut_off_is_a_finding(export: Path, document: Path, size: int) -> None:
    export.write_bytes(export.read_bytes()[:size])

    assert not report_of(export, document)["sound"]


def test_finding_names_the_block_in_words(
    chain: ChainBuilder, export: Path, document: Path
) -> None:
    block = chain.blocks[3]
    export.write_bytes(export.read_bytes().replace(block, block[:-10] + b"AAAAAAAA=\n"))

    result = signaalketen("audit", export, "--consortium", document)

    assert result.exit_code == 1
    assert "Block 3: " in result.stdout
    assert "Block 4: link: it does not follow the block before it" in result.stdout
    assert "SOUND: all" not in result.stdout


def test_all_cores_find_what_one_finds(
    long_chain: ChainBuilder, document: Path, tmp_path: Path
) -> None:
    blocks = long_chain.blocks
    spoilt = long_chain.export().replace(blocks[950], blocks[950][:-10] + b"AAAAAAAA=\n")
    (tmp_path / "sound").write_bytes(long_chain.export())
    (tmp_path / "spoilt").write_bytes(spoilt)
    (tmp_path / "cut").write_bytes(spoilt[:-20_000])

    for name in ("sound", "spoilt", "cut"):
        alone = report_of(tmp_path / name, document, "--jobs", "1")
        together = report_of(tmp_path / name, document, "--jobs", "2")

        assert alone == together
        assert alone["sound"] is (name == "sound")
        assert alone["blocks"] > 950


def test_checkpoint_from_elsewhere_must_agree(
    chain: ChainBuilder, export: Path, document: Path, tmp_path: Path
) -> None:
    agreeing, other = tmp_path / "agreeing", tmp_path / "other"
    agreeing.write_bytes(chain.final().encode())
    forked = Checkpoint(chain.checkpoint.origin, 3, Digest(bytes(32)))
    other.write_bytes(chain.consortium.cosigned(forked, by=("svb",)).encode())

    assert report_of(export, document, "--checkpoint", agreeing)["sound"]
    findings = report_of(export, document, "--checkpoint", agreeing, "--checkpoint", other)
    assert [f["reason"] for f in findings["findings"]] == ["contradiction"]


def test_names_from_a_stranger_do_not_steer_the_terminal(
    chain: ChainBuilder, export: Path, document: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    text = Checkpoint(chain.checkpoint.origin, 3, Digest(bytes(32))).encode()
    line = SignatureLine("\x9b2J", bytes(4), bytes(64))
    other.write_bytes(Note(text, (line,)).encode())

    result = signaalketen("audit", export, "--consortium", document, "--checkpoint", other)

    assert result.exit_code == 1
    assert "contradiction" in result.stdout
    assert "\x9b" not in result.stdout


@pytest.fixture
def node(chain: ChainBuilder) -> FakeNode:
    return FakeNode(files=log_files(chain))


@pytest.fixture
def url(node: FakeNode) -> Iterator[str]:
    with served(node) as url:
        yield url


def test_log_is_audited_from_its_tiles(url: str, document: Path) -> None:
    report = report_of(url, document)

    assert report["sound"], report["findings"]
    assert report["blocks"] == 5
    assert set(report["cosigners"]) == set(ALL)


def test_contradictions_that_a_node_keeps_are_findings(
    chain: ChainBuilder, node: FakeNode, url: str, document: Path
) -> None:
    forked = Checkpoint(chain.checkpoint.origin, 3, Digest(bytes(32)))
    other = chain.consortium.cosigned(forked, by=("svb",)).encode().decode()
    kept = {"contradictions": [{"own": "not read", "other": other}]}
    node.files["/v1/contradictions"] = json.dumps(kept).encode()

    (finding,) = report_of(url, document)["findings"]

    assert finding["reason"] == "contradiction"
    assert "lines by svb" in finding["detail"]


@pytest.mark.parametrize("answer", [b"{}", b'{"contradictions":[{}]}', b'{"contradictions":[1]}'])
def test_a_list_of_contradictions_that_is_none_is_told(
    node: FakeNode, url: str, document: Path, answer: bytes
) -> None:
    node.files["/v1/contradictions"] = answer

    result = signaalketen("audit", url, "--consortium", document)

    assert result.exit_code == 2
    assert "check the address" in result.stderr


def test_log_is_judged_by_the_document_in_force_at_its_end(
    chain: ChainBuilder, document: Path
) -> None:
    second = tuple(make_member(name, generation=2) for name in ALL)
    chain.amend(members=second)
    chain.post()

    with served(FakeNode(files=log_files(chain))) as url:
        report = report_of(url, document)

    assert report["sound"], report["findings"]
    assert report["documentVersion"] == 2


def test_cosignature_that_does_not_verify_is_a_finding(
    chain: ChainBuilder, node: FakeNode, url: str, document: Path
) -> None:
    forged = SignatureLine(
        chain.consortium["svb"].cosigning.name,
        chain.consortium["svb"].cosigning.verifier.id,
        bytes(72),
    )
    final = chain.final(by=("bzk", "szw", "uwv"))
    node.files["/checkpoint"] = final.note.with_signatures([forged]).encode()

    report = report_of(url, document)

    assert [f["reason"] for f in report["findings"]] == ["cosignature"]


def test_log_that_withholds_a_tile_is_a_finding(node: FakeNode, url: str, document: Path) -> None:
    del node.files["/tile/entries/000.p/5"]

    report = report_of(url, document)

    assert "does not serve tile/entries/000.p/5" in report["findings"][0]["detail"]


def test_token_is_shown_to_the_log(
    node: FakeNode, url: str, document: Path, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text("a-token-of-an-auditor")

    report_of(url, document, "--token-file", token)

    assert set(node.authorization) == {"Bearer a-token-of-an-auditor"}


def test_what_could_not_run_is_no_finding(
    url: str, node: FakeNode, export: Path, document: Path, tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere"
    with served(FakeNode()) as gone:
        pass
    node.files["/checkpoint"] = b"<html>"
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff")
    cases: list[tuple[str, list[str | Path]]] = [
        ("nowhere: No such file", [nowhere, "--consortium", document]),
        ("Is a directory", [tmp_path, "--consortium", document]),
        ("nowhere: No such file", [export, "--consortium", nowhere]),
        ("is not text", [export, "--consortium", binary]),
        ("nowhere: No such file", [export, "--consortium", document, "--checkpoint", nowhere]),
        ("does not answer", [gone, "--consortium", document]),
        ("is not a checkpoint", [url, "--consortium", document]),
    ]
    for reason, arguments in cases:
        result = signaalketen("audit", *arguments)

        assert result.exit_code == 2, reason
        assert reason in result.stderr
        assert result.stdout == ""


def test_node_that_cannot_serve_now_is_no_finding(document: Path) -> None:
    with served(lambda _: httpx.Response(503, json={"detail": "no block is final yet"})) as url:
        result = signaalketen("audit", url, "--consortium", document)

    assert result.exit_code == 2
    assert result.stderr == "no block is final yet\n"
