"""A node alone on the synthetic chain, in a process of its own: to see what it keeps in memory.

Its database is written by the replica, as following the order would have written it; everything in
it is final, so that the node has nothing to do but answer.
"""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import tomli_w

from bench.applying import Applying
from bench.chain import Chain
from bench.errors import BenchError
from bench.process import Memory, children, memory
from demo.leash import Leash
from demo.process import CONFIG, HOST, NodeProcess
from ledger.cosignature import SignedCheckpoint
from ledger.tile import entry_tiles
from nodes.adapters import DATABASE_FILE
from nodes.sequencer.embedded import EmbeddedSequencer
from nodes.store import chain as store
from nodes.store.database import Database
from nodes.store.tables import CheckpointRow
from nodes.witness import NEWEST

MEMBER = "bzk"
_EFFECTS = "effects"
_READY_WITHIN_SECONDS = 60
_TILES = 20
_RECEIPTS = 20
_TOKEN = "0123456789-operator-of-the-bench"  # noqa: S105 -- of a node that lives a few seconds


@dataclass(frozen=True)
class Snapshot:
    """The folder of a node that has applied the blocks under the checkpoint `signed`."""

    folder: Path
    signed: SignedCheckpoint
    url: str


def snapshot(chain: Chain, applying: Applying, folder: Path) -> Snapshot:
    """Copy what is applied so far into a node's folder.

    Raises:
        BenchError: nothing is applied yet.
    """
    if applying.tip is None:
        raise BenchError("there is no chain to copy")
    signed = chain.final(applying.tip)
    (folder / "data").mkdir(parents=True)
    copy = folder / "data" / DATABASE_FILE
    with closing(sqlite3.connect(applying.database.path)) as source:
        source.execute("VACUUM INTO ?", (str(copy),))
    database = Database(copy)
    with database.begin() as connection:
        store.put_checkpoint(
            connection,
            CheckpointRow(
                name=NEWEST, size=applying.tip.size, note=signed.encode(), shown_at=chain.cosigned
            ),
        )
        store.move_cursor(connection, _EFFECTS, applying.tip.size)
    database.close()
    _write_order(folder / "order.db", applying.position)
    _write_settings(chain, folder)
    return Snapshot(folder, signed, chain.founded.url)


def memory_of_node(snapshot: Snapshot) -> Memory:
    """Start the node, have it answer some readers, and return its memory.

    Raises:
        BenchError: it does not start.
    """
    leash = Leash()
    process = NodeProcess(snapshot.folder, leash)
    before = set(children("--config"))
    try:
        process.launch()
        with httpx.Client(base_url=snapshot.url, timeout=30, trust_env=False) as client:
            client.headers["Authorization"] = f"Bearer {_TOKEN}"
            _wait_ready(client, process)
            _read(client, snapshot.signed.checkpoint.size)
            (pid,) = set(children("--config")) - before
            found = memory(pid)
    finally:
        process.kill()
        leash.close()
    if found is None:
        raise BenchError(f"the node ended: {process.last_words()}")
    return found


def _write_order(path: Path, position: int) -> None:
    EmbeddedSequencer(path).close()
    # The order must reach as far as the node has applied; what came before is not read again.
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO submission VALUES (?, x'')", (position,))


def _write_settings(chain: Chain, folder: Path) -> None:
    settings = {
        "keys": str(chain.founded.keys(MEMBER)),
        "data_dir": "data",
        "founding": str(chain.founded.note),
        "order": "order.db",
        "url": chain.founded.url,
        "host": HOST,
        "port": int(chain.founded.url.rpartition(":")[2]),
        "tokens": "tokens.toml",
        "exchange_beat_seconds": 0,
    }
    (folder / CONFIG).write_text(tomli_w.dumps(settings))
    (folder / "tokens.toml").touch(mode=0o600)
    (folder / "tokens.toml").write_text(tomli_w.dumps({"operator": _TOKEN}))


def _wait_ready(client: httpx.Client, process: NodeProcess) -> None:
    until = time.monotonic() + _READY_WITHIN_SECONDS
    seen = ""
    while time.monotonic() < until and process.is_running:
        try:
            answer = client.get("/readyz")
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if answer.is_success:
            return
        seen = answer.text
        time.sleep(0.05)
    raise BenchError(f"the node is not ready: {seen or process.last_words()}")


def _read(client: httpx.Client, size: int) -> None:
    """Read tiles and receipts from all over the chain, as an auditor and callers would."""
    tiles = list(entry_tiles(size))
    for tile in tiles[:: -(-len(tiles) // _TILES)]:
        client.get(f"/{tile.path()}").raise_for_status()
    for height in range(0, size, -(-size // _RECEIPTS)):
        client.get(f"/v1/receipts/{height}").raise_for_status()
