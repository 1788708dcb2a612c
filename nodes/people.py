"""Persons of this agency who act in cases: a TOML file that only its owner can read.

[[person]]
id = "w1"                       what others see of it: small letters, digits, hyphens; no name
roles = ["caseworker"]          caseworker, approver, privacy-officer, lead; or policy,
                                    auditor, operator, who do nothing in cases
desk = "uwv/maatwerkplaats"     a desk of this member
token = "…"                     20 characters or more, in no other entry and not in tokens.toml
deputy_of = "w2"                whose place it takes, if anybody's; then both count as one hand
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.case.people import Actor, Role
from ledger.entry import is_name
from nodes.errors import ConfigurationError
from nodes.keyring import verify_private

MIN_TOKEN = 20
"""In characters; what is random and of this length is not guessed."""
IN_CASES = frozenset({Role.CASEWORKER, Role.APPROVER, Role.PRIVACY_OFFICER, Role.LEAD})
"""The roles that do anything in a case."""
_APART = frozenset({Role.POLICY, Role.AUDITOR})
_KEYS = frozenset({"id", "roles", "desk", "token", "deputy_of"})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of this agency, at one `desk`, who may act in each of `roles`."""

    id: str
    roles: tuple[Role, ...]
    desk: str
    token: str = field(repr=False)
    deputy_of: str | None = None

    def acting_as(self, role: Role) -> Actor:
        """Return the person in one of its roles."""
        return Actor(self.id, role, self.desk, self.deputy_of)


def load_people(path: Path, *, member: str, tokens: Collection[str] = ()) -> tuple[Person, ...]:
    """Return the persons in the file `path`, in its order; `tokens` are taken already.

    Raises:
        ConfigurationError: not readable, readable by others, or which entry will not do, and why.
    """
    verify_private(path)
    try:
        content = tomllib.loads(path.read_text())
    except ValueError as cause:
        raise ConfigurationError(f"{path} is not TOML: {cause}") from cause
    entries = content.get("person", [])
    if set(content) - {"person"} or not isinstance(entries, list):
        raise ConfigurationError(f"{path}: expected [[person]] and nothing else")
    people = [
        _person(entry, where=f"{path}: [[person]] number {number}", member=member)
        for number, entry in enumerate(entries, start=1)
    ]
    _verify_apart(people, path=path, tokens=tokens)
    return tuple(people)


def _person(entry: object, *, where: str, member: str) -> Person:
    """Return one entry; errors name it by its place, for what is wrong may be its token."""
    if not isinstance(entry, Mapping) or set(entry) - _KEYS:
        raise ConfigurationError(f"{where}: has id, roles, desk, token and perhaps deputy_of")
    desk, token, deputy_of = entry.get("desk"), entry.get("token"), entry.get("deputy_of")
    if not _is_name(entry.get("id")):
        raise ConfigurationError(f"{where}: id is 1 to 40 small letters, digits and hyphens")
    if deputy_of is not None and not _is_name(deputy_of):
        raise ConfigurationError(f"{where}: deputy_of is the id of somebody else in this file")
    if not isinstance(desk, str) or not _is_desk(desk, member):
        raise ConfigurationError(f"{where}: desk is one of this member, as {member}/…")
    # What HTTP cannot carry would never be shown.
    if not isinstance(token, str) or len(token) < MIN_TOKEN or not _is_one_word(token):
        raise ConfigurationError(f"{where}: token is {MIN_TOKEN} or more characters without spaces")
    return Person(
        id=entry["id"],
        roles=_roles(entry.get("roles"), where),
        desk=desk,
        token=token,
        deputy_of=deputy_of,
    )


def _roles(stated: Any, where: str) -> tuple[Role, ...]:  # noqa: ANN401  (TOML)
    known = {role.value for role in Role}
    if not isinstance(stated, list) or not stated or not all(r in known for r in map(str, stated)):
        raise ConfigurationError(f"{where}: roles is a list of: {', '.join(sorted(known))}")
    roles = tuple(Role(role) for role in stated)
    if len(set(roles)) != len(roles):
        raise ConfigurationError(f"{where}: each role once")
    if _APART & set(roles) and IN_CASES & set(roles):
        raise ConfigurationError(
            f"{where}: whoever is policy or auditor sees no person, and has no other role in cases"
        )
    return roles


def _verify_apart(people: list[Person], *, path: Path, tokens: Collection[str]) -> None:
    """Check that nobody can be taken for another."""
    ids = [person.id for person in people]
    shown = [*tokens, *(person.token for person in people)]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise ConfigurationError(f"{path}: each id once; twice there: {', '.join(twice)}")
    for person in people:
        if shown.count(person.token) > 1:
            raise ConfigurationError(
                f"{path}: the token of {person.id} is somebody else's too, or a role's"
            )
        if person.deputy_of is not None and (
            person.deputy_of == person.id or person.deputy_of not in ids
        ):
            raise ConfigurationError(
                f"{path}: deputy_of of {person.id} must be the id of somebody else in this file"
            )


def _is_name(text: object) -> bool:
    return isinstance(text, str) and is_name(text)


def _is_desk(desk: str, member: str) -> bool:
    of, slash, name = desk.partition("/")
    return bool(slash) and of == member and is_name(name)


def _is_one_word(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token
