"""Agencies that post about one person over the API, and what their caseworkers read then."""

from typing import Any

from tests.support.consortium import DESKS
from tests.support.faces import Face, new_signal

Faces = dict[str, Face]


def post(faces: Faces, name: str, bsn: str, **changed: str) -> dict[str, Any]:
    """Post at an agency about the person with that `bsn`; return the final signal."""
    response = faces[name].post("/v1/signals", json=about(name, bsn, **changed))
    assert response.status_code == 201, response.text
    own: dict[str, Any] = response.json()
    return own


def about(name: str, bsn: str, **changed: str) -> dict[str, Any]:
    """Return the body of a signal of an agency's own desk about that person."""
    return new_signal(bsn=bsn, desk=DESKS[name], **changed)


def somebody() -> str:
    """Return the number of somebody about whom nobody posted yet."""
    return str(new_signal()["bsn"])


def read(face: Face, own: dict[str, Any]) -> dict[str, Any]:
    """Return an own signal in its present state."""
    found: dict[str, Any] = face.get(f"/v1/signals/{own['localId']}", role="caseworker").json()
    return found


def wait_answered(faces: Faces, name: str, own: dict[str, Any]) -> dict[str, Any]:
    """Wait until everybody answered for a signal and cases are built; return it."""
    face = faces[name]
    face.until(lambda: read(face, own)["unanswered"] == [])
    face.until(lambda: not _has_new_matches(face))
    return read(face, own)


def wait_case(faces: Faces, name: str, own: dict[str, Any], *, matches: int = 1) -> dict[str, Any]:
    """Wait until a signal's case has so many matches; return the case."""
    face = faces[name]
    face.until(lambda: len(case_of(face, own)["matches"]) == matches)
    return case_of(face, own)


def case_of(face: Face, own: dict[str, Any]) -> dict[str, Any]:
    """Return the case that a signal is part of, or one without matches."""
    case_id = read(face, own)["caseId"]
    if case_id is None:
        return {"matches": []}
    response = face.get(f"/v1/cases/{case_id}", role="caseworker")
    found: dict[str, Any] = response.json()
    return found


def _has_new_matches(face: Face) -> bool:
    with face.node.database.read() as connection:
        return face.node.matches.has_new(connection)
