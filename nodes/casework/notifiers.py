"""Who brings notices: a mail server, or the agency's own system by a webhook.

mail      one message to the functional mailbox of a desk, its lead or the privacy officer
webhook   POST {"role": "desk", "name": "uwv/maatwerkplaats", "text": …}; 2xx means taken
"""

import asyncio
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime

import aiohttp

from nodes.casework.notices import SUBJECT, TEXT, Addressee
from nodes.clock import Clock
from nodes.errors import NoticeError
from nodes.settings import MailSettings


class MailNotifier:
    """A `Notifier` by SMTP; a thread of its own waits for the server."""

    def __init__(
        self,
        settings: MailSettings,
        *,
        mailboxes: Mapping[Addressee, str],
        password: str | None,
        clock: Clock,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Write to `mailboxes`; `context` decides which server's certificate is good."""
        self._settings = settings
        self._mailboxes = dict(mailboxes)
        self._password = password
        self._clock = clock
        self._context = context or ssl.create_default_context()

    async def notify(self, addressee: Addressee) -> None:
        """Send one mail; see `Notifier`."""
        mailbox = self._mailboxes.get(addressee)
        if mailbox is None:
            return
        try:
            await asyncio.to_thread(self._send, mailbox)
        except (smtplib.SMTPException, OSError) as cause:
            host = self._settings.server
            raise NoticeError(f"{host} takes no mail: {type(cause).__name__}") from cause

    async def close(self) -> None:
        """Hold nothing: each mail has a connection of its own."""

    def _send(self, mailbox: str) -> None:
        settings = self._settings
        host, _, port = settings.server.rpartition(":")
        seconds = settings.timeout_seconds
        if settings.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, int(port), timeout=seconds, context=self._context
            )
        else:
            server = smtplib.SMTP(host, int(port), timeout=seconds)
        with server:
            if settings.security == "starttls":
                server.starttls(context=self._context)
            if settings.user is not None and self._password is not None:
                server.login(settings.user, self._password)
            server.send_message(self._mail(mailbox))

    def _mail(self, mailbox: str) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._settings.sender, mailbox, SUBJECT
        mail["Date"] = format_datetime(self._clock.now())
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(TEXT)
        return mail


class WebhookNotifier:
    """A `Notifier` by HTTP."""

    def __init__(self, url: str, *, timeout: float) -> None:
        """Post to `url`."""
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None

    async def notify(self, addressee: Addressee) -> None:
        """Post once; see `Notifier`."""
        if self._session is None:
            # Proxies and credentials of the environment are not for this.
            self._session = aiohttp.ClientSession(timeout=self._timeout, trust_env=False)
        said = {**addressee._asdict(), "text": TEXT}
        try:
            async with self._session.post(self._url, json=said, allow_redirects=False) as answer:
                if answer.status // 100 != 2:
                    raise NoticeError(f"the webhook answers {answer.status}")
        except (aiohttp.ClientError, OSError, TimeoutError) as cause:
            raise NoticeError(f"the webhook does not answer: {type(cause).__name__}") from cause

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


class BothNotifiers:
    """A `Notifier` by mail and by webhook: both must take it."""

    def __init__(self, *notifiers: MailNotifier | WebhookNotifier) -> None:
        """Tell through each of `notifiers`."""
        self._notifiers = notifiers

    async def notify(self, addressee: Addressee) -> None:
        """Tell through each; see `Notifier`."""
        for notifier in self._notifiers:
            await notifier.notify(addressee)

    async def close(self) -> None:
        """Close each."""
        for notifier in self._notifiers:
            await notifier.close()
