"""What a stack of Python frames is at: which kind of work, and in which part of a node.

Frames are looked at from the inside outwards: of kinds the first counts whose module a table names,
of parts the first module of a node that is neither a store nor the way to a peer.
"""

from collections.abc import Iterator
from types import FrameType

OTHER = "other"
IN = "in "
_KINDS = (
    ("ristretto255", ("rbcl", "ledger.group", "ledger.suite", "ledger.dleq", "ledger.threshold")),
    ("signatures", ("ledger.key", "nacl.bindings.crypto_sign")),
    ("sealing", ("cryptography", "ledger.seal", "nodes.peers.sealed")),
    ("pseudonyms, items, slots", ("ledger.pseudonym", "ledger.locator", "ledger.answer")),
    ("boxes at rest", ("nodes.store.vault",)),
    ("HTTP", ("uvicorn", "httptools", "starlette", "fastapi", "aiohttp", "yarl", "multidict")),
    ("JSON and models", ("pydantic", "json")),
    ("SQLAlchemy", ("sqlalchemy", "nodes.store")),
    ("entries, notes, bodies", ("ledger",)),
    ("tasks and threads", ("asyncio", "concurrent", "threading", "queue", "uvloop")),
    ("logging", ("logging",)),
    ("node's own logic", ("nodes", "api")),
)
_SQLITE = frozenset({"do_execute", "do_executemany", "do_commit", "do_rollback", "do_begin"})
_SQLITE_MODULE = "sqlalchemy.engine.default"
_NODES = "nodes"
_NO_PARTS = ("nodes.store", "nodes.peers", "nodes.node")


def kind_of(frame: FrameType | None) -> str:
    """Return the kind of work."""
    for module, function in _frames(frame):
        if module == _SQLITE_MODULE and function in _SQLITE:
            return "SQLite"
        for kind, names in _KINDS:
            if _is_of(module, *names):
                return kind
    return OTHER


def part_of(frame: FrameType | None) -> str:
    """Return the part of a node, as `in <module>`."""
    for module, _ in _frames(frame):
        if _is_of(module, _NODES) and not _is_of(module, *_NO_PARTS):
            return IN + module
    return f"{IN}no part: web framework, loop, commits"


def _is_of(module: str, *names: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def _frames(frame: FrameType | None) -> Iterator[tuple[str, str]]:
    while frame is not None:
        yield str(frame.f_globals.get("__name__", "")), frame.f_code.co_name
        frame = frame.f_back
