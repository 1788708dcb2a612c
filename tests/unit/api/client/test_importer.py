import threading
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.client.errors import AnsweredError, UnreachableError
from api.client.import_record import ImportRecord
from api.client.importer import Importer, Tally
from api.client.node import NodeClient
from api.client.signal_lines import SignalLines
from tests.support.fake_node import FakeNode, signal_line

URL = "http://127.0.0.1:1"
CASES = [f"case-{number}" for number in range(1, 11)]
FILE = "\n".join(signal_line(case) for case in CASES)


def run(node: FakeNode, path: Path, file: str = FILE, *, batch_size: int = 3) -> Tally:
    """Run an import to its end, or to where the node no longer answers."""
    with (
        NodeClient(URL, transport=httpx.MockTransport(node)) as client,
        ImportRecord(path, url=URL) as record,
    ):
        lines = SignalLines.decode(file.encode())
        importer = Importer(lines, client=client, record=record, batch_size=batch_size)
        try:
            importer.run()
        except UnreachableError:
            importer.tally.refused[0] = "broke off"
        return importer.tally


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signals.progress"


def test_refused_line_is_named_and_the_rest_goes_on(path: Path) -> None:
    node = FakeNode()
    lines = FILE.split("\n")
    lines[3] = signal_line("case-4", theme="unknown")
    lines[6] = "{"

    tally = run(node, path, "\n".join(lines))

    assert sorted(node.posted) == sorted(set(CASES) - {"case-4", "case-7"})
    assert set(tally.refused) == {4, 7}
    assert tally.refused[4] == "theme must be one of …"
    assert (tally.posted, tally.already, tally.waiting) == (8, 0, 0)


def test_signals_that_are_not_final_are_counted(path: Path) -> None:
    tally = run(FakeNode(state="waiting"), path)

    assert (tally.posted, tally.waiting) == (10, 10)


def test_corrected_line_is_posted_and_no_other_again(path: Path) -> None:
    node = FakeNode()
    run(node, path, FILE.replace('"case-4", "theme": "schulden"', '"case-4", "theme": "unknown"'))
    sent = len(node.keys)

    tally = run(node, path, FILE + "\n" + signal_line("case-11"))

    assert node.posted[-2:] == ["case-4", "case-11"]
    assert sorted(node.posted) == sorted([*CASES, "case-11"])
    assert len(node.keys) == sent + 1
    assert (tally.posted, tally.already, tally.refused) == (2, 9, {})


@given(
    lost_requests=st.sets(st.integers(0, 20), max_size=8),
    lost_answers=st.sets(st.integers(0, 20), max_size=8),
)
def test_import_broken_off_anywhere_posts_every_line_once(
    tmp_path_factory: pytest.TempPathFactory,
    lost_requests: set[int],
    lost_answers: set[int],
) -> None:
    path = tmp_path_factory.mktemp("import") / "signals.progress"
    node = FakeNode(lose_request=lost_requests, lose_answer=lost_answers)

    # Each lost message ends one run at most.
    for _ in range(20):
        tally = run(node, path)
        if not tally.refused:
            break

    assert sorted(node.posted) == sorted(CASES)
    assert tally.already + tally.posted == len(CASES)


def test_batch_without_an_answer_goes_again_under_its_key(path: Path) -> None:
    node = FakeNode(lose_answer={0})
    run(node, path, batch_size=10)

    tally = run(node, path, batch_size=10)

    assert len(node.keys) == 2
    assert len(set(node.keys)) == 1
    assert len(node.posted) == tally.posted == 10


def test_answers_that_come_after_a_failure_are_kept(path: Path) -> None:
    failed = threading.Event()
    node = FakeNode()

    def slow_but_first(request: httpx.Request) -> httpx.Response:
        if request.headers["idempotency-key"].endswith("-0"):
            failed.set()
            raise httpx.ConnectError("no answer")
        failed.wait(10)
        return node(request)

    with (
        NodeClient(URL, transport=httpx.MockTransport(slow_but_first)) as client,
        ImportRecord(path, url=URL) as record,
    ):
        importer = Importer(
            SignalLines.decode(FILE.encode()), client=client, record=record, batch_size=1
        )
        with pytest.raises(UnreachableError):
            importer.run()

        assert len(record.posted) == len(node.posted) == importer.tally.posted
        assert len(node.posted) >= 3
        assert [batch.lines for batch in record.in_flight.values()] == [(1,)]
    assert len(node.posted) < len(CASES) - 1


def test_line_that_spoils_its_batch_is_found(path: Path) -> None:
    node = FakeNode(spoilt="case-5")

    tally = run(node, path, batch_size=10)

    assert tally.refused == {5: "the body is not right"}
    assert sorted(node.posted) == sorted(set(CASES) - {"case-5"})
    assert len(set(node.keys)) == len(node.keys)


@pytest.mark.parametrize("status", [401, 403, 409, 500, 503, 507])
def test_node_that_takes_nothing_ends_the_run_and_refuses_no_line(path: Path, status: int) -> None:
    node = FakeNode(status=status)

    with pytest.raises(AnsweredError, match="the node cannot do it now") as caught:
        run(node, path)

    assert caught.value.status == status
    node.status = None
    assert run(node, path).posted == 10
