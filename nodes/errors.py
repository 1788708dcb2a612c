"""Everything a node refuses or cannot do, and why.

NodeError
├── ConfigurationError   settings, keys or files that a node cannot start with
├── InputError           what a caller sent cannot be posted; `field` says which part
│   └── QuotaError       the day's quota is used up; tomorrow it can
├── ConflictError        an idempotency key that was used for something else
├── NotFoundError        nothing of that name or height here
├── GoneError            it was here, and was withdrawn
├── StorageError         the disk is full or refuses; nothing was taken
├── SequencerError       the shared order cannot be used now, or is not the one applied here
├── PeerUnreachableError a peer that does not answer
├── PeerRefusedError     a peer that answers no, with its `code`
├── CollectorError       the agency's collector does not take log records
└── NoticeError          a mail server or webhook does not take a notice
"""


class NodeError(Exception):
    """The base of every error that `nodes` raises on purpose."""


class ConfigurationError(NodeError):
    """Settings, keys or files that a node cannot start with."""


class InputError(NodeError):
    """What a caller sent cannot be posted.

    Attributes:
        field: which part of it, or None.
    """

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        """Refuse with a `detail` that says what to do and repeats nothing personal."""
        super().__init__(detail)
        self.field = field


class QuotaError(InputError):
    """The day's quota is used up: the same can be posted tomorrow."""


class ConflictError(NodeError):
    """An idempotency key that was used for something else."""


class NotFoundError(NodeError):
    """Nothing of that name or height is here."""


class GoneError(NodeError):
    """It was here and was withdrawn; what is left says nothing."""


class StorageError(NodeError):
    """The disk is full or refuses; nothing of the transaction was kept."""


class SequencerError(NodeError):
    """The shared order cannot be used now, or is not the one that this node has applied."""


class PeerUnreachableError(NodeError):
    """A peer that does not answer in time, or has no known address."""


class CollectorError(NodeError):
    """The agency's collector does not take log records now; they stay here and go later."""


class NoticeError(NodeError):
    """A mail server or webhook does not take a notice now; it is brought with the next."""


class PeerRefusedError(NodeError):
    """A peer that answers no.

    Attributes:
        code: the short, stable word of its refusal.
    """

    def __init__(self, code: str, detail: str) -> None:
        """Pass on the peer's `code` and `detail`."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
