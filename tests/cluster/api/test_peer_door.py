"""The door for other members: what is not theirs is refused, what is gets a signed answer."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.peers.message import PeerMessage
from nodes.peers.port import COSIGN, FINAL, KEYS, PULL, PUSH
from tests.cluster.api.conftest import Faced
from tests.support.faces import Face

LENGTH_PREFIXED = st.lists(st.text("ab/: \n—", max_size=12), max_size=10).map(
    lambda lines: len("\n".join(lines).encode()).to_bytes(4, "big") + "\n".join(lines).encode()
)


def knock(face: Face, message: bytes) -> httpx.Response:
    """Send bytes to the door."""
    return face.runner.run(face.send("POST", "/peer", content=message))


def request_of(
    consortium: Faced,
    *,
    operation: str = KEYS,
    payload: bytes = b"",
    recipient: str = "uwv",
    state: str | None = None,
) -> PeerMessage:
    """Return a request by SVB, which it would sign."""
    now = int(consortium.cluster.clock.now().timestamp())
    return PeerMessage(
        origin=consortium.cluster.founded.document.origin,
        is_answer=False,
        sender="svb",
        recipient=recipient,
        operation=operation,
        state=str(now) if state is None else state,
        id=bytes(16),
        payload=payload,
    )


def signed(consortium: Faced, message: PeerMessage, *, by: str = "svb") -> bytes:
    """Return a message signed by a member."""
    return message.encode(consortium.cluster[by].keyring.entry)


@given(st.binary(max_size=300) | LENGTH_PREFIXED)
def test_bytes_of_no_member_are_refused(uwv: Face, message: bytes) -> None:
    response = knock(uwv, message)

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


def test_a_request_of_a_member_gets_a_signed_answer(consortium: Faced, uwv: Face) -> None:
    request = request_of(consortium)

    response = knock(uwv, signed(consortium, request))

    answer = PeerMessage.decode(response.content, consortium.cluster.founded.document)
    answer.verify_answers(request)
    assert (response.status_code, answer.state) == (200, "ok")
    assert answer.payload == uwv.node.keyring.sealing.public.raw


def test_a_request_signed_by_another_member_is_refused(consortium: Faced, uwv: Face) -> None:
    response = knock(uwv, signed(consortium, request_of(consortium), by="szw"))

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("recipient", "state"),
    [
        ("szw", None),
        ("uwv", "0"),
        ("uwv", "ok"),
        ("uwv", ""),
        ("uwv", "-1"),
        ("uwv", "9" * 30),
        ("uwv", "9" * 5000),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_request_to_another_or_of_another_time_is_refused(
    consortium: Faced, uwv: Face, recipient: str, state: str | None
) -> None:
    request = request_of(consortium, recipient=recipient, state=state)

    response = knock(uwv, signed(consortium, request))

    assert response.status_code == 400


@given(st.sampled_from([PUSH, PULL, COSIGN, FINAL, "erase", ""]), st.binary(max_size=200))
def test_a_request_that_makes_no_sense_gets_a_signed_refusal(
    consortium: Faced, uwv: Face, operation: str, payload: bytes
) -> None:
    request = request_of(consortium, operation=operation, payload=payload)

    response = knock(uwv, signed(consortium, request))

    answer = PeerMessage.decode(response.content, consortium.cluster.founded.document)
    answer.verify_answers(request)
    assert (response.status_code, answer.state) == (200, "refused")
