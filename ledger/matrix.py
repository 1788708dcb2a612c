"""The disclosure matrix: which fields a desk may ask of another, for which purpose; and be granted.

    [[disclosure]]                  one row of the document; what stands in none may not be
    purpose = "multiproblematiek"
    desk = "svb/de-bedoeling"       the desk that asks, and that would be shown
    fields = ["theme", "period"]

It binds twice: whoever asks outside it is refused at home, and by whoever is asked. What may be
granted is judged by the document in force when it is granted.
"""

from collections.abc import Collection
from typing import NamedTuple

from ledger.consortium import Consortium, Desk, Purpose
from ledger.errors import ConsortiumError, DeniedError
from ledger.purpose import verify_purpose


class Ask(NamedTuple):
    """`desk` asks `of` another desk for `fields`, for `purpose`, on the legal `basis`."""

    purpose: str
    basis: str
    desk: str
    of: str
    fields: tuple[str, ...]


def verify_ask(ask: Ask, document: Consortium) -> None:
    """Check that `ask` may be made.

    Raises:
        DeniedError: purpose, basis, desk or fields; the text says what may be.
    """
    purpose = document.purpose(ask.purpose)
    if purpose is None:
        raise DeniedError("purpose", "the consortium has no such purpose")
    verify_basis(ask.basis, purpose, document)
    asking, asked = _case_desk(ask.desk, document), _case_desk(ask.of, document)
    if asking.member == asked.member:
        raise DeniedError("desk", "within one agency nothing is asked by this way")
    if not ask.fields or len(set(ask.fields)) != len(ask.fields):
        raise DeniedError("fields", "name at least one field, and each once")
    allowed = askable(purpose=ask.purpose, desk=ask.desk, document=document)
    if not set(ask.fields) <= set(allowed):
        raise DeniedError("fields", f"{ask.desk} may ask: {', '.join(allowed) or 'nothing'}")


def verify_grant(granted: Collection[str], *, ask: Ask, to: str, document: Consortium) -> None:
    """Check that the fields `granted` may be handed over to the desk `to` in answer to `ask`.

    Raises:
        DeniedError: a field that was not asked, another desk than asked, or by now outside the
            matrix or without a basis.
    """
    if to != ask.desk:
        raise DeniedError("recipient", "only the desk that asked can be granted")
    if not set(granted) <= set(ask.fields):
        raise DeniedError("fields", "a field that was not asked cannot be granted")
    in_order = tuple(field for field in ask.fields if field in set(granted))
    verify_ask(ask._replace(fields=in_order), document)


def verify_basis(name: str, purpose: Purpose, document: Consortium) -> None:
    """Check that the legal basis `name` carries `purpose`: in force, or in a demo profile.

    Raises:
        DeniedError: it is not of this purpose, or not in force.
    """
    if name not in purpose.bases:
        raise DeniedError("basis", f"for this purpose: {', '.join(purpose.bases)}")
    status = next(basis.status for basis in document.bases if basis.name == name)
    if document.profile != "demo" and status != "in-force":
        raise DeniedError("basis", "this legal basis is not in force")


def verify_rows(document: Consortium) -> None:
    """Check that the purposes may be, and that only desks for cases stand in the matrix.

    Raises:
        ConsortiumError: a purpose is for enforcement, or a policy desk would see a person.
    """
    for purpose in document.purposes:
        verify_purpose(name=purpose.name, title=purpose.title)
    policy = {desk.name for desk in document.desks if desk.kind == "policy"}
    if shown := sorted(policy & {row.desk for row in document.disclosures}):
        raise ConsortiumError(f"[[disclosure]] desk: {', '.join(shown)} is for policy")


def askable(*, purpose: str, desk: str, document: Consortium) -> tuple[str, ...]:
    """Return the fields that `desk` may ask for `purpose`, none where the matrix has no row."""
    for row in document.disclosures:
        if (row.purpose, row.desk) == (purpose, desk):
            return row.fields
    return ()


def _case_desk(name: str, document: Consortium) -> Desk:
    desk = document.desk(name)
    if desk is None or desk.kind != "case":
        raise DeniedError("desk", "not a desk for cases; a policy desk sees none")
    return desk
