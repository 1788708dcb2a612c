from pathlib import Path

import pytest

from nodes.errors import StorageError
from nodes.sequencer.cometbft.misbehaviour import Evidence, Misbehaviour

PROOF = Misbehaviour("svb", "ab" * 20, "two-votes", 41, "2026-11-24T12:00:00Z")


def test_proofs_are_read_back_and_none_is_kept_twice(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path / "proofs")
    later = Misbehaviour("svb", "ab" * 20, "two-votes", 42, PROOF.at)

    for proof in (PROOF, later, PROOF):
        evidence.add(proof)

    assert Evidence(tmp_path / "proofs").all == evidence.all == [PROOF, later]


def test_a_line_that_a_crash_cut_short_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "proofs"
    Evidence(path).add(PROOF)
    whole = path.read_text()
    path.write_text(whole + whole[:20])

    evidence = Evidence(path)
    evidence.add(Misbehaviour("szw", "cd" * 20, "two-votes", 50, PROOF.at))

    assert [proof.member for proof in Evidence(path).all] == ["svb", "szw"]


def test_what_cannot_be_kept_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        Evidence(tmp_path / "nowhere" / "proofs").add(PROOF)
