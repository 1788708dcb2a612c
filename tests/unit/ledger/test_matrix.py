"""The disclosure matrix, cell by cell: asked, and granted."""

from itertools import product
from typing import Any

import pytest

from ledger.consortium import VOCABULARY, Consortium
from ledger.errors import DeniedError
from ledger.matrix import Ask, askable, verify_ask, verify_grant
from tests.support.parties import Change, make_consortium

SECOND = "armoede"


def two_purposes(draft: dict[str, Any]) -> None:
    """Give the document a second purpose with a basis of its own, and rows that differ."""
    draft["basis"].append({"name": "wet-b", "title": "Wet B", "status": "in-force"})
    draft["purpose"].append({"name": SECOND, "title": "Hulp bij armoede", "bases": ["wet-b"]})
    draft["desk"].append(
        {"number": 9, "name": "svb/aio", "title": "AIO", "kind": "case", "neutral": False}
    )
    draft["disclosure"] += [
        {"purpose": SECOND, "desk": "svb/aio", "fields": ["severity"]},
        {"purpose": SECOND, "desk": "uwv/maatwerkplaats", "fields": ["theme", "severity"]},
    ]


def drafted(*changes: Change) -> Consortium:
    return (
        make_consortium()
        .draft(lambda d: [change(d) for change in (two_purposes, *changes)])
        .document
    )


DOCUMENT = drafted()
DESKS = [desk.name for desk in DOCUMENT.desks]
BASES = {p.name: p.bases[0] for p in DOCUMENT.purposes}
CELLS = list(product(VOCABULARY, DESKS, BASES))
ROWS = {(row.purpose, row.desk): row.fields for row in DOCUMENT.disclosures}


def ask(field: str, desk: str, purpose: str) -> Ask:
    of = "uwv/maatwerkplaats" if desk.startswith(("svb/", "szw/")) else "svb/de-bedoeling"
    return Ask(purpose, BASES[purpose], desk, of, (field,))


def reason(asked: Ask, document: Consortium = DOCUMENT) -> str:
    with pytest.raises(DeniedError) as denied:
        verify_ask(asked, document)
    return denied.value.reason


@pytest.mark.parametrize(("field", "desk", "purpose"), CELLS)
def test_a_cell_is_asked_and_granted_where_the_document_has_it_and_nowhere_else(
    field: str, desk: str, purpose: str
) -> None:
    asked = ask(field, desk, purpose)

    if field in ROWS.get((purpose, desk), ()):
        verify_ask(asked, DOCUMENT)
        verify_grant([field], ask=asked, to=desk, document=DOCUMENT)
    else:
        assert reason(asked) in {"fields", "desk"}
        with pytest.raises(DeniedError):
            verify_grant([field], ask=asked, to=desk, document=DOCUMENT)


def test_the_cells_above_are_of_both_sorts() -> None:
    allowed = [cell for cell in CELLS if cell[0] in ROWS.get((cell[2], cell[1]), ())]

    assert (len(CELLS), len(allowed)) == (6 * 5 * 2, 15 + 3)
    assert askable(purpose=SECOND, desk="svb/aio", document=DOCUMENT) == ("severity",)
    assert askable(purpose=SECOND, desk="szw/maatwerk", document=DOCUMENT) == ()


GOOD = Ask(SECOND, "wet-b", "uwv/maatwerkplaats", "svb/aio", ("theme", "severity"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"purpose": "anders"}, "purpose"),
        ({"basis": "wet-c"}, "basis"),
        ({"basis": "wetsvoorstel-36799"}, "basis"),
        ({"desk": "szw/beleid"}, "desk"),
        ({"of": "szw/beleid"}, "desk"),
        ({"of": "svb/nergens"}, "desk"),
        ({"of": "uwv/maatwerkplaats"}, "desk"),
        ({"fields": ()}, "fields"),
        ({"fields": ("theme", "theme")}, "fields"),
        ({"fields": ("theme", "bsn")}, "fields"),
        ({"fields": ("theme", "period")}, "fields"),
    ],
)
def test_what_may_not_be_asked_is_told_by_a_word(change: dict[str, Any], expected: str) -> None:
    verify_ask(GOOD, DOCUMENT)

    assert reason(GOOD._replace(**change)) == expected


@pytest.mark.parametrize("granted", [["theme"], ["severity"], ["severity", "theme"]])
def test_any_part_of_what_was_asked_can_be_granted(granted: list[str]) -> None:
    verify_grant(granted, ask=GOOD, to=GOOD.desk, document=DOCUMENT)


@pytest.mark.parametrize(
    ("granted", "to", "expected"),
    [
        (["period"], GOOD.desk, "fields"),
        (["theme", "period"], GOOD.desk, "fields"),
        ([], GOOD.desk, "fields"),
        (["theme"], "szw/maatwerk", "recipient"),
        (["theme"], "uwv/anders", "recipient"),
    ],
)
def test_nothing_else_can_be_granted_and_to_nobody_else(
    granted: list[str], to: str, expected: str
) -> None:
    with pytest.raises(DeniedError) as denied:
        verify_grant(granted, ask=GOOD, to=to, document=DOCUMENT)

    assert denied.value.reason == expected


def test_grant_is_judged_by_the_document_of_its_own_day() -> None:
    later = drafted(lambda d: d["disclosure"][-1].update(fields=["severity"]))

    verify_grant(["severity"], ask=GOOD, to=GOOD.desk, document=later)
    with pytest.raises(DeniedError, match="fields"):
        verify_grant(["theme"], ask=GOOD, to=GOOD.desk, document=later)


@pytest.mark.parametrize(("profile", "is_allowed"), [("demo", True), ("production", False)])
@pytest.mark.parametrize("status", ["none", "bill"])
def test_basis_that_is_not_in_force_serves_a_demonstration_only(
    profile: str, status: str, *, is_allowed: bool
) -> None:
    document = drafted(
        lambda d: d.update(profile=profile), lambda d: d["basis"][-1].update(status=status)
    )

    if is_allowed:
        verify_ask(GOOD, document)
    else:
        assert reason(GOOD, document) == "basis"
    in_force = drafted(lambda d: d.update(profile=profile))
    verify_ask(GOOD, in_force)
