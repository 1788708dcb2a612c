"""The logbook: every processing of personal data writes its record, in its own transaction.

Follows *Logboek Dataverwerkingen* 1.0 (Logius). A record that cannot be written undoes what it is
about, so there is neither without the other. Whom it is about is encrypted for this agency's
privacy officer: XChaCha20-Poly1305 under a key of the node that opens nothing else, bound to trace
and span, under a fresh nonce. Equal people give unequal texts, so that whoever has the log, or
receives it, cannot tell which records are about one person; the privacy officer opens all of them.

Nothing here depends on whether two agencies met: hit and miss are one record each, and cost the
same.
"""

import secrets
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
)
from nacl.exceptions import CryptoError
from sqlalchemy import Connection

from ledger.encoding import enc, from_base64, to_base64
from ledger.errors import MalformedError
from ledger.logbook import LogRecord
from nodes.clock import Clock
from nodes.errors import StorageError
from nodes.replica import Replica
from nodes.store.logbook import Logs
from nodes.store.writer import Writer
from nodes.tracing import Trace, new_trace

BSN = "BSN"
UNKNOWN = "onbekend"
"""The type where this agency works on what is about a person that it does not know."""
CUSTODY = "bewaarneming"
COMPARISON = "vergelijking"
EXCHANGE = "uitwisseling"
"""The processing activities where the purpose of a signal cannot be seen."""
KEY_LABEL = "logbook/subject"
"""What the privacy officer's key is derived for; see `Keyring.derive`."""
_LABEL = "signaalketen/log-subject/v1"
_NOBODY = "0" * 9
_NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES


class Act(StrEnum):
    """What was done; for people to read."""

    POST = "signaal plaatsen"
    POST_ANEW = "signaal opnieuw plaatsen"
    WITHDRAW = "signaal intrekken"
    SHOW = "signaal inzien"
    SHOW_CASE = "casus inzien"
    CONFIRM = "casus bevestigen"
    SAY = "bericht aan een andere instantie sturen"
    HEAR = "bericht van een andere instantie ontvangen"
    TURN_AWAY = "bericht van een andere instantie weigeren"
    ASK = "gegevens bij een andere instantie vragen"
    PREPARE = "verstrekking voorbereiden"
    GRANT = "gegevens aan een andere instantie verstrekken"
    REFUSE = "verstrekking weigeren"
    BREAK_GLASS = "gegevens in een noodgeval verstrekken"
    REVIEW = "verstrekking in een noodgeval toetsen"
    SHOW_GRANTED = "verstrekte gegevens inzien"
    ERASE_GRANTED = "verstrekte gegevens wissen"
    CONCLUDE = "uitkomst van een casus vastleggen"
    CLOSE_CASE = "casus sluiten"
    HAND_OVER = "casus aan een ander loket overdragen"
    ASSIGN = "casus toewijzen"
    REMIND = "aan een casus herinneren"
    SHOW_BODY = "inhoud inzien als functionaris gegevensbescherming"
    LOCATE = "signaal vindbaar maken"
    OPEN = "antwoord van een andere instantie openen"
    COMPARE = "signaal van een andere instantie vergelijken"
    HOLD = "gegevens van een andere instantie bewaren"
    GIVE_BACK = "bewaarde gegevens teruggeven"
    ERASE = "gegevens van een andere instantie wissen"
    RECOVER = "eigen gegevens terughalen"
    SEND = "verzegeld bericht verzenden"
    UNSEAL = "verzegeld bericht van een andere instantie openen"
    EVALUATE = "pseudoniem voor een andere instantie mede berekenen"


class Processing(NamedTuple):
    """One act for `purpose` about the person of BSN `digits`, who may be unknown here.

    `asked_by` is the member that asked for it, empty for this one's own people.
    """

    act: Act
    purpose: str
    digits: str = ""
    asked_by: str = ""


class Logbook:
    """Writes records."""

    def __init__(
        self,
        *,
        replica: Replica,
        writer: Writer,
        logs: Logs,
        clock: Clock,
        subject_key: bytes,
        activities: str,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Name processing activities by the URI `activities`, to which a purpose is added."""
        self._replica = replica
        self._writer = writer
        self._logs = logs
        self._clock = clock
        self._subject_key = subject_key
        self._activities = activities
        self._random = random

    def write(
        self,
        connection: Connection,
        processings: Sequence[Processing],
        *,
        trace: Trace | None = None,
    ) -> None:
        """Store a record of each processing, inside the transaction that does it."""
        if processings:
            under = trace or new_trace()
            now = int(self._clock.now().timestamp() * 1000)
            records = [self._record(one, under, now).encode() for one in processings]
            self._logs.append(connection, records)

    async def record(
        self, processings: Sequence[Processing], *, trace: Trace | None = None
    ) -> None:
        """Store records durably, before what they tell of is answered.

        Raises:
            StorageError: the disk refuses, and the answer must not be given.
        """
        if processings:
            work = partial(self.write, processings=processings, trace=trace)
            await self._writer.do(work)

    def _record(self, one: Processing, trace: Trace, now: int) -> LogRecord:
        span_id = self._random(8)
        # Encrypted for nobody, too: whoever could time it would learn whether somebody was found.
        sealed = seal_subject(
            one.digits or _NOBODY,
            key=self._subject_key,
            trace_id=trace.trace_id,
            span_id=span_id,
            nonce=self._random(_NONCE_BYTES),
        )
        return LogRecord(
            trace_id=trace.trace_id,
            span_id=span_id,
            parent_span_id=trace.parent,
            name=one.act,
            start=now,
            end=now,
            activity=self._activities + one.purpose,
            subject=sealed if one.digits else "",
            subject_type=BSN if one.digits else UNKNOWN,
            processor=self._address(one.asked_by) if one.asked_by else "",
        )

    def _address(self, member: str) -> str:
        card = self._replica.state.cards.get(member)
        return f"urn:signaalketen:lid:{member}" if card is None else card.url


def seal_subject(digits: str, *, key: bytes, trace_id: bytes, span_id: bytes, nonce: bytes) -> str:
    """Return the encrypted id of a person, in base64, for the record of that trace and span."""
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(
        digits.encode(), enc(_LABEL, trace_id, span_id), nonce, key
    )
    return to_base64(nonce + sealed)


def open_subject(record: LogRecord, *, key: bytes) -> str:
    """Return the BSN of whom a record is about, empty where it names nobody.

    Raises:
        StorageError: it was altered, moved to another record, or encrypted under another key.
    """
    if not record.subject:
        return ""
    try:
        raw = from_base64(record.subject)
        return crypto_aead_xchacha20poly1305_ietf_decrypt(
            raw[_NONCE_BYTES:],
            enc(_LABEL, record.trace_id, record.span_id),
            raw[:_NONCE_BYTES],
            key,
        ).decode()
    except (CryptoError, MalformedError, ValueError) as cause:
        raise StorageError("the data subject of a log record does not open") from cause
