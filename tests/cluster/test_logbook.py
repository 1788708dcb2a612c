"""The logbook of four nodes that meet: what each records, what the chain shows of it, its audit."""

from collections import Counter
from collections.abc import Iterator

import pytest

from ledger.audit import Finding
from ledger.bsn import Bsn
from nodes.adapters import opened_holdings
from nodes.holdings import HeldCount
from nodes.logbook import Act
from nodes.logkeeper import KIND
from nodes.node import Node
from tests.support.agencies import Agencies, Placed, meeting
from tests.support.consortium import ROLES, url_of
from tests.support.logbook import entries_on_chain, hours_of, logged, records_of, tamper

HOUR_SECONDS = 3600
_ASKED_OF_OTHERS = (Act.HOLD, Act.EVALUATE)


@pytest.fixture(scope="module")
def agencies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    with meeting(tmp_path_factory.mktemp("agencies")) as agencies:
        yield agencies


@pytest.fixture(scope="module")
def met(agencies: Agencies) -> list[Placed]:
    """Return two signals about one person; a third, by SZW, met nobody."""
    person = agencies.person()
    return agencies.run(
        agencies.post_answered(("uwv", person), ("svb", person), ("szw", agencies.person()))
    )


def audited(agencies: Agencies, name: str) -> list[Finding]:
    """Return what the member's own audit finds in its log."""
    tip = agencies.cluster.final("bzk").checkpoint
    with opened_holdings(agencies.cluster[name].settings) as holdings:
        return list(
            holdings.check_log(
                tip,
                document=agencies.cluster.founded.document,
                now=agencies.cluster.clock.now(),
                count=HeldCount(),
            )
        )


async def end_hour(agencies: Agencies) -> None:
    """Let the hour end, and every node's entry of it become final."""
    before = {name: len(hours_of(node)) for name, node in nodes(agencies).items()}
    agencies.cluster.clock.turn(seconds=HOUR_SECONDS)
    await agencies.cluster.until(
        lambda: all(len(hours_of(node)) > before[name] for name, node in nodes(agencies).items())
    )
    await agencies.cluster.until(
        lambda: all(
            len(entries_on_chain(node)) == sum(len(hours_of(n)) for n in nodes(agencies).values())
            for node in nodes(agencies).values()
        )
    )
    await agencies.cluster.until_settled()


def nodes(agencies: Agencies) -> dict[str, Node]:
    return {name: agencies.cluster[name] for name in ROLES}


def test_every_agency_records_what_it_did_about_whom_as_far_as_it_knows(
    agencies: Agencies, met: list[Placed]
) -> None:
    uwv, svb = (agencies.cluster[name] for name in ("uwv", "svb"))
    with uwv.database.read() as connection:
        digits = uwv.signals.posting(connection, met[0].local_id).bsn.digits

    done = logged(uwv)

    about = [(one.name, one.processor) for one in done if one.digits == digits]
    # SVB's signal is compared because SVB asked; what SVB and SZW answered was opened.
    assert Counter(about) == Counter(
        [
            (Act.POST, ""),
            (Act.LOCATE, ""),
            (Act.COMPARE, url_of("svb")),
            (Act.OPEN, url_of("svb")),
            (Act.OPEN, url_of("szw")),
        ]
    )
    # At SVB the person was met in the answer; nothing of UWV's was known when it was compared.
    assert Counter(one.name for one in logged(svb) if one.digits == digits) == Counter(
        {Act.POST: 1, Act.LOCATE: 1, Act.OPEN: 2}
    )
    assert {one.digits for one in logged(agencies.cluster["bzk"])} == {""}
    assert {one.name for one in logged(agencies.cluster["bzk"])} == {Act.HOLD, Act.EVALUATE}


def test_hit_and_miss_leave_as_many_records(agencies: Agencies, met: list[Placed]) -> None:
    """Else the number that the chain shows would tell an hour in which somebody was found."""
    assert met
    known = agencies.person()
    agencies.run(agencies.post_answered(("szw", known)))

    misses = [records_of_a_post(agencies, agencies.person()) for _ in range(2)]
    hit = records_of_a_post(agencies, known)

    assert misses == [hit, hit]
    assert hit["svb", Act.COMPARE] == hit["szw", Act.COMPARE] == 1
    assert hit["uwv", Act.OPEN] == 2


def records_of_a_post(agencies: Agencies, bsn: Bsn) -> Counter[tuple[str, str]]:
    """Let UWV post; return how many records of what this leaves where."""

    def count() -> Counter[tuple[str, str]]:
        return Counter(
            (name, record.name) for name, node in nodes(agencies).items() for record in logged(node)
        )

    before = count()
    agencies.run(agencies.post_answered(("uwv", bsn)))
    # How often a busy peer is asked for custody or evaluation does not depend on a match either,
    # but on how fast it is.
    return Counter({k: n for k, n in (count() - before).items() if k[1] not in _ASKED_OF_OTHERS})


def test_each_hour_of_each_member_stands_on_the_chain_and_holds(
    agencies: Agencies, met: list[Placed]
) -> None:
    assert met
    agencies.run(end_hour(agencies))

    for name, node in nodes(agencies).items():
        assert audited(agencies, name) == []
        assert sum(hours.count for hours in hours_of(node)) == len(records_of(node)) > 0
    shown = {signed.entry.further for signed in entries_on_chain(agencies.cluster["bzk"])}
    assert shown == {"64\n"}
    assert agencies.cluster.audit("uwv").is_sound


def test_the_logs_root_is_found_wrong_when_one_record_is_removed(
    agencies: Agencies, met: list[Placed]
) -> None:
    assert met
    agencies.run(end_hour(agencies))
    svb = agencies.cluster["svb"]
    assert audited(agencies, "svb") == []

    tamper(svb, "DELETE FROM log_record WHERE number = 2")

    (finding,) = audited(agencies, "svb")
    (hours, *_) = hours_of(svb)
    assert finding.reason == KIND
    assert finding.height is not None
    assert finding.detail == f"{hours}: record 2 is missing"
    # The chain itself is as it was: only the agency's own log is not what it said.
    assert agencies.cluster.audit("svb").is_sound
