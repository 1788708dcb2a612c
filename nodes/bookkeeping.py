"""Bookkeeping: what records every processing, commits to it and sends it on, wired."""

from nodes.collector.port import Collector
from nodes.log_export import LogExport
from nodes.logbook import KEY_LABEL, Logbook
from nodes.logkeeper import Logkeeper
from nodes.premises import Premises
from nodes.store.logbook import Logs


class Bookkeeping:
    """`logbook` is for whoever processes; the rest runs by itself."""

    def __init__(self, premises: Premises, *, collector: Collector | None) -> None:
        """Wire; records stay in this node's own database where there is no `collector`."""
        logs = Logs(premises.vault)
        self.logbook = Logbook(
            replica=premises.replica,
            writer=premises.writer,
            logs=logs,
            clock=premises.clock,
            subject_key=premises.keyring.derive(KEY_LABEL),
            activities=premises.settings.logbook.activities,
        )
        self.logkeeper = Logkeeper(
            keyring=premises.keyring,
            replica=premises.replica,
            database=premises.database,
            writer=premises.writer,
            logs=logs,
            sequencer=premises.sequencer,
            clock=premises.clock,
            is_exported=collector is not None,
        )
        self.log_export = LogExport(
            collector=collector, database=premises.database, writer=premises.writer, logs=logs
        )
