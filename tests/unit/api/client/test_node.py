import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from api.client.errors import AnsweredError, ClientError, UnreachableError
from api.client.node import NodeClient, Refused, Taken

URL = "http://127.0.0.1:1"
BSN = "999900006"
SIGNAL = {"localId": "aa", "state": "final", "height": 7, "receipt": "c2sp…", "bsn": BSN}
Answer = Callable[[httpx.Request], httpx.Response]


def client_of(answer: Answer, *, token: str | None = None) -> NodeClient:
    return NodeClient(URL + "/", token=token, transport=httpx.MockTransport(answer))


def answering(status: int, content: object) -> Answer:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return lambda _: httpx.Response(status, content=raw)


def test_post_sends_token_key_and_body_and_reads_the_receipt() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(201, json=SIGNAL)

    with client_of(answer, token="secret") as client:
        taken = client.post_signal({"bsn": BSN}, key="k-1")

    assert taken == Taken(local_id="aa", state="final", height=7, receipt="c2sp…".encode())
    assert taken.is_final
    assert str(asked[0].url) == f"{URL}/v1/signals"
    assert asked[0].headers["authorization"] == "Bearer secret"
    assert asked[0].headers["idempotency-key"] == "k-1"
    assert json.loads(asked[0].content) == {"bsn": BSN}


def test_batch_gives_each_signal_its_own_outcome() -> None:
    results = [
        {"status": 202, "signal": SIGNAL | {"state": "waiting", "receipt": None}, "problem": None},
        {"status": 400, "signal": None, "problem": {"detail": "desk must be one of …"}},
    ]

    with client_of(answering(200, {"results": results})) as client:
        outcomes = client.post_batch([b"{}", b"{}"], key="k")

    assert outcomes == [Taken("aa", "waiting", 7, None), Refused("desk must be one of …")]


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        ({"detail": "This token is not known here."}, "This token is not known here."),
        (b"<html>", "the node answers 401 Unauthorized"),
        ([], "the node answers 401 Unauthorized"),
        ({"detail": ""}, "the node answers 401 Unauthorized"),
    ],
)
def test_refusal_says_what_the_node_says(content: object, detail: str) -> None:
    with client_of(answering(401, content)) as client, pytest.raises(AnsweredError) as caught:
        client.signal("aa")

    assert str(caught.value) == detail
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        [],
        {},
        {"results": [{"signal": None}]},
        {"results": []},
        {"results": None},
        {"results": [{"signal": {"localId": "aa"}, "problem": None}]},
    ],
)
def test_what_is_no_answer_of_a_node_is_no_success(content: object) -> None:
    with client_of(answering(200, content)) as client, pytest.raises(ClientError, match="address"):
        client.post_batch([b"{}"], key="k")


def test_answer_without_end_is_not_read_to_its_end() -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1000
            yield bytes(1000)

    with (
        client_of(lambda _: httpx.Response(200, content=endless())) as client,
        pytest.raises(AnsweredError, match="without end"),
    ):
        client.read("/tile/entries/000", limit=10_000)

    assert read <= 12_000


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_silent_node_is_named_without_what_was_sent(kind: type[httpx.TransportError]) -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise kind(f"while sending {request.content!r}")

    with client_of(silent) as client, pytest.raises(UnreachableError, match=URL) as caught:
        client.post_signal({"bsn": BSN}, key="k")

    assert BSN not in str(caught.value)


def test_token_follows_no_redirect() -> None:
    asked: list[str] = []

    def elsewhere(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"location": "http://elsewhere.test/"})

    with client_of(elsewhere, token="secret") as client, pytest.raises(AnsweredError):
        client.checkpoint()

    assert asked == [f"{URL}/checkpoint"]


@pytest.mark.parametrize(
    "url", ["uwv.test", "ftp://uwv.test", "http://", "http://uwv.test:x", "file:///x"]
)
def test_address_of_no_node_is_refused(url: str) -> None:
    with pytest.raises(ClientError, match="address"):
        NodeClient(url)


@pytest.mark.parametrize(
    ("url", "is_exposed"),
    [
        ("http://uwv.test", True),
        ("https://uwv.test", False),
        ("http://127.0.0.1:8101", False),
        ("http://[::1]:8101", False),
        ("http://localhost:8101", False),
        ("http://localhost.uwv.test", True),
    ],
)
def test_only_plain_http_over_a_network_is_exposed(url: str, is_exposed: bool) -> None:
    with NodeClient(url) as client:
        assert client.is_exposed is is_exposed


@pytest.mark.parametrize(("status", "is_ready"), [(200, True), (503, False)])
def test_readiness_is_the_nodes_own_word(status: int, is_ready: bool) -> None:
    with client_of(answering(status, {})) as client:
        assert client.is_ready() is is_ready


def test_cases_are_read_page_by_page_to_the_last() -> None:
    asked: list[str] = []
    pages = [{"cases": [{"id": "a"}], "next": "a"}, {"cases": [{"id": "b"}], "next": None}]

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.query.decode())
        return httpx.Response(200, json=pages[len(asked) - 1])

    with client_of(answer) as client:
        cases = client.cases()

    assert cases == [{"id": "a"}, {"id": "b"}]
    assert asked == ["pageSize=100", "pageSize=100&after=a"]


def test_a_note_is_handed_in_as_the_text_that_it_is() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(202, json={"entryId": "ab", "author": "uwv", "kind": "epoch"})

    with client_of(answer, token="secret") as client:
        entry_id = client.submit_entry(b"a note\n")

    assert entry_id == "ab"
    assert (asked[0].url.path, asked[0].content) == ("/v1/entries", b"a note\n")
    assert asked[0].headers["content-type"] == "text/plain"


def test_an_own_signal_carries_its_case_and_who_has_not_answered() -> None:
    answer = answering(200, SIGNAL | {"caseId": "cc", "unanswered": ["svb"]})

    with client_of(answer) as client:
        taken = client.signal("aa")

    assert (taken.case_id, taken.unanswered) == ("cc", ("svb",))


@pytest.mark.parametrize("content", [[], {}, {"cases": 5}, {"epochs": [{}]}, {"entryId": None}])
def test_an_answer_of_no_node_is_said_to_be_none(content: object) -> None:
    with client_of(answering(200, content)) as client:
        for ask in (client.cases, client.epochs):
            with pytest.raises(ClientError, match="does not answer as a node does"):
                ask()
