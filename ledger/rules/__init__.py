"""The rules of each kind of entry, one file a kind, gathered by protocol number.

A node that reaches a protocol number it lacks stops before that block.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ledger.rules.consortium import ConsortiumRule
from ledger.rules.kind import Rule
from ledger.rules.member import MemberRule
from ledger.rules.signal import SignalRule

PROTOCOLS: Mapping[int, Mapping[str, Rule]] = MappingProxyType(
    {
        1: MappingProxyType(
            {
                "consortium": ConsortiumRule(),
                "member": MemberRule(),
                "signal": SignalRule(),
            }
        )
    }
)
"""By protocol number: the kinds that it admits, and their rules."""
