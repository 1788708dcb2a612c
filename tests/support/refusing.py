"""What the state machine skips: for which reason, and that it left nothing behind."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import pytest

from ledger.errors import RefusedError
from ledger.state import State


def refusal(state: State, raw: bytes) -> str:
    """Return the reason for which `state` skips the entry note `raw`, and changes nothing."""
    before = everything(state)
    with pytest.raises(RefusedError) as caught:
        state.apply(raw)
    assert everything(state) == before
    return caught.value.reason


def everything(state: State) -> object:
    """Return all that `state` holds, copied as far as it can change."""
    return _copied(state)


def count(held: object) -> int:
    """Return how many values `everything` returned, in all its containers."""
    if isinstance(held, Mapping):
        return sum(1 + count(value) for value in held.values())
    return sum(map(count, held)) if isinstance(held, frozenset | list) else 1


def _copied(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _copied(held) for key, held in value.items()}
    if isinstance(value, set):
        return frozenset(value)
    if isinstance(value, list):
        return [_copied(held) for held in value]
    # What is frozen and can be hashed cannot change under the test.
    if is_dataclass(value) and type(value).__hash__ is None:
        return {field.name: _copied(getattr(value, field.name)) for field in fields(value)}
    return value
