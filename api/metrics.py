"""A node's numbers for Prometheus, read when asked; none of them is about a person."""

from collections import Counter
from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from nodes.node import Node
from nodes.readiness import reasons
from nodes.reposting import Reposted
from nodes.sequencer.cometbft.misbehaviour import Misbehaviour
from nodes.staff import Staff
from nodes.store import chain as store


class NodeCollector(Collector):
    """Reads the numbers of `node` and its `staff`."""

    def __init__(self, node: Node, staff: Staff | None = None) -> None:
        """Read nothing yet."""
        self._node = node
        self._staff = staff

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        node = self._node
        yield GaugeMetricFamily(
            "signaalketen_blocks_applied", "Blocks applied", node.progress.applied.value
        )
        yield GaugeMetricFamily(
            "signaalketen_blocks_final", "Blocks that are final", node.progress.final.value
        )
        with node.database.read() as connection:
            refusals = store.refusals(connection)
            waiting = node.signals.count_waiting(connection)
        yield GaugeMetricFamily(
            "signaalketen_own_signals_waiting", "Own signals not on the chain yet", waiting
        )
        refused = CounterMetricFamily(
            "signaalketen_refusals", "Entries and items refused, by reason", labels=["reason"]
        )
        for reason, count in refusals.items():
            refused.add_metric([reason], count)
        yield refused
        yield _reposted(node.reposting.progress())
        if node.engine is not None:
            yield _misbehaviour(node.engine.state.misbehaviour)
        unready = GaugeMetricFamily(
            "signaalketen_unready", "What is wrong now, by the code of /readyz", labels=["code"]
        )
        for wrong in reasons(node, self._staff):
            unready.add_metric([wrong.code], 1)
        yield unready


def _reposted(progress: Sequence[Reposted]) -> Metric:
    family = GaugeMetricFamily(
        "signaalketen_posted_anew",
        "Own signals of an epoch that was replaced, by how far posting them anew is",
        labels=["purpose", "epoch", "state"],
    )
    for one in progress:
        states = {
            "waiting": one.total - one.posted - one.refused,
            "beside": one.posted - one.done,
            "done": one.done,
            "refused": one.refused,
        }
        for state, count in states.items():
            family.add_metric([one.purpose, str(one.epoch), state], count)
    return family


def _misbehaviour(proofs: Sequence[Misbehaviour]) -> Metric:
    family = CounterMetricFamily(
        "signaalketen_engine_misbehaviour",
        "Proofs that an engine signed two things for one step, by member",
        labels=["member", "kind"],
    )
    for (member, kind), count in Counter((p.member or p.address, p.kind) for p in proofs).items():
        family.add_metric([member, kind], count)
    return family
