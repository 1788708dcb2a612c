"""A client for one person's work on cases: worklist, files, and whatever is said or done in one.

What is said has a key of its own: where no answer came it is asked once more under the same key,
and so is said once.
"""

import secrets
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from api.case_acts import SaidOut
from api.case_file import CaseFileOut
from api.client.errors import ClientError, UnreachableError
from api.client.node import NodeClient
from api.request import ShownOut
from api.worklist import QueueOut, WorklistOut

_Model = TypeVar("_Model", bound=BaseModel)
_KEY_BYTES = 16


class CaseworkClient:
    """Works on cases at a node, as the person whose token `node` shows, in `role` if not None."""

    def __init__(self, node: NodeClient, *, role: str | None = None) -> None:
        """Ask nothing yet."""
        self._node = node
        self._role = role

    def worklist(
        self, *, count: int, after: str | None = None, desk: str | None = None
    ) -> WorklistOut:
        """Return a page of the person's desk."""
        more = f"{_and('after', after)}{_and('desk', desk)}"
        return self._read(WorklistOut, f"/v1/worklist?pageSize={count}{more}")

    def approvals(self, *, count: int, after: str | None = None) -> QueueOut:
        """Return a page of requests to decide."""
        return self._read(QueueOut, f"/v1/approvals?pageSize={count}{_and('after', after)}")

    def reviews(self, *, count: int, after: str | None = None) -> QueueOut:
        """Return a page of broken glasses to review."""
        return self._read(QueueOut, f"/v1/reviews?pageSize={count}{_and('after', after)}")

    def file(self, case_id: str) -> CaseFileOut:
        """Return a whole case."""
        return self._read(CaseFileOut, f"/v1/cases/{case_id}/file")

    def say(
        self, case_id: str, what: str, body: Mapping[str, object], *, key: str | None = None
    ) -> str:
        """Say something to the other desk and return the message's id.

        Raises:
            AnsweredError: it was refused, and not said.
            UnreachableError: no answer, twice; the same again under the same `key` is safe.
        """
        known, path = key or secrets.token_hex(_KEY_BYTES), f"/v1/cases/{case_id}/{what}"
        try:
            raw = self._node.call("POST", path, body=body, key=known, role=self._role)
        except UnreachableError:
            raw = self._node.call("POST", path, body=body, key=known, role=self._role)
        return self._decode(SaidOut, raw).id

    def do(self, case_id: str, what: str, body: Mapping[str, object]) -> None:
        """Do something in a case; a second time it changes nothing, or is denied."""
        self._node.call("POST", f"/v1/cases/{case_id}/{what}", body=body, role=self._role)

    def shown(self, case_id: str, request: str, *, match: str) -> ShownOut:
        """Return what an own request was granted, with the proof."""
        path = f"/v1/cases/{case_id}/requests/{request}/readings"
        raw = self._node.call("POST", path, body={"match": match}, role=self._role)
        return self._decode(ShownOut, raw)

    def assign(self, case_id: str, person: str | None) -> None:
        """Let somebody carry a case, or nobody in particular."""
        path = f"/v1/cases/{case_id}/assignee"
        self._node.call("PUT", path, body={"person": person}, role=self._role)

    def be_away(self, person: str, *, first: str, last: str, deputy: str | None) -> None:
        """Note an absence."""
        body = {"person": person, "first": first, "last": last, "deputy": deputy}
        self._node.call("POST", "/v1/absences", body=body, role=self._role)

    def _read(self, model: type[_Model], path: str) -> _Model:
        return self._decode(model, self._node.call("GET", path, role=self._role))

    def _decode(self, model: type[_Model], raw: bytes) -> _Model:
        try:
            return model.model_validate_json(raw)
        # Its cause would quote the answer, which is about somebody.
        except ValidationError:
            raise ClientError(
                f"{self._node.url} does not answer as a node of this version does"
            ) from None


def _and(name: str, value: str | None) -> str:
    return "" if value is None else f"&{name}={quote(value, safe='')}"
