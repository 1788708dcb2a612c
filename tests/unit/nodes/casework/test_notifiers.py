"""Notices arrive by mail and by webhook, secretly where they travel, and say one thing only."""

import ssl
from pathlib import Path

import pytest

from nodes.adapters import _open_notifier
from nodes.casework.directory import mailboxes_of
from nodes.casework.notices import DESK, LEAD, OFFICER, TEXT, Addressee
from nodes.casework.notifiers import BothNotifiers, MailNotifier, WebhookNotifier
from nodes.errors import NoticeError
from nodes.settings import MailSettings, NoticesSettings
from tests.support.bench import run
from tests.support.consortium import Founded
from tests.support.fakes import FakeClock
from tests.support.mail_server import Mails, certificate, mail_server, webhook

WORKPLACE = Addressee(DESK, "uwv/maatwerkplaats")
MAILBOXES = {WORKPLACE: "maatwerk@uwv.example"}


def notifier(mails: Mails, file: Path, security: str, **more: str) -> MailNotifier:
    settings = MailSettings.model_validate(
        {
            "server": f"localhost:{mails.port}",
            "security": security,
            "sender": "signaalketen@uwv.example",
            **more,
        }
    )
    return MailNotifier(
        settings,
        mailboxes=MAILBOXES,
        password="secret" if more else None,
        clock=FakeClock(),
        context=ssl.create_default_context(cafile=str(file)),
    )


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_mail_arrives_and_says_that_there_is_something(tmp_path: Path, security: str) -> None:
    async def story() -> None:
        file = certificate(tmp_path)
        async with mail_server(file, is_tls=security == "tls") as mails:
            await notifier(mails, file, security).notify(WORKPLACE)

        (text,) = mails.received
        head, _, body = text.partition("\r\n\r\n")
        assert body.replace("\r\n", "\n").startswith(TEXT)
        assert "To: maatwerk@uwv.example" in head
        assert "Subject: Signaalketen\r\n" in head
        assert mails.was_secret == [security != "none"]

    run(story())


def test_password_goes_only_after_tls_has_begun(tmp_path: Path) -> None:
    async def story() -> None:
        file = certificate(tmp_path)
        async with mail_server(file) as mails:
            await notifier(mails, file, "starttls", user="u", password="p").notify(WORKPLACE)

        assert mails.commands.index("STARTTLS") < mails.commands.index("AUTH")

    run(story())


def test_server_with_another_certificate_gets_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "other").mkdir()
        file, other = certificate(tmp_path), certificate(tmp_path / "other")
        async with mail_server(file) as mails:
            with pytest.raises(NoticeError, match="SSLCertVerificationError"):
                await notifier(mails, other, "starttls").notify(WORKPLACE)

        assert mails.received == []

    run(story())


def test_server_that_refuses_or_is_not_there_is_told_without_the_mailbox(tmp_path: Path) -> None:
    async def story() -> None:
        file = certificate(tmp_path)
        async with mail_server(file) as mails:
            mails.refuses = True
            with pytest.raises(NoticeError) as refused:
                await notifier(mails, file, "none").notify(WORKPLACE)
        assert "maatwerk" not in str(refused.value)
        with pytest.raises(NoticeError, match="ConnectionRefusedError"):
            await notifier(mails, file, "none").notify(WORKPLACE)

    run(story())


def test_whoever_has_no_mailbox_is_not_told(tmp_path: Path) -> None:
    async def story() -> None:
        file = certificate(tmp_path)
        async with mail_server(file) as mails:
            await notifier(mails, file, "none").notify(Addressee(LEAD, "uwv/maatwerkplaats"))

        assert mails.commands == []

    run(story())


def test_webhook_is_told_whom_and_that_there_is_something() -> None:
    async def story() -> None:
        async with webhook() as (url, posted):
            one = WebhookNotifier(url, timeout=5)
            both = BothNotifiers(one, one)
            await both.notify(WORKPLACE)
            await both.close()

        assert posted == [{"role": "desk", "name": "uwv/maatwerkplaats", "text": TEXT}] * 2

    run(story())


@pytest.mark.parametrize("status", [302, 404, 500])
def test_webhook_that_does_not_take_it_is_told_again_later(status: int) -> None:
    async def story() -> None:
        async with webhook(status=status) as (url, posted):
            one = WebhookNotifier(url, timeout=5)
            with pytest.raises(NoticeError, match=str(status)):
                await one.notify(WORKPLACE)
            await one.close()
        assert len(posted) == 1
        one = WebhookNotifier(url, timeout=5)
        with pytest.raises(NoticeError, match="does not answer"):
            await one.notify(WORKPLACE)
        await one.close()

    run(story())


def test_mailboxes_are_those_of_the_settings(founded: Founded) -> None:
    settings = founded.settings("uwv")
    desks = {
        "uwv/maatwerkplaats": {"mailbox": "a@uwv.example", "lead": "b@uwv.example"},
        "uwv/werkbedrijf": {"phone": "088 12345"},
    }
    changed = type(settings).model_validate(
        settings.model_dump()
        | {"desks": desks, "notices": NoticesSettings(officer="fg@uwv.example").model_dump()}
    )

    assert mailboxes_of(changed, member="uwv") == {
        WORKPLACE: "a@uwv.example",
        Addressee(LEAD, "uwv/maatwerkplaats"): "b@uwv.example",
        Addressee(OFFICER, "uwv"): "fg@uwv.example",
    }


@pytest.mark.parametrize("has_mail", [True, False])
@pytest.mark.parametrize("has_webhook", [True, False])
def test_node_tells_by_what_its_settings_name(
    founded: Founded, *, has_mail: bool, has_webhook: bool
) -> None:
    secret = founded.root / "smtp.password"
    secret.write_text("secret\n")
    secret.chmod(0o600)
    mail = {
        "server": "smtp.uwv.example:587",
        "sender": "signaalketen@uwv.example",
        "user": "signaalketen",
        "password": secret,
    }
    notices = NoticesSettings.model_validate(
        {
            "mail": mail if has_mail else None,
            "webhook": "https://uwv.example/x" if has_webhook else None,
        }
    )
    settings = founded.settings("uwv").model_copy(update={"notices": notices})

    found = _open_notifier(settings)

    named = () if found is None else found._notifiers  # type: ignore[attr-defined]
    assert [type(one) for one in named] == (
        [MailNotifier] * has_mail + [WebhookNotifier] * has_webhook
    )
    assert all(one._password == "secret" for one in named if isinstance(one, MailNotifier))
