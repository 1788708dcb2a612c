"""Everything the ledger refuses, and why.

LedgerError
├── MalformedError       bytes that no honest encoder produces
├── VerificationError    well-formed evidence that does not prove its claim
├── RefusedError         an entry that the state machine skips, with its counted `reason`
└── ConsortiumError      a consortium document that breaks a rule; says which and where
"""


class LedgerError(Exception):
    """The base of every error that `ledger` raises on purpose."""


class MalformedError(LedgerError):
    """Bytes that no honest encoder produces."""


class VerificationError(LedgerError):
    """Well-formed evidence that does not prove its claim."""


class ConsortiumError(LedgerError):
    """A consortium document that breaks a rule."""


class RefusedError(LedgerError):
    """An entry that the state machine skips.

    Attributes:
        reason: the short, stable word under which the refusal is counted.
    """

    def __init__(self, reason: str, detail: str) -> None:
        """Refuse for `reason`; `detail` says what to do and holds no personal data."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
