"""How cases look on a terminal; times are those of the machine where they are read."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.case_file import CaseFileOut, PairOut
from api.cli.console import shown as plain
from api.request import AskedOut, ShownOut
from api.worklist import AwaitingOut, WorkOut

_SHORT = 8
_PIPE_WIDTH = 140


def print_worklist(cases: Sequence[WorkOut], *, now: datetime) -> None:
    """Print a worklist; what is late stands out."""
    if not cases:
        _out(Text("No open cases at your desk."))
        return
    table = _table("Case", "Shared with", "State", "Respond by", "To do", "Whose")
    for case in cases:
        terms = [p.respond_by for p in case.pairs if p.respond_by and p.state in {"new", "asked"}]
        table.add_row(
            Text(case.id, no_wrap=True),
            _cell(", ".join(sorted({pair.other_desk for pair in case.pairs}))),
            _cell(", ".join(sorted({pair.state for pair in case.pairs}))),
            _term(min(terms), now) if terms else Text("–"),
            _cell(", ".join(_to_do(case)) or "–"),
            _cell(_whose(case)),
        )
    _out(table)


def print_queue(requests: Iterable[AwaitingOut]) -> None:
    """Print what awaits an approver or a privacy officer."""
    table = _table("Case", "Request", "Desk", "To do")
    for one in requests:
        table.add_row(
            Text(one.case_id, no_wrap=True),
            Text(one.request[:_SHORT], no_wrap=True),
            _cell(one.desk),
            _cell(one.what),
        )
    _out(table)


def print_file(file: CaseFileOut) -> None:
    """Print a case, match by match, each with its timeline."""
    _out(Text(f"Case {file.id}", style="bold"), _cell(f"  for {file.purpose}"))
    for desk in file.desks:
        by = file.worked_by.get(desk.desk) or file.carried_by.get(desk.desk)
        _out(_cell(f"  at {desk.desk} ({desk.title}), {'with ' + by if by else 'with nobody yet'}"))
    for pair in file.pairs:
        _out(Text(""), *_head(pair))
        _out(_timeline(pair))


def print_shown(found: ShownOut) -> None:
    """Print granted fields, and what proves them."""
    table = _table("Field", "Value")
    for name, value in found.fields.items():
        table.add_row(_cell(name), _cell(value))
    proof = found.proof
    _out(
        table,
        _cell(f"Granted ({found.release}), to be used up to {found.last_day}."),
        Text("It is what was committed to when the signal was posted:", style="bold"),
        _cell(f"  by {proof.author}, on {proof.day}, in block {proof.height}"),
        _cell(f"  entry       {proof.entry_id}"),
        _cell(f"  commitment  {proof.commitment}"),
        *(_cell(f"  item {at}      {digest}") for at, digest in enumerate(proof.digests)),
        *(_cell(f"  {name:<11} {digest}") for name, digest in proof.claims.items()),
    )


def _head(pair: PairOut) -> Iterator[Text]:
    other = pair.other
    yield Text(f"Match {pair.match[:_SHORT]} with {plain(other.desk)}", style="bold")
    yield _cell(f"  {other.title}: posted on {pair.day}, block {pair.height}")
    if reach := " · ".join(part for part in (other.phone, other.mailbox, other.hours) if part):
        yield _cell(f"  {reach}")
    yield _cell(f"  your reference {pair.case_reference} (signal {pair.own_local_id})")
    here, there = _when(pair.own_confirmed), _when(pair.other_confirmed)
    yield _cell(f"  taken up here {here}, there {there}")
    if pair.respond_by is not None:
        yield _cell(f"  to respond by {_when(pair.respond_by)}")
    if pair.coordinator is not None:
        agreed = ", afgestemd" if pair.is_coordinated else ""
        yield _cell(f"  regievoerder {pair.coordinator}{agreed}")
    if pair.own_result is not None or pair.other_result is not None:
        yield _cell(f"  outcome here {pair.own_result or '–'}, there {pair.other_result or '–'}")
    for contested in pair.contested:
        yield _cell(f"  contested {'here' if contested.is_own else 'there'}: {contested.about}")
    for asked in pair.requests:
        yield _request(asked, is_erased=asked.id in pair.erased)
    if pair.closed is not None:
        yield Text(f"  closed: {pair.closed}", style="bold")


def _request(asked: AskedOut, *, is_erased: bool) -> Text:
    said = f"  request {asked.id[:_SHORT]} of {asked.desk} for {', '.join(asked.wanted)}"
    said += f" ({asked.necessity}): {asked.stage}"
    if asked.last_day is not None:
        said += f" {', '.join(asked.fields)} up to {asked.last_day}"
    if asked.release == "break-glass":
        judged = {None: f"to be reviewed by {_when(asked.review_by)}", True: "found justified"}
        said += f", by broken glass, {judged.get(asked.is_justified, 'found unjustified')}"
    return _cell(said + (", its term is over" if is_erased else ""))


def _timeline(pair: PairOut) -> Table:
    table = _table("When", "Block", "Who", "What")
    for line in pair.timeline:
        by = "" if line.by is None else f"{line.by.person} ({line.by.role})"
        table.add_row(
            Text(_when(line.at), no_wrap=True),
            Text("" if line.height is None else str(line.height), justify="right"),
            _cell(by),
            _cell(line.text),
        )
    return table


def _to_do(case: WorkOut) -> Iterator[str]:
    if late := sum(pair.state in {"new", "asked"} for pair in case.pairs):
        yield f"take up {late}"
    for what, found in (
        ("prepare", [one for pair in case.pairs for one in pair.asked]),
        ("to be decided", [one for pair in case.pairs for one in pair.prepared]),
        ("to be reviewed", [one for pair in case.pairs for one in pair.review]),
    ):
        if found:
            yield f"{what} {len(found)}"


def _whose(case: WorkOut) -> str:
    if case.worked_by is None:
        return "the desk"
    is_deputy = case.carried_by not in {None, case.worked_by}
    return f"{case.worked_by} for {case.carried_by}" if is_deputy else case.worked_by


def _term(term: datetime, now: datetime) -> Text:
    left = term - now
    if left < timedelta(0):
        return Text(f"{_when(term)}, {_length(-left)} late", style="bold red")
    return Text(f"{_when(term)}, in {_length(left)}")


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 60 * 48 else f"{minutes // (60 * 24)} days"


def _when(moment: datetime | None) -> str:
    return "not yet" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _cell(text: str) -> Text:
    # What others wrote is shown as it is: neither steering the terminal nor read as markup.
    return Text(plain(text))


def _table(*headers: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for header in headers:
        # Nothing is cut, least of all the id that names a case: what has no room wraps.
        table.add_column(header, no_wrap=header == "Case", overflow="fold")
    return table


def _out(*parts: Text | Table) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PIPE_WIDTH)
    for part in parts:
        console.print(part)
