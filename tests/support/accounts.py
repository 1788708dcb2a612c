"""The reckoning after a storm: what was answered is on every chain, once, final and kept."""

from collections.abc import Mapping

from sqlalchemy import select

from ledger.block import Block
from ledger.body import Share
from ledger.rules.signal import CONTENT, verify_signal_share
from nodes.store.tables import SignalRow
from tests.support.cluster import Cluster
from tests.support.consortium import DESKS, ROLES

_signal = SignalRow.__table__  # type: ignore[attr-defined]


def verify_nothing_lost(cluster: Cluster, answered: Mapping[str, str]) -> None:
    """Check a settled cluster of four; `answered` holds the poster by local id.

    Raises:
        AssertionError: a signal is lost, twice there, or not kept by whoever signed for it.
    """
    for local_id, name in answered.items():
        assert cluster.signal(name, local_id).is_final, "answered, and not final"
    chain = cluster.blocks("bzk")
    for name in ROLES:
        assert cluster.blocks(name) == chain, f"{name} has another chain"
        report = cluster.audit(name)
        assert report.is_sound, report.findings
    for name in DESKS:
        on_chain = cluster.signals_on_chain("bzk", author=name)
        assert len(set(on_chain)) == len(on_chain)
        # Equal sets: nothing is there twice under another id, and nothing kept is missing.
        assert set(on_chain) == _kept(cluster, name), f"{name} keeps others than are on the chain"
    _verify_custody(cluster, chain)


def _kept(cluster: Cluster, name: str) -> set[bytes]:
    with cluster[name].database.read() as connection:
        return set(connection.execute(select(_signal.c.entry_id)).scalars())


def _verify_custody(cluster: Cluster, chain: list[bytes]) -> None:
    for raw in chain:
        signed = Block.decode(raw).signed
        if signed.entry.kind != "signal":
            continue
        for line in signed.lines[1:]:
            custodian = cluster[line.name.rpartition("/")[2]]
            with custodian.database.read() as connection:
                held = custodian.custody.give_back(
                    connection, signed.id, author=signed.entry.author
                )
            assert held is not None, f"{line.name} signed for what it does not hold"
            share = Share.decode(held)
            verify_signal_share(share, signed.entry)
            assert share.item(CONTENT) is not None
