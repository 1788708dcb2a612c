"""The demonstration as a newcomer runs it: real commands, real nodes, one whole story.

It is told once; every test reads what that run printed and kept. The files of the import, where
BSNs stand in plain text because agencies hand them in so, lie outside the kept folder and are gone.
"""

import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from demo import story
from demo.chain import owed
from demo.member import STAFF
from demo.people import people
from demo.process import HOST
from demo.scenes.onlooker import beats_in, form_of
from demo.story import SCENES
from ledger.block import Block
from ledger.encoding import split_enc
from ledger.export import ExportReader
from nodes.keyring import load_keyring
from nodes.people import load_people
from nodes.shares import FOLDER
from nodes.store.database import Database
from nodes.store.matches import Matches
from nodes.store.vault import Vault
from tests.support.command_line import signaalketen
from tests.support.export_regions import regions
from tests.support.scan import Scanner
from tests.support.telling import ROOT, Told, tell

ISSUERS = ("uwv", "svb", "szw")
MEMBERS = (*ISSUERS, "bzk")
WANTED_PORT = 8101
MATCHING = ("presence", "watch", "match", "match_index", "case_file", "pair")
EVERYBODY = people(1000)
FIVE_MINUTES = 300
REGIONS = (
    "magic", "newline of the magic", "high byte of a length", "low byte of a length",
    "founding document", "origin of a block", "height of a block", "previous of a block",
    "blank of a block", "mark of a block", "author of a block", "kind of a block",
    "day of a block", "commitment of a block", "author's line of a block",
    "stored-line of a block", "end mark", "origin of the checkpoint", "size of the checkpoint",
    "root of the checkpoint", "blank line of the checkpoint", "name of the first line",
    "first line", "last line", "last newline",
)  # fmt: skip


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("demo")
    with port_that_uwv_would_like():
        return tell(folder)


def port_that_uwv_would_like() -> contextlib.AbstractContextManager[object]:
    """Take the port while the story is told, unless somebody keeps it, which serves as well."""
    # Another story's node may be about to leave it.
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            return socket.create_server((HOST, WANTED_PORT))
        time.sleep(0.2)
    return contextlib.nullcontext()


def test_every_scene_holds_on_one_screen_and_the_story_says_so(told: Told) -> None:
    told.verify_scenes(SCENES)


def test_what_is_printed_without_a_terminal_is_plain_and_fits(told: Told) -> None:
    lines = [line for line in told.output.splitlines() if not line.startswith(("$ ", "  "))]

    assert "\x1b" not in told.output
    assert max(map(len, lines)) <= 100


def test_a_port_that_somebody_has_is_left_to_them(told: Told) -> None:
    settings = (told.kept / "uwv" / "node.toml").read_text()

    assert f"port = {WANTED_PORT}\n" not in settings


def test_no_node_is_left_running(told: Told) -> None:
    for url in urls(told.output):
        assert not answers(url)


def test_the_kept_export_is_sound(told: Told) -> None:
    audit = signaalketen("audit", told.export, "--consortium", told.document)

    assert audit.exit_code == 0, audit.stdout
    assert "SOUND" in audit.stdout


@pytest.mark.parametrize("flip", [0x01, 0x20])
@pytest.mark.parametrize("region", REGIONS)
def test_the_kept_export_is_not_sound_with_one_byte_changed(
    region: str, flip: int, told: Told, tmp_path: Path
) -> None:
    raw = bytearray(told.export.read_bytes())
    raw[regions(bytes(raw))[region]] ^= flip
    changed = tmp_path / "changed"
    changed.write_bytes(raw)

    audit = signaalketen("audit", changed, "--consortium", told.document)

    assert audit.exit_code == 1, audit.stdout


def test_the_sample_of_bytes_has_one_of_each_part(told: Told) -> None:
    found = regions(told.export.read_bytes())

    assert set(found) == set(REGIONS)
    assert len(set(found.values())) == len(found)


def test_the_receipt_of_the_first_scene_still_convinces(told: Told) -> None:
    verified = signaalketen(
        "receipt", "verify", told.kept / "receipt.txt", "--consortium", told.document
    )

    assert verified.exit_code == 0, verified.stdout


def test_what_the_story_kept_and_printed_holds_no_bsn_in_any_form(told: Told) -> None:
    scanner = Scanner(person.bsn for person in EVERYBODY)

    assert scanner.folder(told.kept) == []
    assert scanner.text(told.output.encode()) == []


def test_the_scan_went_over_every_kind_of_file_that_a_member_has(told: Told) -> None:
    kept = {str(path.relative_to(told.kept)) for path in told.kept.rglob("*") if path.is_file()}

    expected = {"consortium.toml", "export.signaalketen", "founding.note", "order.db"}
    for name in MEMBERS:
        expected |= {f"{name}/data/node.db", f"{name}/node.log", f"metrics/{name}.txt"}
        expected |= {f"{name}/people.toml"} if name in ISSUERS else set()
    assert expected <= kept
    assert all((told.kept / path).stat().st_size for path in expected)


def test_the_bsns_that_the_scan_did_not_find_are_there_under_uwvs_key(told: Told) -> None:
    keyring = load_keyring(told.kept / "uwv" / "keys")
    vault = Vault(box_key=keyring.derive("box"), mac_key=bytes(32))
    with closing(sqlite3.connect(told.kept / "uwv" / "data" / "node.db")) as connection:
        rows = connection.execute("SELECT local_id, person_box FROM signal").fetchall()

    persons = [vault.unlock(b, table="signal", row=i, column="person_box") for i, b in rows]
    boxed = {split_enc(person)[0].decode() for person in persons if person}

    assert len(boxed) > 150
    assert persons.count(b"") == 1
    assert boxed <= {person.bsn.digits for person in EVERYBODY}


def test_the_scan_went_over_the_tables_of_matching_with_rows_in_them(told: Told) -> None:
    for name in ISSUERS:
        assert all(counted(told, name, *MATCHING).values()), name
    assert not any(counted(told, "bzk", *MATCHING).values())


def counted(told: Told, name: str, *tables: str) -> dict[str, int]:
    with closing(sqlite3.connect(told.kept / name / "data" / "node.db")) as connection:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in tables
        }


@pytest.mark.parametrize("name", ISSUERS)
def test_each_agency_is_left_with_exactly_the_cases_that_the_input_makes(
    name: str, told: Told
) -> None:
    keyring = load_keyring(told.kept / name / "keys")
    vault = Vault(box_key=keyring.derive("box"), mac_key=bytes(32))
    matches = Matches(vault, index_key=keyring.derive("index/match"))
    database = Database(told.kept / name / "data" / "node.db")
    try:
        with database.read() as connection:
            cases = {case.digits for case in matches.cases(connection, count=1_000)}
    finally:
        database.close()

    posted = EVERYBODY[: story._PEOPLE]
    withdrawn = next(p for p in posted if p.agencies == {"uwv", "svb"})
    met_later = next(p for p in posted if p.agencies == {"svb"})
    expected = {p.bsn.digits for p in posted if name in p.agencies and len(p.agencies) > 1}
    if name in withdrawn.agencies:
        expected = expected - {withdrawn.bsn.digits} | {met_later.bsn.digits}
    assert cases == expected


def test_every_holder_has_its_share_for_itself(told: Told) -> None:
    held = {name: list((told.kept / name / "keys" / FOLDER).iterdir()) for name in MEMBERS}

    assert {name: len(files) for name, files in held.items()} == dict.fromkeys(MEMBERS, 1)
    assert {file.stat().st_mode & 0o777 for files in held.values() for file in files} == {0o600}


def test_the_scenes_of_matching_show_what_they_are_about(told: Told) -> None:
    for words in (
        "UWV Maatwerkplaats, ",
        "SVB De Bedoeling, ",
        "“SVB has not answered yet”",
        "Nobody ever had the whole key",
    ):
        assert words in told.output


def test_nothing_on_the_kept_chain_is_owed(told: Told) -> None:
    with told.export.open("rb") as file:
        blocks = [Block.decode(raw) for raw in ExportReader(file.read).blocks()]

    assert owed(blocks, issuers=ISSUERS) == []
    assert [b.signed.entry.author for b in blocks if b.signed.entry.kind == "erasure"] == ["uwv"]


def test_the_files_of_the_import_are_gone(told: Told) -> None:
    assert list(told.kept.parents[1].rglob("*.jsonl*")) == []


def test_every_node_counted_the_blocks_that_were_exported(told: Told) -> None:
    with told.export.open("rb") as file:
        exported = len(list(ExportReader(file.read).blocks()))

    # And perhaps some more: beats go on while one node after the other is asked.
    for name in MEMBERS:
        lines = (told.kept / "metrics" / f"{name}.txt").read_text().splitlines()
        (count,) = (line for line in lines if line.startswith("signaalketen_blocks_final "))
        assert float(count.split()[1]) >= exported, name


def test_the_scenes_of_a_case_show_what_they_are_about(told: Told) -> None:
    for words in (
        "take out: BSN at 13 to 21",
        "four-eyes: whoever prepared it",
        "open the commitment",
        "it is not what the other agency committed to when",
        "“the items do not open the commitment”",
        "svb/de-bedoeling takes the lead",
        "the case is closed",
    ):
        assert words in " ".join(told.output.split())


def test_every_beat_on_the_kept_chain_is_of_one_form(told: Told) -> None:
    with told.export.open("rb") as file:
        beats = beats_in([Block.decode(raw) for raw in ExportReader(file.read).blocks()])

    assert set(beats) == set(ISSUERS)
    assert len({form_of(block) for of in beats.values() for block in of}) == 1


def test_the_receipts_of_the_case_still_convince(told: Told) -> None:
    receipts = sorted((told.kept / "case-receipts").glob("*.receipt"))

    assert len(receipts) > 5
    for receipt in receipts:
        verified = signaalketen("receipt", "verify", receipt, "--consortium", told.document)
        assert verified.exit_code == 0, verified.stdout


def test_what_happened_in_the_case_is_gone_with_it(told: Told) -> None:
    for name in ("uwv", "svb"):
        assert counted(told, name, "pair_event") == {"pair_event": 0}


def test_the_tokens_of_people_stand_in_their_files_alone(told: Told) -> None:
    for name in ISSUERS:
        people = load_people(told.kept / name / "people.toml", member=name)
        assert [person.id for person in people] == list(STAFF)
        for person in people:
            assert (told.kept / name / "tokens" / person.id).read_text().strip() == person.token
            assert person.token not in told.output
            assert person.token not in (told.kept / name / "node.log").read_text()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_story_that_is_stopped_half_way_leaves_no_node(how: int, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as running:
        said = "".join(until_first_scene(running))

        running.send_signal(how)

        said += running.communicate(timeout=FIVE_MINUTES)[0]
    assert len(set(urls(said))) == len(MEMBERS)
    assert all(falls_silent(url) for url in set(urls(said)))
    if how != signal.SIGKILL:
        assert list(tmp_path.glob("signaalketen-*")) == []


def until_first_scene(running: "subprocess.Popen[str]") -> Iterator[str]:
    assert running.stdout is not None
    for line in running.stdout:
        yield line
        if line.startswith("1  "):
            return


def urls(output: str) -> list[str]:
    return re.findall(r"http://127\.0\.0\.1:\d+", output)


def answers(url: str) -> bool:
    try:
        with socket.create_connection((HOST, int(url.rpartition(":")[2])), timeout=1):
            return True
    except OSError:
        return False


def falls_silent(url: str) -> bool:
    until = time.monotonic() + 15
    while answers(url):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
