"""Everything the ledger refuses, and why.

LedgerError
├── MalformedError       bytes that no honest encoder produces
├── VerificationError    well-formed evidence that does not prove its claim
│   ├── MisbehaviourError  by a `participant` of a key generation, a place
│   └── CulpritError       by a `member`, in a key generation
├── RefusedError         an entry that the state machine skips, with its counted `reason`
├── DeniedError          an act in a case that its rules do not allow, with its `reason`
└── ConsortiumError      a consortium document that breaks a rule; says which and where
"""


class LedgerError(Exception):
    """The base of every error that `ledger` raises on purpose."""


class MalformedError(LedgerError):
    """Bytes that no honest encoder produces."""


class VerificationError(LedgerError):
    """Well-formed evidence that does not prove its claim."""


class MisbehaviourError(VerificationError):
    """What no honest participant of a key generation sends.

    Attributes:
        participant: its place among the participants: 1, 2, 3 and so on.
        reason: the short, stable word of what is wrong.
        detail: the same in words.
    """

    def __init__(self, participant: int, reason: str, detail: str) -> None:
        """Blame `participant` for `reason`; `detail` says it in words."""
        super().__init__(f"participant {participant}: {reason}: {detail}")
        self.participant = participant
        self.reason = reason
        self.detail = detail


class CulpritError(VerificationError):
    """What no honest member says in a key generation.

    Attributes:
        member: its name.
    """

    def __init__(self, member: str, detail: str) -> None:
        """Blame `member`; `detail` says for what."""
        super().__init__(f"{member}: {detail}")
        self.member = member


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


class DeniedError(LedgerError):
    """An act in a case that its rules do not allow.

    Attributes:
        reason: the short, stable word of what is in the way.
        detail: the same in words: what to do instead; holds nothing personal.
    """

    def __init__(self, reason: str, detail: str) -> None:
        """Deny for `reason`; `detail` says it in words."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
