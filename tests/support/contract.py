"""The contract of the API: what its OpenAPI document says of every answer, and a check of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import BaseModel

from api.body import BodyOut
from api.case import CaseOut, CasePageOut
from api.case_acts import SaidOut
from api.case_file import CaseFileOut
from api.contradiction import ContradictionsOut
from api.entry import EntryOut
from api.epoch import EpochsOut, GenerationOut
from api.problems import MEDIA_TYPE, Problem
from api.request import ShownOut
from api.signal import BatchOut, SignalOut, SignalPageOut
from api.worklist import QueueOut, WorklistOut

_MODELS: dict[str, type[BaseModel]] = {
    model.__name__: model
    for model in (
        BatchOut,
        BodyOut,
        CaseFileOut,
        CaseOut,
        CasePageOut,
        ContradictionsOut,
        EntryOut,
        EpochsOut,
        GenerationOut,
        Problem,
        QueueOut,
        SaidOut,
        ShownOut,
        SignalOut,
        SignalPageOut,
        WorklistOut,
    )
}
_MAJOR = "/v1"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, and what the document says of it."""

    path: str
    method: str
    content: dict[str, Any]

    @property
    def responses(self) -> dict[str, Any]:
        """Return the documented responses by status."""
        responses: dict[str, Any] = self.content["responses"]
        return responses

    def is_asked_by(self, request: httpx.Request) -> bool:
        """Tell whether `request` is for this operation."""
        pattern = re.sub(r"\{\w+\}", "[^/]+", _MAJOR + self.path)
        is_path = re.fullmatch(pattern, request.url.path) is not None
        return is_path and request.method == self.method


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """Yield every operation in an OpenAPI document."""
    for path, methods in document["paths"].items():
        for method, content in methods.items():
            yield Operation(path, method.upper(), content)


class Contract:
    """Holds answers to an OpenAPI document; `seen` is every (operation, status) that came by."""

    def __init__(self, document: dict[str, Any]) -> None:
        """Hold answers to `document`."""
        self._operations = list(operations(document))
        self.seen: set[tuple[str, str, str]] = set()

    def verify(self, response: httpx.Response) -> None:
        """Check one answer that was read whole.

        Raises:
            AssertionError: it is not as documented.
        """
        request = response.request
        what = f"{request.method} {request.url.path[:80]}: {response.status_code}"
        media_type = response.headers.get("content-type", "").partition(";")[0]
        assert response.headers["api-version"], what
        assert response.headers["x-content-type-options"] == "nosniff", what
        assert response.status_code != httpx.codes.UNPROCESSABLE_ENTITY, what
        if response.is_error and media_type == MEDIA_TYPE and request.method != "HEAD":
            assert _decode(Problem, response).status == response.status_code, what
        asked = next((o for o in self._operations if o.is_asked_by(request)), None)
        if asked is None:
            # The readiness of a node is no problem of its caller.
            assert not response.is_error or media_type in {MEDIA_TYPE, "application/json"}, what
            return
        status = str(response.status_code)
        if response.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
            return
        assert status in asked.responses, f"{what} is not documented"
        content = asked.responses[status].get("content", {})
        # What documents no content has none.
        assert media_type in (content or {""}), f"{what} {media_type} is not documented"
        assert content or not response.content, f"{what} has a body that is not documented"
        reference = content.get(media_type, {}).get("schema", {}).get("$ref")
        if reference is not None:
            _decode(_MODELS[reference.rsplit("/", 1)[1]], response)
        self.seen.add((asked.method, asked.path, status))


def _decode(model: type[BaseModel], response: httpx.Response) -> Any:
    return model.model_validate_json(response.content, by_alias=True, by_name=False)
