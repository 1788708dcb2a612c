"""Peer messages: what members send each other, as signed notes in front of a payload.

    u32be note length ‖ note ‖ payload

    <origin>/peer/v1                            <origin>/peer-answer/v1
    <sender>                                    <sender>
    <recipient>                                 <recipient>
    <operation>                                 <operation>
    <unix time>                                 ok, or the code of a refusal
    <base64, 16 random bytes>                   <the request's>
    <base64, SHA-256 of the payload>            <base64, SHA-256 of the payload>
                                                    (a blank line)
    — <origin>/<sender> …                       — <origin>/<sender> …

Both ways are signed by entry keys, so TLS may end at a proxy. An answer names its request, and a
request its recipient and time: neither can be used elsewhere, and operations may be repeated.
"""

from dataclasses import dataclass
from typing import Self

from ledger.consortium import Consortium
from ledger.encoding import from_base64, sha256, to_base64
from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.key import SigningKey
from ledger.note import Note

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
TOLERATED_SECONDS = 300
ID_BYTES = 16
_MAX_TIME_DIGITS = 19
_REQUEST = "/peer/v1"
_ANSWER = "/peer-answer/v1"
OK = "ok"


@dataclass(frozen=True, slots=True)
class PeerMessage:
    """A request (`state` is its unix time) or an answer (`state` is ok or a refusal's code)."""

    origin: str
    is_answer: bool
    sender: str
    recipient: str
    operation: str
    state: str
    id: bytes
    payload: bytes

    def encode(self, key: SigningKey) -> bytes:
        """Return the message signed by the sender's entry key."""
        text = self._text()
        note = Note(text, (key.sign(text),)).encode()
        return len(note).to_bytes(4, "big") + note + self.payload

    @classmethod
    def decode(cls, raw: bytes, document: Consortium) -> Self:
        """Read a message and verify that its sender, a member, signed it.

        Raises:
            MalformedError: not a peer message.
            VerificationError: not signed by the member that it names.
        """
        size = int.from_bytes(raw[:4], "big")
        if len(raw) > MAX_MESSAGE_BYTES or size > len(raw) - 4:
            raise MalformedError("peer message: a length is wrong")
        note = Note.decode(raw[4 : 4 + size])
        lines = note.text.split("\n")
        if len(lines) != 8 or lines[7] or len(note.signatures) != 1:
            raise MalformedError("peer message: expected seven lines and one signature")
        is_answer = lines[0].endswith(_ANSWER)
        mark = _ANSWER if is_answer else _REQUEST
        message = cls(
            origin=lines[0].removesuffix(mark),
            is_answer=is_answer,
            sender=lines[1],
            recipient=lines[2],
            operation=lines[3],
            state=lines[4],
            id=from_base64(lines[5], size=ID_BYTES),
            payload=raw[4 + size :],
        )
        if message._text() != note.text:
            raise MalformedError("peer message: not canonical, or another payload")
        message._verify(note, document)
        return message

    def answer(self, state: str, payload: bytes) -> "PeerMessage":
        """Return the answer to this request."""
        return PeerMessage(
            origin=self.origin,
            is_answer=True,
            sender=self.recipient,
            recipient=self.sender,
            operation=self.operation,
            state=state,
            id=self.id,
            payload=payload,
        )

    def verify_answers(self, request: "PeerMessage") -> None:
        """Check that this is the answer to `request`.

        Raises:
            VerificationError: it answers something else, or somebody else's.
        """
        if self != request.answer(self.state, self.payload):
            raise VerificationError("peer message: not the answer to what was asked")

    def verify_request(self, *, recipient: str, now: int) -> None:
        """Check that this is a request to `recipient`, made within five minutes of `now`.

        Raises:
            VerificationError: an answer, another's request, or an old one.
        """
        if self.is_answer or self.recipient != recipient:
            raise VerificationError("peer message: not a request to this member")
        # int() of thousands of digits raises an error of its own.
        is_time = self.state.isdecimal() and len(self.state) <= _MAX_TIME_DIGITS
        if not is_time or abs(int(self.state) - now) > TOLERATED_SECONDS:
            raise VerificationError("peer message: its time is over five minutes off; set clocks")

    def _text(self) -> str:
        mark = _ANSWER if self.is_answer else _REQUEST
        return (
            f"{self.origin}{mark}\n{self.sender}\n{self.recipient}\n{self.operation}\n"
            f"{self.state}\n{to_base64(self.id)}\n{to_base64(sha256(self.payload))}\n"
        )

    def _verify(self, note: Note, document: Consortium) -> None:
        line = note.signatures[0]
        owner = document.entry_keys.get((line.name, line.key_id))
        if self.origin != document.origin or owner is None or owner[0] != self.sender:
            raise VerificationError("peer message: not signed by the member it names")
        try:
            owner[1].verify(line, note.text)
        except LedgerError as cause:
            raise VerificationError("peer message: the signature does not verify") from cause
