"""What a member says in a generation, signed, so that nobody on the way can change it.

    <origin>/generation/v1
    <member>
    <base64, SHA-256 of the plan>
    <step>                  key | contribution | certificate | trial | complaint
    <group>
    <base64, content>       what the step is about
                            (a blank line)
    — <origin>/<member> <base64(key id ‖ Ed25519 signature)>

COCKTAIL-DKG itself signs no ciphertexts and takes static keys as known; this signature by the entry
key that the consortium document names covers both.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from ledger.consortium import Consortium
from ledger.encoding import Digest, from_base64, to_base64
from ledger.errors import MalformedError, VerificationError
from ledger.key import SigningKey
from ledger.note import Note

_MARK = "/generation/v1"


class Step(StrEnum):
    """What members say in turn; a complaint takes the place of a certificate."""

    KEY = "key"
    CONTRIBUTION = "contribution"
    CERTIFICATE = "certificate"
    TRIAL = "trial"
    COMPLAINT = "complaint"


ORDER = (Step.KEY, Step.CONTRIBUTION, Step.CERTIFICATE, Step.TRIAL)


@dataclass(frozen=True, slots=True)
class Statement:
    """`content`, by `member` as a holder of `group`, in the step of the plan with that digest."""

    origin: str
    member: str
    plan: Digest
    step: Step
    group: str
    content: bytes

    def sign(self, key: SigningKey) -> bytes:
        """Return the note, signed by the member's entry key."""
        text = self._text()
        return Note(text, (key.sign(text),)).encode()

    @classmethod
    def decode(cls, raw: bytes, document: Consortium) -> Self:
        """Read a note and verify that the member it names signed it.

        Raises:
            MalformedError: not a statement.
            VerificationError: not signed by the member it names.
        """
        note = Note.decode(raw)
        lines = note.text.split("\n")
        if len(lines) != 7 or lines[6] or len(note.signatures) != 1:
            raise MalformedError("statement: expected six lines and one signature")
        try:
            step = Step(lines[3])
        except ValueError as cause:
            raise MalformedError("statement: a step that is not known") from cause
        statement = cls(
            origin=lines[0].removesuffix(_MARK),
            member=lines[1],
            plan=Digest(from_base64(lines[2], size=32)),
            step=step,
            group=lines[4],
            content=from_base64(lines[5]),
        )
        if statement._text() != note.text:
            raise MalformedError("statement: not canonical")
        line = note.signatures[0]
        owner = document.entry_keys.get((line.name, line.key_id))
        if statement.origin != document.origin or owner is None or owner[0] != statement.member:
            raise VerificationError("statement: not signed by the member it names")
        owner[1].verify(line, note.text)
        return statement

    def _text(self) -> str:
        return (
            f"{self.origin}{_MARK}\n{self.member}\n{to_base64(self.plan)}\n{self.step.value}\n"
            f"{self.group}\n{to_base64(self.content)}\n"
        )
