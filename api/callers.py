"""Who calls: a role, by the token of the node's configuration.

Real identities come behind the same dependency; no route knows how a caller was recognised.
"""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from nodes.node import Node

_bearer = HTTPBearer(auto_error=False, description="The token of a role, from the node's operator.")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody of this agency, in a role."""

    role: str


# Coroutines, though they await nothing: a plain function would go to a thread and back.
async def running_node(request: Request) -> Node:
    """Return the node that this application is a face of."""
    node: Node = request.app.state.node
    return node


async def optional_caller(request: Request, credentials: _Credentials) -> Caller | None:
    """Return who calls, or None for a stranger; a wrong token is refused, not ignored."""
    if credentials is None:
        return None
    tokens: dict[str, str] = request.app.state.tokens
    role = None
    # Every token is compared, so that the time tells nothing of which came close.
    for token, its_role in tokens.items():
        if hmac.compare_digest(token.encode(), credentials.credentials.encode()):
            role = its_role
    if role is None:
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED,
            "This token is not known here; ask the node's operator for one.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return Caller(role)


def require(*roles: str) -> Callable[[Caller | None], Awaitable[Caller]]:
    """Return a dependency that lets in these roles only."""

    async def check(caller: Annotated[Caller | None, Depends(optional_caller)]) -> Caller:
        if caller is None:
            raise HTTPException(
                status.HTTP_401_UNAUTHORIZED,
                "Send the token of your role as `Authorization: Bearer …`.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if caller.role not in roles:
            raise HTTPException(
                status.HTTP_403_FORBIDDEN, f"Only for the role {' or '.join(roles)}."
            )
        return caller

    return check


async def is_inside(caller: Annotated[Caller | None, Depends(optional_caller)]) -> bool:
    """Tell whether whoever reads is of this agency."""
    return caller is not None


NodeDep = Annotated[Node, Depends(running_node)]
IsInside = Annotated[bool, Depends(is_inside)]
Caseworker = Annotated[Caller, Depends(require("caseworker"))]
PrivacyOfficer = Annotated[Caller, Depends(require("fg"))]
Operator = Annotated[Caller, Depends(require("operator"))]
