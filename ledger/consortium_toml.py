"""Reading a consortium document: every rule that a single version must obey.

Each error names the place ("[[member]] 2: log_key is missing") so that whoever drafts can mend it.
"""

import re
import tomllib
from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Any, TypeVar

from ledger.consortium import (
    BASIS_STATUSES,
    FORMAT,
    KEY_TYPES,
    MAX_DOCUMENT_BYTES,
    ROLES,
    VOCABULARY,
    Basis,
    Consortium,
    Desk,
    Grant,
    Group,
    Member,
    Purpose,
    key_name,
    least_quorum,
)
from ledger.encoding import Digest
from ledger.entry import is_name
from ledger.errors import ConsortiumError, LedgerError
from ledger.key import KeyType, VerifierKey
from ledger.matrix import verify_rows
from ledger.note import is_key_name

_T = TypeVar("_T")
# Not `isprintable`: what is printable depends on the version of Python, and so would the chain.
# Left out are controls, what turns the direction of writing, and whatever Unicode may yet add.
_TEXT = re.compile("[ -~\u00a1-\u00ac\u00ae-\u024f\u2010-\u2027\u2030-\u205e\u20ac]{1,400}")

_PHONE = re.compile(r"\+?[0-9][0-9 -]{4,23}")
_MAILBOX = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,120}")
_HOURS = re.compile(r".{1,100}")


class _Table:
    """A TOML table that is read key by key and must be read whole."""

    def __init__(self, place: str, content: object) -> None:
        if not isinstance(content, dict):
            raise ConsortiumError(f"{place}: expected a table")
        self.place = place
        self._left: dict[str, Any] = dict(content)

    def error(self, text: str) -> ConsortiumError:
        return ConsortiumError(f"{self.place}: {text}")

    def take(self, key: str, kind: type[_T]) -> _T:
        if key not in self._left:
            raise self.error(f"{key} is missing")
        value = self._left.pop(key)
        # bool is an int in Python, not in a document.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(f"{key} must be of type {kind.__name__}")
        return value

    def text(self, key: str, *, within: frozenset[str] | None = None) -> str:
        value = self.take(key, str)
        if _TEXT.fullmatch(value) is None:
            raise self.error(f"{key} must be 1 to 400 printable characters of Latin script")
        if within is not None and value not in within:
            raise self.error(f"{key} must be one of {', '.join(sorted(within))}")
        return value

    def optional(self, key: str, *, shape: re.Pattern[str], form: str) -> str:
        if key not in self._left:
            return ""
        value = self.text(key)
        if shape.fullmatch(value) is None:
            raise self.error(f"{key} must be {form}")
        return value

    def name(self, key: str) -> str:
        value = self.take(key, str)
        if not is_name(value):
            raise self.error(f"{key} must be small letters, digits and hyphens")
        return value

    def number(self, key: str, *, least: int, most: int = 10**9) -> int:
        value = self.take(key, int)
        if not least <= value <= most:
            raise self.error(f"{key} must be {least} to {most}")
        return value

    def texts(self, key: str, *, within: Iterable[str] | None = None) -> tuple[str, ...]:
        values = self.take(key, list)
        if not values or not all(isinstance(value, str) and value for value in values):
            raise self.error(f"{key} must be a list of texts, not empty")
        if len(set(values)) != len(values):
            raise self.error(f"{key} repeats a name")
        if within is not None and (strangers := set(values) - set(within)):
            raise self.error(f"{key}: {', '.join(sorted(strangers))} is not known here")
        return tuple(values)

    def tables(self, key: str, read: "Callable[[_Table], _T]") -> tuple[_T, ...]:
        rows = self.take(key, list)
        return tuple(read(_Table(f"[[{key}]] {i}", row)) for i, row in enumerate(rows, start=1))

    def table(self, key: str) -> "_Table":
        return _Table(f"[{key}]", self.take(key, dict))

    def left(self) -> list[str]:
        return list(self._left)

    def end(self) -> None:
        if self._left:
            raise self.error(f"{', '.join(sorted(self._left))} is not known here")


def decode_consortium(raw: str) -> Consortium:
    """Read a document.

    Raises:
        ConsortiumError: not TOML, or a rule is broken; the text says where.
    """
    if len(raw.encode()) > MAX_DOCUMENT_BYTES:
        raise ConsortiumError(f"document: over {MAX_DOCUMENT_BYTES} bytes")
    if not raw.endswith("\n"):
        raise ConsortiumError("document: the last line must end in a newline")
    try:
        top = _Table("document", tomllib.loads(raw))
    # Besides its own error, the parser lets through those of a number with thousands of digits
    # and of brackets nested thousands deep: with them one member would stop all nodes.
    except (ValueError, RecursionError) as cause:
        raise ConsortiumError(f"document: not TOML: {cause}") from cause
    top.text("format", within=frozenset({FORMAT}))
    origin = top.text("origin")
    # Blocks name it too, in a header that is ASCII.
    if not is_key_name(origin) or not origin.isascii() or len(origin) > 100:
        raise top.error("origin must be at most 100 of ASCII, without spaces and plus signs")
    document = Consortium(
        raw=raw,
        origin=origin,
        version=top.number("version", least=1),
        previous=_digest(top),
        protocol=top.number("protocol", least=1),
        profile=top.text("profile", within=frozenset({"demo", "production"})),
        quorum=top.number("quorum", least=1),
        k=top.number("k", least=2),
        custodians=top.texts("custodians"),
        members=top.tables("member", lambda row: _member(row, origin)),
        desks=top.tables("desk", _desk),
        groups=top.tables("group", _group),
        purposes=top.tables("purpose", _purpose),
        bases=top.tables("basis", _basis),
        disclosures=top.tables("disclosure", _grant),
        vocabulary=_vocabulary(top.table("vocabulary")),
        retention=_numbers(top.table("retention")),
        quota=_numbers(top.table("quota")),
    )
    top.end()
    _verify_names(document)
    _verify_references(document)
    verify_rows(document)
    return document


def _digest(table: _Table) -> Digest:
    text = table.take("previous", str)
    if len(text) != 64 or text.strip("0123456789abcdef"):
        raise table.error("previous must be 64 small hex digits")
    return Digest(bytes.fromhex(text))


def _member(row: _Table, origin: str) -> Member:
    name = row.name("name")
    row.place = f"[[member]] {name}"
    own = key_name(origin=origin, member=name)

    def read(field: str, vkey: str, expected: str) -> VerifierKey:
        try:
            key = VerifierKey.decode(vkey)
        except LedgerError as cause:
            raise row.error(f"{field}: {cause}") from cause
        if key.name != expected or key.type not in KEY_TYPES[field]:
            raise row.error(f"{field} must be a key named {expected} of the right type")
        return key

    member = Member(
        name=name,
        title=row.text("title"),
        oin=row.text("oin"),
        roles=frozenset(row.texts("roles", within=ROLES)),
        entry_keys=tuple(read("entry_keys", k, own) for k in row.texts("entry_keys")),
        log_key=read("log_key", row.text("log_key"), origin),
        cosigning_keys=tuple(read("cosigning_keys", k, own) for k in row.texts("cosigning_keys")),
        sdjwt_key=read("sdjwt_key", row.text("sdjwt_key"), own + "/sd-jwt"),
    )
    row.end()
    if len(member.oin) != 20 or not member.oin.isdecimal():
        raise row.error("oin must be 20 digits")
    # Between members only these make a block final; type 06 is for checkpoints for the outside.
    if all(key.type is not KeyType.COSIGNATURE for key in member.cosigning_keys):
        raise row.error("cosigning_keys: one of type 04 is needed")
    return member


def _desk(row: _Table) -> Desk:
    desk = Desk(
        number=row.number("number", least=1, most=65_535),
        name=row.text("name"),
        title=row.text("title"),
        kind=row.text("kind", within=frozenset({"case", "policy"})),
        neutral=row.take("neutral", bool),
        phone=row.optional("phone", shape=_PHONE, form="digits, spaces and hyphens"),
        mailbox=row.optional("mailbox", shape=_MAILBOX, form="an e-mail address"),
        hours=row.optional("hours", shape=_HOURS, form="at most 100 characters"),
    )
    row.end()
    if not all(is_name(part) for part in desk.name.split("/")) or desk.name.count("/") != 1:
        raise row.error("name must be member/desk")
    return desk


def _group(row: _Table) -> Group:
    group = Group(
        name=row.name("name"),
        independent=row.take("independent", bool),
        threshold=row.number("threshold", least=1),
        holders=row.texts("holders"),
    )
    row.end()
    if group.threshold > len(group.holders):
        raise row.error("threshold is over the number of holders")
    return group


def _purpose(row: _Table) -> Purpose:
    purpose = Purpose(row.name("name"), row.text("title"), row.texts("bases"))
    row.end()
    return purpose


def _basis(row: _Table) -> Basis:
    basis = Basis(row.name("name"), row.text("title"), row.text("status", within=BASIS_STATUSES))
    row.end()
    return basis


def _grant(row: _Table) -> Grant:
    grant = Grant(row.name("purpose"), row.text("desk"), row.texts("fields", within=VOCABULARY))
    row.end()
    return grant


def _vocabulary(table: _Table) -> MappingProxyType[str, tuple[str, ...]]:
    words = {field: table.texts(field) for field in VOCABULARY}
    table.end()
    return MappingProxyType(words)


def _numbers(table: _Table) -> MappingProxyType[str, int]:
    return MappingProxyType({kind: table.number(kind, least=1) for kind in table.left()})


def _verify_names(document: Consortium) -> None:
    columns: dict[str, list[object]] = {
        "[[member]] name": [m.name for m in document.members],
        "[[member]] oin": [m.oin for m in document.members],
        "[[member]] key": [key.public for m in document.members for key in m.keys],
        # Four bytes can be searched for: a line must not be taken for one by another's key.
        "[[member]] key id": [(key.name, key.id) for m in document.members for key in m.keys],
        "[[desk]] name": [d.name for d in document.desks],
        "[[desk]] number": [d.number for d in document.desks],
        "[[group]] name": [g.name for g in document.groups],
        "[[group]] holder": [h for g in document.groups for h in g.holders],
        "[[purpose]] name": [p.name for p in document.purposes],
        "[[basis]] name": [b.name for b in document.bases],
        "[[disclosure]] purpose and desk": [(d.purpose, d.desk) for d in document.disclosures],
    }
    for place, values in columns.items():
        if len(set(values)) != len(values):
            raise ConsortiumError(f"{place} is repeated")


def _verify_references(document: Consortium) -> None:
    members = frozenset(document.by_name)
    purposes = frozenset(p.name for p in document.purposes)
    known = {
        "custodians": (document.custodians, members),
        "[[desk]] member": ([d.member for d in document.desks], members),
        "[[group]] holders": ([h for g in document.groups for h in g.holders], members),
        "[[purpose]] bases": (
            [b for p in document.purposes for b in p.bases],
            frozenset(b.name for b in document.bases),
        ),
        "[[disclosure]] purpose": ([d.purpose for d in document.disclosures], purposes),
        "[[disclosure]] desk": (
            [d.desk for d in document.disclosures],
            frozenset(d.name for d in document.desks),
        ),
    }
    for place, (names, allowed) in known.items():
        if strangers := set(names) - allowed:
            raise ConsortiumError(f"{place}: {', '.join(sorted(strangers))} is not known here")
    if not document.groups:
        raise ConsortiumError("[[group]]: at least one group of key holders is needed")
    for name in document.custodians:
        if "custodian" not in document.by_name[name].roles:
            raise ConsortiumError(f"custodians: {name} lacks the role custodian")
    least = least_quorum(len(document.witnesses))
    if not least <= document.quorum <= len(document.witnesses):
        raise ConsortiumError(
            f"quorum: {len(document.witnesses)} witnesses need a quorum of at least {least}"
        )
