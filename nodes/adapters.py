"""What a node is built from besides its settings, and how the real ones are opened."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from ledger.entry import SignedEntry
from ledger.errors import LedgerError
from ledger.state import State
from nodes.casework.directory import mailboxes_of
from nodes.casework.notices import Notifier
from nodes.casework.notifiers import BothNotifiers, MailNotifier, WebhookNotifier
from nodes.casework.sender import Sender
from nodes.clock import Clock, SystemClock
from nodes.collector.port import Collector
from nodes.engine import open_engine
from nodes.errors import ConfigurationError
from nodes.holdings import Holdings
from nodes.keyring import Keyring, load_keyring
from nodes.logbook import KEY_LABEL
from nodes.peers.http import HttpTransport
from nodes.peers.port import Transport
from nodes.replica import Replica
from nodes.sequencer.cometbft.sequencer import CometSequencer
from nodes.sequencer.embedded import EmbeddedSequencer
from nodes.sequencer.port import Sequencer
from nodes.settings import Settings, read_secret
from nodes.store.custody import Custody
from nodes.store.database import Database
from nodes.store.dispatches import Dispatches
from nodes.store.logbook import Logs
from nodes.store.signals import Signals
from nodes.store.vault import Vault

DATABASE_FILE = "node.db"


@dataclass(frozen=True, slots=True)
class Adapters:
    """What a node is built from besides its settings; the defaults are the real ones."""

    clock: Clock
    transport: Transport
    sequencer: Sequencer
    database: Database
    engine: CometSequencer | None = None
    """The same as `sequencer` where the order is made among machines, or None."""
    collector: Collector | None = None
    """Where log records go besides this node's own database, or None."""
    notifier: Notifier | None = None
    """Who tells desks that there is something, or None."""
    sender: Sender | None = None
    """What takes messages to other agencies' desks in place of the node's own rhythm, or None."""


def real_adapters(settings: Settings) -> Adapters:
    """Open the adapters that `settings` name.

    Raises:
        ConfigurationError: a file cannot be opened.
    """
    database = Database(settings.data_dir / DATABASE_FILE)
    try:
        engine = open_engine(settings, load_founding(settings)) if settings.engine else None
        sequencer = engine or EmbeddedSequencer(
            settings.shared_order, poll_seconds=settings.poll_seconds
        )
        collector = _open_collector(settings)
        notifier = _open_notifier(settings)
    except BaseException:
        database.close()
        raise
    return Adapters(
        SystemClock(), HttpTransport(), sequencer, database, engine, collector, notifier
    )


def _open_collector(settings: Settings) -> Collector | None:
    if settings.logbook.endpoint is None:
        return None
    # OpenTelemetry is slow to import, and many a command needs a node's adapters without it.
    from nodes.collector.otlp import OtlpCollector  # noqa: PLC0415

    return OtlpCollector(
        settings.logbook.endpoint,
        member=load_keyring(settings.keys).member,
        timeout=settings.logbook.timeout_seconds,
    )


def _open_notifier(settings: Settings) -> Notifier | None:
    notices = settings.notices
    found: list[MailNotifier | WebhookNotifier] = []
    if notices.mail is not None:
        member = load_keyring(settings.keys).member
        password = None if notices.mail.password is None else read_secret(notices.mail.password)
        found.append(
            MailNotifier(
                notices.mail,
                mailboxes=mailboxes_of(settings, member=member),
                password=password,
                clock=SystemClock(),
            )
        )
    if notices.webhook is not None:
        found.append(WebhookNotifier(notices.webhook, timeout=notices.webhook_timeout_seconds))
    return BothNotifiers(*found) if found else None


def load_founding(settings: Settings) -> SignedEntry:
    """Read the founding entry, the anchor of the chain.

    Raises:
        ConfigurationError: not readable, or not an entry note.
    """
    try:
        return SignedEntry.decode(settings.founding.read_bytes())
    except OSError as cause:
        raise ConfigurationError(f"{settings.founding} cannot be read: {cause.strerror}") from cause
    except LedgerError as cause:
        raise ConfigurationError(f"{settings.founding} is not a founding note: {cause}") from cause


@contextmanager
def opened_holdings(settings: Settings) -> Iterator[Holdings]:
    """Yield what the node of `settings` holds, which may run meanwhile.

    Raises:
        ConfigurationError: keys or database cannot be used.
    """
    keyring = load_keyring(settings.keys)
    vault = vault_of(keyring)
    with closing(_open_database(settings)) as database:
        yield Holdings(
            member=keyring.member,
            database=database,
            custody=Custody(vault),
            signals=Signals(vault),
            dispatches=Dispatches(vault),
            logs=Logs(vault),
        )


def own_chain(settings: Settings) -> State:
    """Return the chain as far as the node of `settings`, which may run, has it; perhaps nothing.

    Raises:
        ConfigurationError: its database cannot be used.
    """
    path = settings.data_dir / DATABASE_FILE
    if not path.exists():
        return State()
    with closing(Database(path)) as database:
        return Replica(database, load_founding(settings)).state


@contextmanager
def opened_log(settings: Settings) -> Iterator[tuple[Iterator[tuple[int, bytes]], bytes]]:
    """Yield the log records of the node of `settings`, as (number, bytes), and their key.

    The key opens whom they are about.

    Raises:
        ConfigurationError: keys or database cannot be used.
    """
    keyring = load_keyring(settings.keys)
    with closing(_open_database(settings)) as database, database.read() as connection:
        records = Logs(vault_of(keyring)).all_records(connection)
        yield records, keyring.derive(KEY_LABEL)


def _open_database(settings: Settings) -> Database:
    path = settings.data_dir / DATABASE_FILE
    if not path.exists():
        raise ConfigurationError(f"{path} is not there: has this node ever run?")
    return Database(path)


def vault_of(keyring: Keyring) -> Vault:
    """Return the boxes at rest, under keys that follow from the keyring."""
    return Vault(box_key=keyring.derive("box"), mac_key=keyring.derive("index/idempotency"))
