"""`signaalketen case` as people type it, at a node whose cases stand in memory."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from api.cli.app import app
from ledger.bsn import synthetic_numbers
from ledger.exchange.message import Confirm
from ledger.exchange.words import Within
from tests.support.casework import ACUTE, ASK, BASIS, LAST_DAY, SVB
from tests.support.counters import Counters, token_of
from tests.support.fake_casework import PROOF, REFERENCE, VALUES
from tests.support.fake_node import served

DAY = LAST_DAY.isoformat()
BSN = next(synthetic_numbers()).digits
COMMANDS = (
    *("list", "show", "shown", "approvals", "reviews", "confirm", "ask", "message", "outcome"),
    *("coordinate", "contest", "close", "grant", "approve", "refuse", "break-glass", "review"),
    *("assign", "hand-over", "away"),
)


@dataclass
class Office:
    """People with a terminal each, and a node."""

    counters: Counters
    url: str

    def types(self, who: str | None, *arguments: str, text: str | None = None) -> Result:
        """Return what somebody reads after a command."""
        token = None if who is None else token_of(who)
        environment = {"SIGNAALKETEN_TOKEN": token, "SIGNAALKETEN_NODE": self.url}
        result = CliRunner(env=environment).invoke(app, ["case", *arguments], input=text)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert "Something unforeseen" not in result.output
        return result

    def file(self, case: str) -> Any:
        """Return a case as JSON."""
        return json.loads(self.types("worker", "show", case, "--json").stdout)


@pytest.fixture(scope="module")
def all_counters() -> Counters:
    return Counters()


@pytest.fixture(scope="module")
def address(all_counters: Counters) -> Iterator[str]:
    with served(all_counters) as url:
        yield url


@pytest.fixture
def office(all_counters: Counters, address: str) -> Office:
    """An office without any case."""
    all_counters.begin_again()
    return Office(all_counters, address)


@pytest.fixture
def case(office: Office) -> str:
    """A case that both desks have taken up."""
    case = office.counters.casework.open("case")
    office.counters.casework.hear(case, Confirm(Within.DAY), named="confirm")
    taken = office.types("worker", "confirm", case, "--within", "1d")
    assert taken.exit_code == 0, taken.output
    return case


def words(result: Result) -> str:
    """Return what was printed, with single spaces."""
    return re.sub(r"\s+", " ", result.stdout)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, ["case", command, "--help"])

    assert result.exit_code == 0
    assert "Usage: " in result.stdout


def test_a_worklist_tells_what_is_late_and_what_is_to_do(office: Office, case: str) -> None:
    late = office.counters.casework.open("late")
    office.counters.casework.hear(case, ASK, named="ask")
    office.types("worker", "assign", case, "worker")

    listed = office.types("worker", "list")

    assert listed.exit_code == 0
    rows = {line.split()[0]: line for line in listed.stdout.splitlines()[1:]}
    assert set(rows) == {case, late}
    assert "confirmed" in rows[case]
    assert rows[case].split()[1] == SVB
    assert "prepare 1" in rows[case]
    assert rows[case].rstrip().endswith("worker")
    assert re.search(r"new +2026-12-06 \d\d:00, (\d+ days late|in \d+ days)", rows[late])
    assert "take up 1" in rows[late]
    assert "the desk" in rows[late]


def test_a_case_is_named_by_its_whole_id_also_on_a_narrow_terminal(
    office: Office, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "dumb"), ("COLUMNS", "70"), ("LINES", "24")):
        monkeypatch.setenv(name, value)

    listed = office.types("worker", "list")

    assert case in listed.stdout
    assert max(map(len, listed.stdout.splitlines())) <= 70


def test_a_worklist_is_read_page_by_page(office: Office) -> None:
    opened = {office.counters.casework.open(number) for number in range(5)}

    first = office.types("worker", "list", "--count", "3")
    after = first.stdout.split()[-1]
    second = office.types("worker", "list", "--count", "3", "--after", after)

    seen = re.findall(r"^[0-9a-f]{32}", first.stdout + second.stdout, flags=re.MULTILINE)
    assert len(seen) == 5
    assert set(seen) == opened
    assert "There may be more" not in second.stdout


def test_an_empty_desk_says_so(office: Office) -> None:
    assert office.types("worker", "list").stdout == "No open cases at your desk.\n"


def test_two_people_grant_one_field_and_a_third_reads_how_it_went(
    office: Office, case: str
) -> None:
    request = office.counters.casework.hear(case, ASK, named="ask").hex()[:6]

    prepared = office.types("worker", "grant", case, request, "--field", "theme", "--until", DAY)
    waiting = office.types("approver", "approvals")
    looked = office.types("approver", "approve", case, request, text="n\n")
    granted = office.types("approver", "approve", case, request, text="y\n")
    read = office.types("colleague", "show", case)

    assert words(prepared) == f"Prepared for {SVB}: theme, up to {DAY}. An approver decides. "
    assert f"{case} {request}" in words(waiting)
    assert looked.exit_code == 2
    assert "worker prepared: theme, to" in looked.stdout
    assert "Nothing was done" in looked.stderr
    assert granted.exit_code == 0
    assert f"Granted, and on its way to {SVB}, sealed." in granted.stdout
    assert "granted theme up to" in words(read)
    assert "104 approver (approver) approved and sent" in words(read)


def test_whoever_prepared_cannot_approve(office: Office, case: str) -> None:
    request = office.counters.casework.hear(case, ASK, named="ask").hex()
    office.types("everything", "grant", case, request, "--field", "theme", "--until", DAY)

    own = office.types("everything", "approve", case, request, "--yes")

    assert own.exit_code == 2
    assert "whoever prepared it" in own.stderr


def test_nothing_prepared_is_nothing_to_approve(office: Office, case: str) -> None:
    request = office.counters.casework.hear(case, ASK, named="ask").hex()

    result = office.types("approver", "approve", case, request, "--yes")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "a caseworker does that first" in result.stderr


def test_a_request_is_refused_with_a_reason(office: Office, case: str) -> None:
    request = office.counters.casework.hear(case, ASK, named="ask").hex()

    refused = office.types("approver", "refuse", case, request, "geen-grondslag")

    assert refused.exit_code == 0
    assert office.file(case)["pairs"][0]["requests"][0]["stage"] == "refused"


def test_glass_is_broken_and_reviewed(office: Office, case: str) -> None:
    request = office.counters.casework.hear(case, ACUTE, named="ask").hex()

    acute = office.types("approver", "approvals")
    unsure = office.types("approver", "break-glass", case, request, "--until", DAY)
    broken = office.types("approver", "break-glass", case, request, "--until", DAY, "--yes")
    waiting = office.types("officer", "reviews")
    judged = office.types("officer", "review", case, request, "--unjustified")
    done = office.types("officer", "reviews")

    assert (unsure.exit_code, broken.exit_code, judged.exit_code) == (2, 0, 0)
    assert f"{case} {request[:8]}" in words(waiting)
    assert re.search(rf"{case} {request[:8]} \S+ acute", words(acute))
    assert judged.stdout == "Reviewed: not justified.\n"
    assert done.stdout == "Nothing to review.\n"
    assert "by broken glass, found unjustified" in words(office.types("officer", "show", case))


def test_fields_are_asked_and_read_with_what_proves_them(office: Office, case: str) -> None:
    asked = office.types(
        *("worker", "ask", case, "--field", "period", "--field", "theme"),
        *("--basis", BASIS, "--necessity", "hulp-afstemmen"),
    )
    own = re.search(r"request ([0-9a-f]{32})\.", asked.stdout)
    assert own is not None
    office.counters.casework.grant(case, bytes.fromhex(own[1]), ("theme",), LAST_DAY)

    read = office.types("worker", "shown", case, own[1][:5])

    assert f"theme {VALUES['theme']}" in words(read)
    assert f"by svb, on 2026-12-01, in block {PROOF.height}" in words(read)
    assert PROOF.commitment in read.stdout
    assert all(digest in read.stdout for digest in PROOF.digests)


def test_text_comes_from_standard_input_and_stands_in_the_timeline(
    office: Office, case: str
) -> None:
    written = office.types("worker", "message", case, text="Bel ons morgen,\nna tienen.\n")

    assert written.exit_code == 0
    assert "on its way to svb/de-bedoeling" in written.stdout
    assert "Bel ons" not in written.output
    assert "sent" not in office.file(case)["pairs"][0]["timeline"][-1]["kind"]
    assert "Bel ons morgen,\nna tienen." in office.file(case)["pairs"][0]["timeline"][-1]["text"]


def test_no_argument_takes_text(office: Office, case: str) -> None:
    assert office.types("worker", "message", case, "Bel ons").exit_code == 2
    help_text = CliRunner().invoke(app, ["case", "message", "--help"]).stdout
    assert "standard input" in help_text


def test_a_bsn_in_a_text_is_refused_and_not_repeated(office: Office, case: str) -> None:
    written = office.types("worker", "message", case, text=f"Zie {BSN}.\n")

    assert written.exit_code == 2
    assert "BSN at 5 to 13" in written.stderr
    assert BSN not in written.output


def test_what_is_said_again_under_its_key_is_said_once(office: Office, case: str) -> None:
    for _ in range(2):
        said = office.types("worker", "outcome", case, "contacted", "--key", "mine")
        assert said.exit_code == 0

    kinds = [line["kind"] for line in office.file(case)["pairs"][0]["timeline"]]
    assert kinds.count("outcome") == 1


def test_an_answer_that_is_lost_is_asked_again_and_said_once(office: Office, case: str) -> None:
    lost: list[str] = []

    def losing(request: httpx.Request) -> httpx.Response:
        answer = office.counters(request)
        if request.method == "POST" and not lost:
            lost.append(request.headers["idempotency-key"])
            raise httpx.ReadTimeout("no answer")
        return answer

    with served(losing) as url:
        said = Office(office.counters, url).types("worker", "contest", case, "regie")

    assert said.exit_code == 0
    assert len(lost) == 1
    kinds = [line["kind"] for line in office.file(case)["pairs"][0]["timeline"]]
    assert kinds.count("contest") == 1


def test_the_lead_and_the_end_are_said_too(office: Office, case: str) -> None:
    led = office.types("worker", "coordinate", case, SVB)
    unsure = office.types("worker", "close", case, "afgerond", text="\n")
    closed = office.types("worker", "close", case, "afgerond", "--yes")
    late = office.types("worker", "message", case, text="Nog iets.\n")

    assert [r.exit_code for r in (led, unsure, closed, late)] == [0, 2, 0, 2]
    assert "a new signal opens another" in late.stderr
    read = words(office.types("worker", "show", case))
    assert f"regievoerder {SVB}" in read
    assert "closed: afgerond" in read


def test_a_case_is_given_handed_over_and_looked_after(office: Office, case: str) -> None:
    given = office.types("lead", "assign", case, "colleague")
    back = office.types("lead", "assign", case)
    over = office.types("worker", "hand-over", case, "uwv/wia")
    away = office.types("worker", "away", "worker", "2026-12-21", DAY, "--deputy", "colleague")

    assert given.stdout == "It is with colleague.\n"
    assert back.stdout == "It is on the desk's common list.\n"
    assert over.stdout == "Handed over to uwv/wia.\n"
    assert "colleague stands in" in away.stdout
    assert office.counters.casework.away[-1][0] == "worker"
    assert office.types("worker", "show", case).exit_code == 2
    assert office.types("stranger", "show", case).exit_code == 0


def test_a_role_can_be_named(office: Office, case: str) -> None:
    as_worker = office.types("everything", "assign", case, "colleague", "--role", "caseworker")
    as_lead = office.types("everything", "assign", case, "colleague", "--role", "lead")

    assert (as_worker.exit_code, as_lead.exit_code) == (2, 0)


def test_of_several_matches_one_is_named(office: Office) -> None:
    case = office.counters.casework.open("two", others=(SVB, "szw/maatwerk"))
    office.types("worker", "confirm", case, "--within", "4h")
    match = office.counters.casework.match_of(case).hex()

    unclear = office.types("worker", "outcome", case, "false-match")
    unknown = office.types("worker", "outcome", case, "false-match", "--match", "zz")
    named = office.types("worker", "outcome", case, "false-match", "--match", match[:8])

    assert (unclear.exit_code, unknown.exit_code, named.exit_code) == (2, 2, 0)
    assert f"{match[:8]} ({SVB})" in unclear.stderr
    assert "None begins like that" in unknown.stderr


def test_a_file_tells_how_to_reach_the_other_desk(office: Office, case: str) -> None:
    read = words(office.types("worker", "show", case))

    assert "020 555 01 00 · info@svb.example · 9-17" in read
    assert f"your reference {REFERENCE}" in read


def test_receipts_are_kept_beside_it(office: Office, case: str, tmp_path: Path) -> None:
    def with_receipts(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/v1/receipts/"):
            return httpx.Response(200, content=f"receipt of {request.url.path}".encode())
        return office.counters(request)

    with served(with_receipts) as url:
        read = Office(office.counters, url).types(
            "worker", "show", case, "--receipts", str(tmp_path / "receipts")
        )

    assert read.exit_code == 0
    kept = sorted(path.name for path in (tmp_path / "receipts").iterdir())
    assert kept == ["100.receipt", "101.receipt", "41.receipt"]


@pytest.mark.parametrize("named", ["1", "x" * 32, BSN, "../../signals", "A" * 32])
def test_what_is_no_id_of_a_case_goes_nowhere(office: Office, named: str) -> None:
    result = office.types("worker", "show", named)

    assert result.exit_code == 2
    assert "whole id" in re.sub(r"[\s│]+", " ", result.stderr)
    assert named not in result.stderr


def test_a_person_without_a_token_is_told_whose_to_show(office: Office) -> None:
    result = office.types(None, "list")

    assert result.exit_code == 2
    assert "your own token" in result.stderr


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("system:caseworker", "Only in person"),
        ("policy", "Only for the role"),
        ("approver", "Only for the role"),
    ],
)
def test_whose_worklist_it_is_not_is_told_why(office: Office, who: str, why: str) -> None:
    result = office.types(who, "list")

    assert (result.exit_code, result.stdout) == (2, "")
    assert why in result.stderr


def test_what_others_wrote_steers_no_terminal(office: Office, case: str) -> None:
    office.types("worker", "message", case, text="[bold]vet[/bold] [link=x]hier[/link]\n")

    read = office.types("worker", "show", case)

    assert "[bold]vet[/bold] [link=x]hier[/link]" in words(read)
    assert "\x1b" not in read.stdout


def test_a_node_of_another_kind_is_not_believed() -> None:
    with served(lambda _: httpx.Response(200, json={"cases": BSN})) as url:
        result = Office(Counters(), url).types("worker", "list")

    assert result.exit_code == 2
    assert "does not answer as a node of this version does" in result.stderr
    assert BSN not in result.output
