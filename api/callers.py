"""Who calls: a role, by the token of the node's configuration, or a person, by its own.

    tokens.toml    a role's: the agency's own systems and operators; posts and reads signals
    people.toml    a person's: acts in cases, in one of its roles, at its desk

A person with several roles may say which by the header `Signaalketen-Role`; else it is the first
that the route is for. Real identities come behind the same dependencies; no route knows how a
caller was recognised.
"""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, HTTPException, Request, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ledger.case.people import Actor, Role
from nodes.casework.casework import Casework
from nodes.node import Node
from nodes.people import Person
from nodes.staff import Staff

ROLE_HEADER = "Signaalketen-Role"
_FG = "fg"
"""The privacy officer's role among the tokens."""
_bearer = HTTPBearer(
    auto_error=False, description="The token of a role or a person, from the node's operator."
)
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
_StatedRole = Annotated[
    str | None,
    Header(
        alias=ROLE_HEADER,
        max_length=40,
        description="In which of your roles you act; else the first that may do this.",
        json_schema_extra={"enum": [role.value for role in Role]},
    ),
]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody of this agency: a system in one role, or a `person` in its roles."""

    roles: tuple[str, ...]
    person: Person | None = None

    @property
    def role(self) -> str:
        """Return the role, of a person the first."""
        return self.roles[0]


# Coroutines, though they await nothing: a plain function would go to a thread and back.
async def running_node(request: Request) -> Node:
    """Return the node that this application is a face of."""
    node: Node = request.app.state.node
    return node


async def running_casework(request: Request) -> Casework:
    """Return the casework of that node."""
    casework: Casework = request.app.state.node.casework
    return casework


async def present_staff(request: Request) -> Staff:
    """Return who acts in cases at that node."""
    staff: Staff = request.app.state.staff
    return staff


async def optional_caller(request: Request, credentials: _Credentials) -> Caller | None:
    """Return who calls, or None for a stranger; a wrong token is refused, not ignored."""
    if credentials is None:
        return None
    tokens: dict[str, str] = request.app.state.tokens
    staff: Staff = request.app.state.staff
    shown, found = credentials.credentials.encode(), None
    # Every token is compared, so that the time tells nothing of which came close.
    for token, role in tokens.items():
        if hmac.compare_digest(token.encode(), shown):
            found = Caller((role,))
    for person in staff.now():
        if hmac.compare_digest(person.token.encode(), shown):
            found = Caller(tuple(person.roles), person)
    if found is None:
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED,
            "This token is not known here; ask the node's operator for one.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return found


_OptionalCaller = Annotated[Caller | None, Depends(optional_caller)]


def require(*roles: str) -> Callable[[Caller | None], Awaitable[Caller]]:
    """Return a dependency that lets in whoever has one of these roles, a person too."""

    async def check(caller: _OptionalCaller) -> Caller:
        known = _shown(caller)
        held = {_FG if role == Role.PRIVACY_OFFICER else role for role in known.roles}
        if not held & set(roles):
            raise _forbidden(f"Only for the role {' or '.join(roles)}.")
        return known

    return check


async def own_system(caller: _OptionalCaller) -> Caller:
    """Let in the agency's own system: it posts for every desk, and sees what every desk posted."""
    known = await require(Role.CASEWORKER)(caller)
    if known.person is not None:
        raise _forbidden("Only for the role caseworker of this agency's system, not in person.")
    return known


def acting(*roles: Role) -> Any:  # noqa: ANN401  (what FastAPI's Depends returns)
    """Return the dependency on a person in one of these roles, those first that come first."""

    async def check(request: Request, caller: _OptionalCaller, stated: _StatedRole = None) -> Actor:
        person = _shown(caller).person
        if person is None:
            raise _forbidden("Only in person: with a token of people.toml, not that of a role.")
        # Whatever roles were written down for somebody at a policy desk: it sees no person.
        document = request.app.state.node.log.document()
        desk = document.desk(person.desk)
        if desk is not None and desk.kind != "case":
            raise _forbidden("A policy desk sees no cases.")
        if stated is not None and stated not in person.roles:
            raise _forbidden("You do not have the role that you named.")
        usable = [role for role in roles if role in person.roles and stated in {None, role}]
        if not usable:
            raise _forbidden(f"Only for the role {' or '.join(roles)}.")
        return person.acting_as(usable[0])

    return Depends(check)


async def is_inside(caller: _OptionalCaller) -> bool:
    """Tell whether whoever reads is of this agency."""
    return caller is not None


def _shown(caller: Caller | None) -> Caller:
    if caller is None:
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED,
            "Send the token of your role as `Authorization: Bearer …`.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return caller


def _forbidden(why: str) -> HTTPException:
    return HTTPException(status.HTTP_403_FORBIDDEN, why)


NodeDep = Annotated[Node, Depends(running_node)]
CaseworkDep = Annotated[Casework, Depends(running_casework)]
StaffDep = Annotated[Staff, Depends(present_staff)]
IsInside = Annotated[bool, Depends(is_inside)]
Caseworker = Annotated[Caller, Depends(own_system)]
PrivacyOfficer = Annotated[Caller, Depends(require(_FG))]
Operator = Annotated[Caller, Depends(require("operator"))]

Worker = Annotated[Actor, acting(Role.CASEWORKER)]
Approver = Annotated[Actor, acting(Role.APPROVER)]
Reviewer = Annotated[Actor, acting(Role.PRIVACY_OFFICER)]
WorkerOrLead = Annotated[Actor, acting(Role.CASEWORKER, Role.LEAD)]
LeadOrWorker = Annotated[Actor, acting(Role.LEAD, Role.CASEWORKER)]
Reader = Annotated[Actor, acting(Role.CASEWORKER, Role.LEAD, Role.APPROVER, Role.PRIVACY_OFFICER)]
Anybody = Annotated[Actor, acting(Role.LEAD, Role.CASEWORKER, Role.APPROVER, Role.PRIVACY_OFFICER)]
