"""Everything the client cannot do, and why.

ClientError
├── UnreachableError   the node does not answer; what was sent may have arrived all the same
├── AnsweredError      it answers with a problem: `status`, and the text says what to do
└── ImportRecordError  the record of an import does not fit the file, the node, or a second run
"""


class ClientError(Exception):
    """The base of every error that the client raises on purpose."""


class UnreachableError(ClientError):
    """The node does not answer; what was sent may have arrived all the same."""


class AnsweredError(ClientError):
    """The node answers with a problem.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, status: int, detail: str) -> None:
        """Pass on what the node says of it."""
        super().__init__(detail)
        self.status = status


class ImportRecordError(ClientError):
    """The record of an import does not fit the file, the node, or a second run."""
