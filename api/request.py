"""Requests for fields on the wire, and what was granted: fields with their proof."""

from typing import Annotated, Self

from pydantic import Field

from api.wire import Wire
from api.words import (
    Day,
    DeskName,
    FieldName,
    HexId,
    Moment,
    Name,
    NecessityWord,
    PersonId,
    ReleaseWord,
    RoleWord,
    StageWord,
)
from ledger.case.people import Actor
from ledger.case.request import Asked
from ledger.exchange.words import Release
from nodes.casework.grants import Proof
from nodes.casework.seen import Shown

_Digest = Annotated[str, Field(max_length=64)]


class ActorOut(Wire):
    """A person of this agency, in the role in which it acted, and whose place it took."""

    person: PersonId
    role: RoleWord
    desk: DeskName
    deputy_of: PersonId | None

    @classmethod
    def of(cls, actor: Actor | None) -> Self | None:
        """Show `actor`."""
        if actor is None:
            return None
        return cls(person=actor.id, role=actor.role, desk=actor.desk, deputy_of=actor.deputy_of)


class AskedOut(Wire):
    """A request: who asked for what and why, how far it is, and by whom it was decided."""

    id: HexId
    is_own: bool
    desk: DeskName
    purpose: Name
    basis: Name
    necessity: NecessityWord
    wanted: list[FieldName] = Field(max_length=20)
    stage: StageWord
    fields: list[FieldName] = Field(max_length=20, description="Prepared, or granted.")
    last_day: Day | None
    prepared_by: ActorOut | None
    decided_by: ActorOut | None
    release: ReleaseWord | None
    review_by: Moment | None = Field(description="Of a broken glass, by when it is reviewed.")
    is_justified: bool | None

    @classmethod
    def of(cls, asked: Asked) -> Self:
        """Show `asked`."""
        request = asked.request
        return cls(
            id=asked.id.hex(),
            is_own=asked.is_own,
            desk=asked.desk,
            purpose=request.purpose,
            basis=request.basis,
            necessity=request.necessity,
            wanted=list(request.wanted),
            stage=asked.stage,
            fields=list(asked.fields),
            last_day=asked.last_day,
            prepared_by=ActorOut.of(asked.prepared_by),
            decided_by=ActorOut.of(asked.decided_by),
            release=asked.release,
            review_by=asked.review_by,
            is_justified=asked.is_justified,
        )


class ProofOut(Wire):
    """What was committed when the signal was posted; `GET /receipts/{height}` has its receipt."""

    author: Name
    height: int = Field(ge=0)
    day: Day
    entry_id: str = Field(max_length=64, description="Hex SHA-256 of the entry's text.")
    commitment: str = Field(max_length=44, description="Base64, as it stands in the entry.")
    digests: list[_Digest] = Field(
        max_length=64, description="Of the body's items; with what was shown they open it."
    )
    claims: dict[FieldName, _Digest] = Field(
        max_length=20, description="The digest of each field in the SD-JWT."
    )
    key: str = Field(max_length=200, description="The name of the key that signed the SD-JWT.")

    @classmethod
    def of(cls, proof: Proof) -> Self:
        """Show `proof`."""
        return cls(
            author=proof.author,
            height=proof.height,
            day=proof.day,
            entry_id=proof.entry_id,
            commitment=proof.commitment,
            digests=list(proof.digests),
            claims=dict(proof.claims),
            key=proof.key,
        )


class ShownOut(Wire):
    """Granted fields of this very person, found to be what was committed at posting."""

    fields: dict[FieldName, Annotated[str, Field(max_length=500)]] = Field(
        max_length=20, repr=False
    )
    last_day: Day
    release: ReleaseWord
    proof: ProofOut

    @classmethod
    def of(cls, shown: Shown) -> Self:
        """Show what was shown."""
        return cls(
            fields=dict(shown.fields),
            last_day=shown.last_day,
            release=Release(shown.release),
            proof=ProofOut.of(shown.proof),
        )
