"""What a node answers before it has a founding block."""

import asyncio
from collections.abc import Iterator

import pytest

from nodes.adapters import Adapters
from nodes.node import Node
from nodes.sequencer.embedded import EmbeddedSequencer
from nodes.store.database import Database
from tests.support.consortium import found
from tests.support.faces import Face, new_signal
from tests.support.fakes import FakeClock, Wires


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Face]:
    """The face of a node that was never run."""
    settings = found(tmp_path_factory.mktemp("empty")).settings("uwv")
    adapters = Adapters(
        clock=FakeClock(),
        transport=Wires().end(settings.url),
        sequencer=EmbeddedSequencer(settings.shared_order),
        database=Database(settings.data_dir / "node.db"),
    )
    with asyncio.Runner() as runner:
        yield Face(Node(settings, adapters), runner)
    adapters.sequencer.close()
    adapters.database.close()


def test_a_node_without_a_chain_lives_and_is_not_ready(empty: Face) -> None:
    readiness = empty.get("/readyz", role="operator")

    assert empty.get("/healthz").text == "ok\n"
    assert readiness.status_code == 503
    assert [reason["code"] for reason in readiness.json()["reasons"]] == ["no-chain"]
    assert readiness.json()["reasons"][0]["remedy"]


@pytest.mark.parametrize(
    "path", ["/checkpoint", "/v1/checkpoint", "/v1/consortium", "/v1/receipts/0", "/tile/0/000.p/1"]
)
@pytest.mark.parametrize("role", [None, "auditor"])
def test_nothing_of_a_chain_is_found_before_it_is_there(
    empty: Face, path: str, role: str | None
) -> None:
    response = empty.get(path, role=role)

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_nothing_can_be_posted_before_there_is_a_chain(empty: Face) -> None:
    alone = empty.post("/v1/signals", json=new_signal())
    batch = empty.post("/v1/signal-batches", json={"signals": [new_signal()]})

    assert (alone.status_code, batch.status_code) == (503, 503)
    assert empty.get("/v1/signals", role="caseworker").json() == {"signals": [], "next": None}


def test_nothing_is_handed_in_before_there_is_a_chain(empty: Face) -> None:
    note = empty.node.settings.founding.read_bytes()

    response = empty.post("/v1/entries", content=note, role="operator", key=None)

    assert response.status_code == 503
    assert empty.get("/v1/epochs").json() == {"epochs": []}
    assert empty.get("/v1/cases", role="caseworker").json() == {"cases": [], "next": None}


def test_a_peer_cannot_be_known_before_there_is_a_chain(empty: Face) -> None:
    response = empty.runner.run(empty.send("POST", "/peer", content=b"\0\0\0\0"))

    assert response.status_code == 404


def test_metrics_are_there_before_the_chain(empty: Face) -> None:
    text = empty.get("/metrics", role="operator").text

    assert "signaalketen_blocks_final 0.0" in text
    assert 'signaalketen_unready{code="no-chain"} 1.0' in text
