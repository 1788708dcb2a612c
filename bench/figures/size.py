"""What a signal and a case take: of the chain, and of the disk of everybody whom they concern.

One agency posts about new people, then a second about the same people; each time the growth of all
databases is measured once every signal is located and answered. Disks are measured in whole pages,
indexes and tree nodes included, without the write-ahead log, which does not grow with the chain.

A case is two signals of two agencies. What their desks say adds nothing to the chain: it goes in
beats, which go anyway (`bench.figures.beat`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from bench.crowd import same
from bench.figure import Aim, Figure
from bench.figures.bulk import import_all
from bench.nodes import Nodes
from bench.workshop import Workshop
from demo.people import CaseSignal

_AIM_BYTES = 700
_FIRST, _SECOND, _CUSTODIAN = "uwv", "svb", "bzk"
_BLOCK = "SELECT avg(length(raw)) FROM block WHERE kind = 'signal'"
_CHAIN = "SELECT sum(length(raw)) FROM block"
_WATCH = "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = 'watch'"


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield bytes a signal on the chain, on disk by what the member is to it, and those a case."""
    nodes, count = shop.matching_nodes, shop.scale.weighed
    firsts = nodes.crowd.signals(_FIRST, count)
    shop.show("weighing signals that match nothing", 0)
    alone = _growth(nodes, firsts)
    shop.show("weighing signals that match", 0.5)
    met = _growth(nodes, same(firsts, nodes.crowd.signals(_SECOND, count)))
    block = nodes.looks.ask(_CUSTODIAN, _BLOCK)
    yield Figure(
        "bytes a block", block, "B", aim=Aim("≤ 700 B", block <= _AIM_BYTES),
        note="a signal, as it stands on the chain",
    )  # fmt: skip
    yield Figure(
        "bytes a signal, on the chain", alone[_CHAIN], "B", limit=block,
        limit_of="the block itself", ratio=alone[_CHAIN] / block,
        note=f"with its share of locates and answers, of {count} signals imported",
    )  # fmt: skip
    for role, value, note in (
        ("author", alone[_FIRST], f"of which watched locators {alone[_WATCH]:,.0f}"),
        ("author, with a match", met[_SECOND], ""),
        ("another issuer, no match", alone[_SECOND], ""),
        ("another issuer, a match", met[_FIRST], ""),
        ("custodian", alone[_CUSTODIAN], ""),
    ):
        yield Figure(
            f"bytes a signal, {role}", value, "B", limit=block, limit_of="the block itself",
            ratio=value / block, note=note,
        )  # fmt: skip
    members = [member.name for member in nodes.members.all]
    on_chain, beside = case_of(alone, met, members=members)
    yield Figure(
        "bytes a case, on the chain", on_chain, "B", limit=2 * block, limit_of="its two blocks",
        ratio=on_chain / (2 * block),
        note="two signals with their share of locates and answers; messages add none",
    )  # fmt: skip
    yield Figure(
        "bytes a case, beside the chain", beside, "B",
        note=f"on the disks of all {len(members)} members, indexes and tree nodes included",
    )  # fmt: skip


def case_of(
    first: Mapping[str, float], second: Mapping[str, float], *, members: Collection[str]
) -> tuple[float, float]:
    """Return what a case takes on the chain, and beside it on all disks together.

    Of a case's `first` and `second` signal it is given by how much each member's database grew,
    and the chain, of which each has a copy.
    """
    on_chain = first[_CHAIN] + second[_CHAIN]
    disks = sum(grown[name] for grown in (first, second) for name in members)
    return on_chain, disks - on_chain * len(members)


def _growth(nodes: Nodes, signals: Sequence[CaseSignal]) -> dict[str, float]:
    """Import `signals`; return by how much each database, and what is asked, grew a signal."""
    before = _sizes(nodes)
    import_all(nodes, signals)
    return {name: (size - before[name]) / len(signals) for name, size in _sizes(nodes).items()}


def _sizes(nodes: Nodes) -> dict[str, float]:
    looks = nodes.looks
    found = {member.name: _pages(nodes, member.name) for member in nodes.members.all}
    return found | {
        _CHAIN: looks.ask(_CUSTODIAN, _CHAIN),
        _WATCH: looks.ask(_FIRST, _WATCH),
    }


def _pages(nodes: Nodes, name: str) -> float:
    ask = nodes.looks.ask
    used = ask(name, "PRAGMA page_count") - ask(name, "PRAGMA freelist_count")
    return used * ask(name, "PRAGMA page_size")
