"""What a node holds behind a block, on the wire; for the privacy officer."""

from typing import Annotated, Self

from pydantic import Field

from api.wire import Wire
from ledger.encoding import to_base64
from nodes.counter import HeldBody, HeldItem


class ItemOut(Wire):
    """One item: its digest, and its content where this node holds it."""

    index: int = Field(ge=0, le=63)
    digest: str = Field(max_length=64, description="Hex SHA-256, as the commitment covers it.")
    content: str | None = Field(max_length=2_000_000, description="Base64; null where not held.")

    @classmethod
    def of(cls, item: HeldItem) -> Self:
        """Show `item`."""
        content = None if item.content is None else to_base64(item.content)
        return cls(index=item.index, digest=item.digest.hex(), content=content)


class BodyOut(Wire):
    """The items of a block's body, and in what part this node holds them."""

    height: int = Field(ge=0)
    author: str = Field(max_length=40)
    kind: str = Field(max_length=40)
    holder: str = Field(max_length=40, json_schema_extra={"enum": ["author", "custodian"]})
    items: list[ItemOut] = Field(max_length=64)
    claims: dict[str, Annotated[str, Field(max_length=500)]] = Field(
        description="What the own signal says; empty for others' signals.", max_length=100
    )

    @classmethod
    def of(cls, held: HeldBody) -> Self:
        """Show `held`."""
        return cls(
            height=held.height,
            author=held.author,
            kind=held.kind,
            holder=held.holder,
            items=[ItemOut.of(item) for item in held.items],
            claims=held.claims,
        )
