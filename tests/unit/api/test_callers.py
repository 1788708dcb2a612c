import asyncio
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI

from api import problems
from api.callers import Caller, Caseworker, IsInside, Operator, PrivacyOfficer, require
from ledger.case.people import Role
from nodes.people import Person
from nodes.settings import ROLES
from nodes.staff import Staff

TOKENS = {f"token-of-{role}": role for role in ROLES}
PEOPLE = tuple(
    Person(f"person-{role}", (role,), "uwv/maatwerkplaats", f"token-of-person-{role}")
    for role in Role
)


def doors(staff: Staff | None = None) -> FastAPI:
    """Return an application with one door for each kind of caller; it answers who came in."""
    app = FastAPI()
    app.state.tokens = TOKENS
    app.state.staff = staff or Staff(PEOPLE)
    problems.install(app)

    @app.get("/caseworker")
    async def caseworker(caller: Caseworker) -> str:
        return caller.role

    @app.get("/fg")
    async def fg(caller: PrivacyOfficer) -> str:
        return caller.role

    @app.get("/operator")
    async def operator(caller: Operator) -> str:
        return caller.role

    @app.get("/either")
    async def either(caller: Annotated[Caller, Depends(require("policy", "auditor"))]) -> str:
        return caller.role

    @app.get("/public")
    async def public(is_inside: IsInside) -> bool:
        return is_inside

    return app


def knock(
    door: str, authorization: str | bytes | None = None, *, staff: Staff | None = None
) -> httpx.Response:
    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(doors(staff))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            headers = {} if authorization is None else {"Authorization": authorization}
            return await client.get(door, headers=headers)  # type: ignore[arg-type]

    return asyncio.run(once())


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("door", "admitted"),
    [
        ("/caseworker", {"caseworker"}),
        ("/fg", {"fg"}),
        ("/operator", {"operator"}),
        ("/either", {"policy", "auditor"}),
    ],
)
def test_a_door_opens_to_its_own_roles_only(door: str, admitted: set[str], role: str) -> None:
    response = knock(door, f"Bearer token-of-{role}")

    if role in admitted:
        assert (response.status_code, response.json()) == (200, role)
    else:
        assert response.status_code == 403
        assert response.json()["detail"].startswith("Only for the role ")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("door", "admitted"),
    [("/caseworker", None), ("/fg", "privacy-officer"), ("/operator", "operator")],
)
def test_a_person_has_its_roles_but_is_not_the_agencys_system(
    door: str, admitted: str | None, role: Role
) -> None:
    response = knock(door, f"Bearer token-of-person-{role}")

    assert response.status_code == (200 if role == admitted else 403)
    assert knock("/public", f"Bearer token-of-person-{role}").json() is True


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_of_this_agency(role: str) -> None:
    assert knock("/public", f"Bearer token-of-{role}").json() is True


def test_whoever_shows_nothing_is_a_stranger() -> None:
    assert knock("/public").json() is False


def test_whoever_shows_nothing_is_told_what_to_send() -> None:
    response = knock("/caseworker")

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert "Authorization: Bearer" in response.json()["detail"]


@pytest.mark.parametrize("door", ["/public", "/caseworker"])
@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer token-of-nobody",
        "Bearer token-of-caseworke",
        "Bearer token-of-caseworker2",
        "Bearer TOKEN-OF-CASEWORKER",
        b"Bearer \xc3\xa9\xff",
        "Bearer caseworker",
    ],
)
def test_a_wrong_token_is_refused_even_where_none_is_needed(
    door: str, authorization: str | bytes
) -> None:
    response = knock(door, authorization)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert "token-of" not in response.text.lower()


@pytest.mark.parametrize("authorization", ["Basic dG9rZW4=", "token-of-caseworker", "Bearer"])
def test_what_is_no_bearer_token_opens_nothing(authorization: str) -> None:
    assert knock("/public", authorization).json() is False
    assert knock("/caseworker", authorization).status_code == 401


def test_a_door_for_two_roles_names_both() -> None:
    response = knock("/either", "Bearer token-of-caseworker")

    assert response.json()["detail"] == "Only for the role policy or auditor."


def test_whoever_is_no_more_among_the_staff_is_refused_at_the_next_request() -> None:
    class Leaving(Staff):
        def leave(self) -> None:
            self._people = ()

    staff, token = Leaving(PEOPLE), f"Bearer token-of-person-{Role.LEAD}"
    before = knock("/public", token, staff=staff).status_code
    staff.leave()

    assert (before, knock("/public", token, staff=staff).status_code) == (200, 401)
