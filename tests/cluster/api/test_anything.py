"""Whatever is sent, the answer is one of the contract's, and never that a node failed."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.faces import JSON, Face, new_key, new_signal

SOUND = new_signal()
NAMES = st.sampled_from([*SOUND, "case_reference", "signals"]) | st.text(max_size=12)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20)
    | st.sampled_from(sorted(map(str, SOUND.values())))
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
ALMOST_SIGNALS = st.builds(
    lambda changed, left_out: {k: v for k, v in (SOUND | changed).items() if k not in left_out},
    st.dictionaries(NAMES, SCALARS, max_size=2),
    st.sets(st.sampled_from(sorted(SOUND)), max_size=1),
)
SEGMENTS = st.text(max_size=20) | st.integers().map(str) | st.from_regex(r"[0-9a-f]{32}\Z")


def is_answered(face: Face, path: str, body: Any) -> None:
    """Post `body`; the face itself holds the answer to the contract."""
    response = face.post(path, content=json.dumps(body).encode(), headers=JSON)
    assert response.status_code < 500


@given(VALUES | ALMOST_SIGNALS)
def test_any_json_posted_as_a_signal_is_answered(uwv: Face, body: Any) -> None:
    is_answered(uwv, "/v1/signals", body)


@given(VALUES | st.builds(lambda s: {"signals": s}, st.lists(ALMOST_SIGNALS | VALUES, max_size=4)))
def test_any_json_posted_as_a_batch_is_answered(uwv: Face, body: Any) -> None:
    is_answered(uwv, "/v1/signal-batches", body)


@given(st.binary(max_size=200))
def test_any_bytes_posted_as_a_signal_are_refused(uwv: Face, content: bytes) -> None:
    assert uwv.post("/v1/signals", content=content, headers=JSON).status_code == 400


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=210))
def test_any_key_is_taken_or_refused(uwv: Face, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}

    response = uwv.post("/v1/signals", json=SOUND, key=None, headers=headers)

    is_good = 1 <= len(key) <= 200 and all("!" <= c <= "~" for c in key)
    assert response.status_code == (201 if is_good else 400)


@given(
    st.sampled_from(
        ["/v1/signals/{}", "/v1/receipts/{}", "/v1/blocks/{}/body", "/v1/{}", "/tile/{}", "/{}"]
    ),
    SEGMENTS,
    st.sampled_from([None, "caseworker", "fg"]),
)
@example("/v1/receipts/{}", "9" * 5000, None)
@example("/v1/receipts/{}", "\n", None)
@example("/tile/{}", "entries/\x00", None)
def test_any_id_or_height_is_answered(uwv: Face, path: str, segment: str, role: str | None) -> None:
    text = quote(segment.encode(errors="replace"), safe="")

    assert uwv.get(path.format(text), role=role).status_code < 500


@given(st.dictionaries(st.sampled_from(["before", "pageSize", "x"]), st.text(max_size=20)))
def test_any_question_about_own_signals_is_answered(uwv: Face, params: dict[str, str]) -> None:
    assert uwv.get("/v1/signals", role="caseworker", params=params).status_code in {200, 400}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", ["/v1/signals", "/v1/consortium", "/checkpoint", "/peer", "/v1/x"])
def test_any_other_method_is_told_which_there_are(uwv: Face, method: str, path: str) -> None:
    response = uwv.runner.run(uwv.send(method, path, role="caseworker", key=new_key()))

    assert response.status_code in {404, 405}
    assert ("allow" in response.headers) == (response.status_code == 405)


@pytest.mark.parametrize(
    ("path", "status"), [("/checkpoint", 200), ("/healthz", 200), ("/peer", 405)]
)
def test_head_is_answered_wherever_get_is(uwv: Face, path: str, status: int) -> None:
    response = uwv.runner.run(uwv.send("HEAD", path))

    assert response.status_code == status
    assert response.content == b""
