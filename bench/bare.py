"""The machine's own limits: what a thing costs when nothing but that thing is done.

Each function returns seconds a piece. Those of pure computing count this process's own time, so
that others on the machine do not show; those that wait for a disk or a wire count the clock's.
"""

import http.client
import http.server
import multiprocessing
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import rbcl
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PublicKey, Suite
from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair

from ledger.block import Block
from ledger.consortium import Consortium

_WARM_SECONDS = 0.2
Signed = tuple[bytes, bytes]
"""A signature joined with its message, and the public key: what libsodium opens."""


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return how much of a core `work` took."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def wall_seconds(work: Callable[[], object]) -> float:
    """Return how long `work` took."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def signatures_of(blocks: Sequence[bytes], document: Consortium) -> list[Signed]:
    """Return every signature on `blocks` by an entry key, ready to be verified."""
    found = []
    for raw in blocks:
        signed = Block.decode(raw).signed
        for line in signed.lines:
            _, key = document.entry_keys[line.name, line.key_id]
            found.append((line.signature + signed.text.encode(), key.public))
    return found


def verify_all(signatures: Sequence[Signed]) -> None:
    """Verify with PyNaCl and do nothing else."""
    for signed, public in signatures:
        crypto_sign_open(signed, public)


def verified_a_second(signatures: Sequence[Signed], *, cores: int, seconds: float) -> float:
    """Return how many signatures `cores` processes together verify in a second."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, mp_context=context) as pool:
        # Once to have them all started, once to measure.
        for span in (_WARM_SECONDS, seconds):
            rates = list(pool.map(_verify_for, [signatures] * cores, [span] * cores))
    return sum(rates)


def _verify_for(signatures: Sequence[Signed], seconds: float) -> float:
    count = 0
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        verify_all(signatures)
        count += len(signatures)
    return count / (time.perf_counter() - begun)


def verification(count: int = 2000) -> float:
    """Return what one Ed25519 verification costs."""
    public, secret = crypto_sign_seed_keypair(bytes(32))
    signed = crypto_sign(bytes(200), secret)
    return cpu_seconds(lambda: verify_all([(signed, public)] * count)) / count


def signing(count: int = 2000) -> float:
    """Return what one Ed25519 signature costs."""
    _, secret = crypto_sign_seed_keypair(bytes(32))

    def sign() -> None:
        for _ in range(count):
            crypto_sign(bytes(200), secret)

    return cpu_seconds(sign) / count


def multiplication(count: int = 1000) -> float:
    """Return what one multiplication of a ristretto255 point costs."""
    point = rbcl.crypto_core_ristretto255_from_hash(bytes(range(64)))
    scalar = rbcl.crypto_core_ristretto255_scalar_reduce(bytes(range(64)))

    def multiply() -> None:
        for _ in range(count):
            rbcl.crypto_scalarmult_ristretto255(scalar, point)

    return cpu_seconds(multiply) / count


def sealing(count: int = 300) -> float:
    """Return what sealing a key to one recipient costs (HPKE, X-Wing)."""
    key = MLKEM768X25519PublicKey(
        MLKEM768PrivateKey.from_seed_bytes(bytes(64)).public_key(),
        X25519PrivateKey.from_private_bytes(bytes(32)).public_key(),
    )
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)

    def seal() -> None:
        for _ in range(count):
            suite.encrypt(bytes(32), key, b"")

    return cpu_seconds(seal) / count


def fsync(folder: Path, count: int = 100) -> float:
    """Return how long the disk takes to hold 4 KiB for good."""
    with (folder / "fsync").open("wb") as file:

        def write() -> None:
            for _ in range(count):
                os.write(file.fileno(), bytes(4096))
                os.fsync(file.fileno())

        return wall_seconds(write) / count


@contextmanager
def bare_table(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a database with one table of blobs, as durable as a node's."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS t(k INTEGER PRIMARY KEY, v BLOB NOT NULL)")
        yield connection


def commit_all(connection: sqlite3.Connection, rows: Sequence[bytes]) -> None:
    """Insert `rows` and commit, and do nothing else."""
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO t(v) VALUES (?)", [(row,) for row in rows])
    connection.execute("COMMIT")


def commit(folder: Path, count: int = 200) -> float:
    """Return how long SQLite takes to commit one row in WAL mode with synchronous=FULL."""
    with bare_table(folder / "commit.db") as connection:

        def write() -> None:
            for _ in range(count):
                commit_all(connection, [bytes(700)])

        return wall_seconds(write) / count


class _Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Two small writes in a row would wait 40 ms for each other.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        del format, args


def echo(count: int = 200) -> float:
    """Return how long a post of 700 bytes takes to come back on one loopback connection."""
    with http.server.HTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        client = http.client.HTTPConnection("127.0.0.1", server.server_port)

        def post() -> None:
            for _ in range(count):
                client.request("POST", "/", body=bytes(700))
                client.getresponse().read()

        try:
            return wall_seconds(post) / count
        finally:
            client.close()
            server.shutdown()
            thread.join()
