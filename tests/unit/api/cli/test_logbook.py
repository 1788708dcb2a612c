"""What the privacy officer reads of the node's own log, and how a person is asked for."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.app import app
from nodes.logbook import Act
from tests.support.bench import Bench
from tests.support.cluster import posting_of
from tests.support.command_line import signaalketen
from tests.support.consortium import found


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Return the settings file of a node that posted about two people, and their BSNs."""
    root = tmp_path_factory.mktemp("logged")
    founded = found(root)
    postings = [posting_of("uwv") for _ in range(2)]

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            for number, posting in enumerate(postings):
                await bench.post(posting, key=f"{number}")
            await bench.node.counter.show_page(before=None, count=1)

    asyncio.run(scenario())
    settings = root / "uwv" / "node.toml"
    settings.write_text(
        'keys = "keys"\ndata_dir = "data"\nfounding = "../founding.note"\n'
        'order = "../order.db"\nurl = "http://uwv.test"\nport = 8100\ntokens = "tokens.toml"\n'
    )
    return settings, [posting.bsn.digits for posting in postings]


def test_every_record_is_read_with_whom_it_is_about(logged: tuple[Path, list[str]]) -> None:
    settings, (first, second) = logged

    result = signaalketen("logbook", "read", settings)

    assert result.exit_code == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["number"], line["name"]) for line in lines] == [
        (1, Act.POST),
        (2, Act.POST),
        (3, Act.SHOW),
    ]
    subjects = [line["attributes"]["dpl.core.data_subject_id"] for line in lines]
    assert subjects == [first, second, second]
    assert lines[0]["start_time"].startswith("2026-12-01T12:00:00.000")


def test_what_was_done_about_one_person_is_asked_for_without_an_echo(
    logged: tuple[Path, list[str]],
) -> None:
    settings, (_, second) = logged

    result = CliRunner().invoke(
        app, ["logbook", "read", str(settings), "--about"], input=f"{second}\n"
    )

    assert result.exit_code == 0, result.stderr
    # The terminal's own line end after what was typed unseen is not a record.
    lines = [line for line in result.stdout.splitlines() if line.strip()]
    names = [json.loads(line)["name"] for line in lines]
    assert names == [Act.POST, Act.SHOW]
    assert second not in result.stderr


def test_a_node_that_never_ran_has_no_log(logged: tuple[Path, list[str]], tmp_path: Path) -> None:
    settings, _ = logged
    elsewhere = settings.with_name("other.toml")
    elsewhere.write_text(settings.read_text().replace('"data"', f'"{tmp_path / "none"}"'))

    result = signaalketen("logbook", "read", elsewhere)

    assert result.exit_code == 2
    assert "has this node ever run?" in result.stderr
