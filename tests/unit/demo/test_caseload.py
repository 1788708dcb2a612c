"""The cases that there must be, from the input alone."""

from demo.caseload import expected, sorted_case
from demo.people import CaseSignal, Person, people
from ledger.bsn import Bsn

ONE, TWO, THREE = Bsn("999900006"), Bsn("999900018"), Bsn("999990019")


def known_at(bsn: Bsn, **references: str) -> Person:
    signals = (CaseSignal(agency, bsn, own, {}) for agency, own in references.items())
    return Person(bsn, tuple(signals))


def test_who_is_known_at_one_agency_is_in_no_case() -> None:
    assert expected([known_at(ONE, uwv="WP-1")]) == {"uwv": set(), "svb": set(), "szw": set()}


def test_who_is_known_at_two_is_in_a_case_at_each_with_the_other() -> None:
    cases = expected([known_at(ONE, uwv="WP-1", svb="DB-1"), known_at(TWO, szw="MW-1")])

    assert cases == {
        "uwv": {(frozenset({"WP-1"}), frozenset({"DB-1"}))},
        "svb": {(frozenset({"DB-1"}), frozenset({"WP-1"}))},
        "szw": set(),
    }


def test_who_is_known_at_three_is_in_a_case_at_each_with_both_others() -> None:
    cases = expected([known_at(THREE, uwv="WP-1", svb="DB-1", szw="MW-1")])

    assert cases["szw"] == {(frozenset({"MW-1"}), frozenset({"DB-1", "WP-1"}))}
    assert {len(others) for of in cases.values() for _, others in of} == {2}


def test_one_person_more_is_one_case_more_at_exactly_their_agencies() -> None:
    everybody = people(400)
    before = expected(everybody[1:])

    after = expected(everybody)

    agencies = everybody[0].agencies
    more = {agency for agency in after if after[agency] != before[agency]}
    assert more == (agencies if len(agencies) > 1 else set())


def test_pairs_of_agencies_see_each_other_equally_often() -> None:
    cases = expected(people(400))

    seen = {
        (agency, other[:2]) for agency, of in cases.items() for _, others in of for other in others
    }
    assert len(seen) == 6


def test_cases_have_an_order_of_their_own() -> None:
    case = (frozenset({"b", "a"}), frozenset({"d", "c"}))

    assert sorted_case(case) == (["a", "b"], ["c", "d"])
