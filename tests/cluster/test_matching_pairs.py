"""Who posts about one person finds each other, whatever the order, once and under one id."""

import asyncio
from collections.abc import Iterator

import pytest

from ledger.heights import Heights
from tests.support.agencies import ISSUERS, Agencies, meeting, verify_pair

PAIRS = 100


@pytest.fixture(scope="module")
def agencies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    with meeting(tmp_path_factory.mktemp("agencies")) as agencies:
        yield agencies


def test_posts_about_one_person_in_the_same_instant_find_each_other(agencies: Agencies) -> None:
    async def story() -> None:
        people = [agencies.person() for _ in range(PAIRS)]
        local_ids = await asyncio.gather(
            *(agencies.post_only(name, bsn) for bsn in people for name in ("uwv", "svb"))
        )
        await agencies.cluster.until_answered()
        for ours, theirs in zip(local_ids[::2], local_ids[1::2], strict=True):
            one, other = agencies.placed("uwv", ours), agencies.placed("svb", theirs)
            verify_pair(agencies, one, other)
            assert len(agencies.met(one)) == len(agencies.met(other)) == 1

    agencies.run(story())


def test_three_agencies_that_posted_about_one_person_make_three_pairs(agencies: Agencies) -> None:
    person = agencies.person()

    uwv, svb, szw = agencies.run(agencies.post_answered(*((name, person) for name in ISSUERS)))

    for one, other in ((uwv, svb), (uwv, szw), (svb, szw)):
        verify_pair(agencies, one, other)
    assert [len(agencies.ids(placed)) for placed in (uwv, svb, szw)] == [2, 2, 2]


def test_several_signals_of_one_agency_match_others_and_never_each_other(
    agencies: Agencies,
) -> None:
    person, nobody_else = agencies.person(), agencies.person()

    first, alone, other, second, also_alone = agencies.run(
        agencies.post_answered(
            ("uwv", person),
            ("uwv", nobody_else),
            ("svb", person),
            ("uwv", person),
            ("uwv", nobody_else),
        )
    )

    assert agencies.met(first) == agencies.met(second) == {("svb", other.height)}
    assert agencies.met(other) == {("uwv", first.height), ("uwv", second.height)}
    assert agencies.met(alone) == agencies.met(also_alone) == set()


def test_all_signals_about_one_person_make_one_case_at_each_agency(agencies: Agencies) -> None:
    person = agencies.person()

    first, other, second = agencies.run(
        agencies.post_answered(("szw", person), ("svb", person), ("szw", person))
    )

    cases = {agencies.standing(placed).case_id for placed in (first, second)}
    assert len(cases) == 1
    case = agencies.run(agencies.cluster["szw"].cases.show(cases.pop() or ""))
    assert set(case.own_local_ids) == {first.local_id, second.local_id}
    assert {(m.member, m.desk, m.height) for m in case.matches} == {
        ("svb", "svb/de-bedoeling", other.height)
    }
    assert agencies.standing(other).case_id not in {None, case.id}


def test_every_locate_is_answered_once_by_every_other_issuer(agencies: Agencies) -> None:
    expected = {
        (height, name): 1
        for author in ISSUERS
        for height in agencies.heights("locate", author=author)
        for name in ISSUERS
        if name != author
    }

    assert len(expected) > 10
    assert agencies.answers() == expected


@pytest.mark.parametrize("name", ["uwv", "svb", "szw", "bzk"])
def test_nothing_of_others_locates_and_answers_is_left_once_all_is_answered(
    agencies: Agencies, name: str
) -> None:
    own = set(agencies.heights("locate", author=name))
    held = [signed.entry for signed in agencies.custody(name)]

    # Frames that were left here for others open for their addressees alone.
    left = [e for e in held if e.kind == "answer" and own & set(Heights.decode(e.further).named)]
    assert left == []
    assert {entry.kind for entry in held} <= {"signal", "answer"}


def test_an_audit_of_all_that_finds_nothing(agencies: Agencies) -> None:
    report = agencies.cluster.audit("bzk")

    assert report.is_sound, report.findings
