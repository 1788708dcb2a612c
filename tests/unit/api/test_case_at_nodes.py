"""A case between two real nodes, by nothing but the API at both."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from ledger.case.people import Role
from ledger.sdjwt import RESERVED
from nodes.people import Person
from nodes.staff import Staff
from tests.support.cluster import FIELDS
from tests.support.consortium import Founded, found
from tests.support.contract import Contract
from tests.support.desks import BASIS, PURPOSE, Meeting, Side, story

WORKER, APPROVER, OFFICER = Role.CASEWORKER, Role.APPROVER, Role.PRIVACY_OFFICER
ROLES = {"worker": WORKER, "colleague": WORKER, "approver": APPROVER, "officer": OFFICER}


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


class Office:
    """The API of one side, and its people; every answer is held to the contract."""

    def __init__(self, side: Side) -> None:
        """Make the application."""
        self.side = side
        people = [
            Person(who, (role,), side.desk, f"token-of-{who}-at-{side.name}")
            for who, role in ROLES.items()
        ]
        people.append(Person("elsewhere", (WORKER,), f"{side.name}/elders", "token-of-elsewhere-x"))
        app = create_app(side.node, tokens={}, staff=Staff(people))
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://node",
        )
        self._tokens = {person.id: person.token for person in people}
        self._contract: Contract | None = None
        self.case = ""
        self.match = ""

    async def ask(
        self,
        who: str,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        key: str = "",
    ) -> httpx.Response:
        """Return the answer to somebody."""
        headers = {"Authorization": f"Bearer {self._tokens[who]}"}
        if method == "POST":
            headers["Idempotency-Key"] = key or f"{path}-{body}".replace(" ", "")[-100:]
        answer = await self._client.request(method, f"/v1{path}", json=body, headers=headers)
        if self._contract is None:
            self._contract = Contract((await self._client.get("/v1/openapi.json")).json())
        self._contract.verify(answer)
        return answer

    async def find(self) -> None:
        """Find the one case on the desk's worklist."""
        (case,) = (await self.ask("worker", "GET", "/worklist")).json()["cases"]
        self.case, self.match = case["id"], case["pairs"][0]["match"]

    async def do(self, who: str, what: str, **body: object) -> httpx.Response:
        """Return the answer to what somebody does about the match."""
        named = {"match": self.match} | body
        return await self.ask(who, "POST", f"/cases/{self.case}/{what}", named)

    async def pair(self) -> Any:
        """Return the file of the match."""
        file = await self.ask("worker", "GET", f"/cases/{self.case}/file")
        return file.json()["pairs"][0]


def test_a_case_goes_from_a_match_to_a_granted_field_by_the_api_alone(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        uwv, svb = Office(met.uwv), Office(met.svb)
        until = met.clock.today().isoformat()
        for office in (uwv, svb):
            await office.find()
            assert (await office.do("worker", "confirmations", within="1d")).status_code == 202
            await met.pump()
        wanted = {"purpose": PURPOSE, "basis": BASIS, "necessity": "hulp-afstemmen"}
        asked = await svb.do("worker", "requests", **wanted, fields=["period", "theme"])
        request = f"requests/{asked.json()['id']}"
        await met.pump()

        granting = {"fields": ["theme"], "lastDay": until}
        early = await uwv.do("approver", f"{request}/approvals", **granting)
        prepared = await uwv.do("worker", f"{request}/preparations", **granting)
        waiting = (await uwv.ask("approver", "GET", "/approvals")).json()["requests"]
        approved = await uwv.do("approver", f"{request}/approvals", **granting)
        await met.pump()
        read = await svb.do("worker", f"{request}/readings")

        assert (early.status_code, early.json()["reason"]) == (409, "not-prepared")
        assert (prepared.status_code, approved.status_code) == (204, 202)
        assert [f"requests/{one['request']}" for one in waiting] == [request]
        shown = read.json()
        assert shown["fields"] == {"theme": FIELDS["theme"]}
        assert (shown["proof"]["author"], shown["proof"]["height"]) == ("uwv", met.uwv.height)
        assert not RESERVED & set(shown["proof"]["claims"])
        assert [line["kind"] for line in (await svb.pair())["timeline"]][-1] == "heard-grant"
        assert FIELDS["theme"] not in str(await svb.pair())

    story(founded, told)


def test_messages_coordination_and_the_end_go_by_the_api_alone(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        uwv, svb = Office(met.uwv), Office(met.svb)
        for office in (uwv, svb):
            await office.find()
            await office.do("worker", "confirmations", within="4h")
            await met.pump()
        said = [
            await uwv.do("worker", "messages", text="Bel ons morgen."),
            await uwv.do("worker", "messages", text="Bel ons morgen."),
            await svb.do("worker", "coordinators", desk=met.svb.desk),
            await svb.do("worker", "outcomes", result="contacted"),
        ]
        await met.pump()
        ours = [await uwv.do("worker", "outcomes", result="coordinated")]
        taken = await uwv.ask("worker", "PUT", f"/cases/{uwv.case}/assignee", {"person": "worker"})
        body = {"person": "worker", "first": "2027-01-01", "last": "2027-01-09"}
        away = await uwv.ask("worker", "POST", "/absences", body | {"deputy": "colleague"})
        ended = await uwv.do("worker", "endings", reason="afgerond")
        again = await uwv.do("worker", "endings", reason="afgerond")
        await met.pump()
        late = await svb.do("worker", "messages", text="Nog iets.")
        gone = await uwv.ask("elsewhere", "GET", f"/cases/{uwv.case}/file")

        assert {answer.status_code for answer in said + ours} == {202}
        assert said[0].json() == said[1].json()
        assert (taken.status_code, away.status_code) == (204, 204)
        assert (ended.status_code, again.status_code) == (202, 202)
        assert (late.status_code, late.json()["reason"]) == (409, "closed")
        assert gone.status_code == 404
        pair = await svb.pair()
        assert pair["coordinator"] == met.svb.desk
        assert [line["text"] for line in pair["timeline"]].count(
            f"{met.uwv.desk}: Bel ons morgen."
        ) == 1
        assert (await svb.ask("worker", "GET", "/worklist")).json()["cases"] == []

    story(founded, told)


def test_a_bad_place_is_a_bad_request(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        uwv = Office(met.uwv)

        answer = await uwv.ask("worker", "GET", "/worklist?after=nowhere")

        assert answer.status_code == 400

    story(founded, told)
