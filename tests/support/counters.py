"""People at the desks of one agency, who ask its API about cases that stand in memory."""

import asyncio
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import httpx
from fastapi import FastAPI

from api.app import create_app
from ledger.case.people import Role
from nodes.node import Node
from nodes.people import Person
from nodes.settings import ROLES
from nodes.staff import Staff
from tests.support.casework import UWV
from tests.support.contract import Contract
from tests.support.fake_casework import OTHER_DESK, FakeCasework

URL = "https://uwv.example"
_keys = count()


def person(name: str, *roles: Role, desk: str = UWV, deputy_of: str | None = None) -> Person:
    """Return somebody whose token is `token-of-<name>` and more."""
    return Person(name, roles, desk, token_of(name), deputy_of)


def token_of(name: str) -> str:
    """Return the token of a person, or of a role."""
    return f"token-of-{name:-<20}"


PEOPLE = (
    person("worker", Role.CASEWORKER),
    person("colleague", Role.CASEWORKER),
    person("approver", Role.APPROVER),
    person("officer", Role.PRIVACY_OFFICER, desk="uwv/fg"),
    person("lead", Role.LEAD),
    person("stand-in", Role.APPROVER, deputy_of="worker"),
    person("everything", Role.CASEWORKER, Role.APPROVER, Role.PRIVACY_OFFICER, Role.LEAD),
    person("stranger", Role.CASEWORKER, Role.LEAD, desk=OTHER_DESK),
    person("policy", Role.POLICY),
    person("auditor", Role.AUDITOR),
    person("operator", Role.OPERATOR),
)


@dataclass
class Counters:
    """An application over cases in memory; whoever asks is named, a person or `system:<role>`."""

    casework: FakeCasework = field(default_factory=FakeCasework)
    people: tuple[Person, ...] = PEOPLE

    def __post_init__(self) -> None:
        """Make the application."""
        log = SimpleNamespace(document=lambda: self.casework.setting.document)
        settings = SimpleNamespace(url=URL)
        self._node = SimpleNamespace(settings=settings, casework=self.casework, log=log)
        tokens = {token_of(f"system:{role}"): role for role in ROLES}
        self.app: FastAPI = create_app(
            cast("Node", self._node), tokens=tokens, staff=Staff(self.people)
        )
        self.contract = Contract(self.ask("GET", "/v1/openapi.json", checked=False).json())

    def begin_again(self) -> None:
        """Forget every case; making the application takes much longer."""
        self.casework = self._node.casework = FakeCasework()

    def ask(
        self,
        method: str,
        path: str,
        who: str | None = None,
        *,
        role: str | None = None,
        key: str | None = None,
        checked: bool = True,
        **request: Any,
    ) -> httpx.Response:
        """Return the answer to somebody who may name a role; a POST has a key of its own."""
        headers: dict[str, str] = request.pop("headers", {})
        if who is not None:
            headers["Authorization"] = f"Bearer {token_of(who)}"
        if role is not None:
            headers["Signaalketen-Role"] = role
        if method == "POST":
            headers["Idempotency-Key"] = f"key-{next(_keys)}" if key is None else key

        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
                return await client.request(method, path, headers=headers, **request)

        response = asyncio.run(once())
        if checked:
            self.contract.verify(response)
        return response

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, as a handler of `tests.support.fake_node.served`."""

        async def once() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app)) as client:
                return await client.send(request)

        return asyncio.run(once())

    def do(self, who: str, case_id: str, what: str, **body: Any) -> httpx.Response:
        """Return the answer to a POST about the first match of a case, if no other is named."""
        named = {"match": self.casework.match_of(case_id).hex()} | body
        return self.ask("POST", f"/v1/cases/{case_id}/{what}", who, json=named)
