"""The rules of each kind of entry, one file a kind, gathered by protocol number.

A node that reaches a protocol number it lacks stops before that block.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ledger.rules.answer import AnswerRule
from ledger.rules.consortium import ConsortiumRule
from ledger.rules.epoch import EpochRule
from ledger.rules.erasure import ErasureRule
from ledger.rules.exchange import ExchangeRule
from ledger.rules.kind import Rule
from ledger.rules.locate import LocateRule
from ledger.rules.logbook import LogbookRule
from ledger.rules.member import MemberRule
from ledger.rules.signal import SignalRule

PROTOCOLS: Mapping[int, Mapping[str, Rule]] = MappingProxyType(
    {
        1: MappingProxyType(
            {
                "consortium": ConsortiumRule(),
                "epoch": EpochRule(),
                "member": MemberRule(),
                "signal": SignalRule(),
                "locate": LocateRule(),
                "answer": AnswerRule(),
                "erasure": ErasureRule(),
                "logbook": LogbookRule(),
                "exchange": ExchangeRule(),
            }
        )
    }
)
"""By protocol number: the kinds that it admits, and their rules."""
