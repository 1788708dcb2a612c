import shutil
from pathlib import Path

import pytest

from ledger.consortium import Consortium
from ledger.consortium_toml import decode_consortium
from ledger.entry import SignedEntry
from ledger.state import State
from tests.support import command_line
from tests.support.command_line import MEMBERS, make_draft, signaalketen
from tests.support.parties import make_consortium, make_member

DAY = "2026-11-24"


def sign(note: Path, name: str, *more: str | Path) -> str:
    result = signaalketen("consortium", "sign", note, "--keys", note.parent / name, *more)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def document_of(file: Path) -> Consortium:
    return decode_consortium(signaalketen("consortium", "show", file, "--document").stdout)


def test_ceremony_ends_in_a_note_that_founds_a_chain(folder: Path) -> None:
    note = folder / "founding.note"

    drafted = make_draft(folder, note, "--date", DAY)
    shown = signaalketen("consortium", "show", note)
    said = [sign(note, name) for name in ("svb", "bzk", "uwv", "szw")]

    assert drafted.exit_code == 0, drafted.stderr
    assert f"Brought in by uwv, dated {DAY}." in shown.stdout
    assert "Still missing: bzk, svb, szw, uwv." in shown.stdout
    assert "Still missing: bzk, szw, uwv." in said[0]
    assert "Still missing: szw." in said[2]
    assert "Nobody is missing" in said[3]
    digest = decode_consortium(SignedEntry.decode(note.read_bytes()).entry.further).digest.hex()
    assert all(digest in text for text in (drafted.stdout, shown.stdout, *said))
    state = State()
    state.apply(note.read_bytes())
    assert state.document is not None
    assert set(state.document.by_name) == set(MEMBERS)


def test_members_may_sign_copies_side_by_side(folder: Path) -> None:
    note, signed = folder / "draft.note", folder / "signed.note"
    make_draft(folder, note)
    before = note.read_bytes()

    sign(note, "svb", "--out", signed)

    assert note.read_bytes() == before
    assert "Signed by svb." in signaalketen("consortium", "show", signed).stdout


def test_document_is_printed_byte_for_byte(folder: Path) -> None:
    note = folder / "founding.note"
    make_draft(folder, note)
    sign(note, "uwv")

    printed = signaalketen("consortium", "show", note, "--document").stdout_bytes
    plain = folder / "consortium.toml"
    plain.write_bytes(printed)
    again = signaalketen("consortium", "show", plain)

    assert printed.decode() == SignedEntry.decode(note.read_bytes()).entry.further
    assert again.exit_code == 0
    assert "Signatures: none in this file" in again.stdout
    assert "wetsvoorstel-36799  bill" in again.stdout
    assert signaalketen("consortium", "show", plain, "--document").stdout_bytes == printed


def test_later_version_names_the_one_before_and_asks_for_its_quorum(folder: Path) -> None:
    first, second = folder / "first.note", folder / "second.note"
    make_draft(folder, first)
    previous = ("--previous", first)
    assert make_draft(folder, second, *previous).exit_code == 0

    alone = signaalketen("consortium", "sign", second, "--keys", folder / "uwv")
    said = [sign(second, name, *previous) for name in ("uwv", "svb", "szw")]

    assert alone.exit_code == 2
    assert "--previous" in alone.stderr
    assert "Still missing: 2 more of bzk, svb, szw." in said[0]
    assert "Nobody is missing" in said[2]
    shown = signaalketen("consortium", "show", second)
    assert "version 2" in shown.stdout
    assert "Who is missing depends on the document before" in shown.stdout
    assert document_of(second).previous == document_of(first).digest


def test_later_version_is_signed_with_the_keys_of_the_one_before(tmp_path: Path) -> None:
    consortium = make_consortium()
    rotated = tuple(make_member(name, generation=2) for name in MEMBERS)
    successor = consortium.draft(lambda _: None, members=rotated)
    previous, old, new = (tmp_path / name for name in ("consortium.toml", "old", "new"))
    previous.write_text(consortium.document.raw)
    old.write_bytes(consortium.propose(successor.document, by=("bzk", "svb")).encode())
    new.write_bytes(successor.propose(successor.document, by=("bzk", "svb")).encode())

    with_old = signaalketen("consortium", "show", old, "--previous", previous)
    with_new = signaalketen("consortium", "show", new, "--previous", previous)

    assert "Nobody is missing" in with_old.stdout
    assert with_new.stdout.count("A line that proves nothing") == 3
    assert "3 more of bzk, svb, szw, uwv." in with_new.stdout


def test_line_that_proves_nothing_is_shown_as_that(folder: Path) -> None:
    note, other = folder / "draft.note", folder / "other.note"
    make_draft(folder, note, "--date", DAY)
    make_draft(folder, other, "--date", "2026-11-25")
    sign(other, "svb")
    # Svb's line, moved under a text that svb did not sign.
    note.write_bytes(note.read_bytes() + other.read_bytes().rpartition(b"\n\n")[2])

    shown = signaalketen("consortium", "show", note)

    assert shown.exit_code == 0
    assert "A line that proves nothing" in shown.stdout
    assert "Still missing: bzk, svb, szw, uwv." in shown.stdout


def test_stranger_signs_nothing(folder: Path) -> None:
    note = folder / "draft.note"
    make_draft(folder, note)
    before = note.read_bytes()
    shutil.rmtree(folder / "svb")
    (folder / "svb.recovery").unlink()
    command_line.make_member(folder, "svb")

    twin = signaalketen("consortium", "sign", note, "--keys", folder / "svb")
    sign(note, "uwv")
    twice = signaalketen("consortium", "sign", note, "--keys", folder / "uwv")

    assert (twin.exit_code, twice.exit_code) == (2, 2)
    assert "does not name the entry key" in twin.stderr
    assert "signed this draft already" in twice.stderr
    assert before in note.read_bytes()


def test_draft_with_signatures_is_not_overwritten(folder: Path) -> None:
    note = folder / "draft.note"
    make_draft(folder, note)
    sign(note, "uwv")
    before = note.read_bytes()

    again = make_draft(folder, note)

    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert note.read_bytes() == before


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("--author", "belastingdienst"), "belastingdienst is none"),
        (("--date", "24-11-2026"), "expected YYYY-MM-DD"),
        (("--previous", "nowhere.toml"), "nowhere.toml: No such file"),
        (("--card", "uwv.card"), "uwv.card: No such file"),
    ],
)
def test_bad_draft_is_refused_in_words(folder: Path, more: tuple[str, ...], reason: str) -> None:
    result = make_draft(folder, folder / "draft.note", *more)

    assert result.exit_code == 2
    assert reason in result.stderr
    assert not (folder / "draft.note").exists()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("quorum = 3", "quorum = 2", "quorum of at least 3"),
        ("k = 10", "", "k is missing"),
        ("k = 10", "k = [[", "not TOML"),
        ('"uwv/maatwerkplaats"', '"uwv/beleid/x"', "[[desk]] 1"),
    ],
)
def test_rules_that_break_a_rule_are_refused_with_the_place(
    folder: Path, old: str, new: str, reason: str
) -> None:
    make_draft(folder, folder / "draft.note")
    rules = folder / "broken.toml"
    rules.write_text((folder / "rules.toml").read_text().replace(old, new))

    result = make_draft(folder, folder / "broken.note", "--rules", rules)

    assert result.exit_code == 2
    assert reason in result.stderr


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"x = 1\n", b"a/entry/v1\nuwv\n\n", b"["])
def test_file_of_something_else_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)

    result = signaalketen("consortium", "show", file)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().split("\n")) == 1
