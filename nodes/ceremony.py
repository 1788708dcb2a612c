"""The founding ceremony: cards of members, a draft that all can read, and their signatures.

Each member makes its keys where they are used and sends only its card:

    name = "uwv"                title = "…"       oin = "00000099…"      roles = ["issuer", …]
    entry_keys = ["…"]          log_key = "…"     cosigning_keys = ["…"] sdjwt_key = "…"

A draft is an entry note without a signature line yet: the text that every member then signs.
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import tomli_w

from ledger.consortium import FORMAT, NO_PREVIOUS_DOCUMENT, Consortium
from ledger.consortium_toml import decode_consortium
from ledger.entry import Entry, SignedEntry
from ledger.epoch import EpochDocument
from ledger.errors import LedgerError
from ledger.rules.consortium import read_document
from ledger.rules.epoch import read_epoch
from nodes.errors import ConfigurationError
from nodes.keyring import Keyring

_DRAWN_UP = ("format", "version", "previous")
"""What `draft_document` writes by itself."""
_SIGNED_BY_MANY = frozenset({"consortium", "epoch"})


def member_card(keyring: Keyring, *, title: str, oin: str, roles: Sequence[str]) -> str:
    """Return the public half of a member's newest keys, to be put into a draft."""
    new = keyring.newest()
    cosigning = [new.cosigning.verifier.encode()]
    if new.post_quantum is not None:
        cosigning.append(new.post_quantum.verifier.encode())
    return tomli_w.dumps(
        {
            "name": keyring.member,
            "title": title,
            "oin": oin,
            "roles": list(roles),
            "entry_keys": [new.entry.verifier.encode()],
            "log_key": new.log.verifier.encode(),
            "cosigning_keys": cosigning,
            "sdjwt_key": new.sdjwt.verifier.encode(),
        }
    )


def draft_document(
    rules: str, cards: Sequence[str], *, previous: Consortium | None = None
) -> Consortium:
    """Return the document of `rules` (everything but members) with the members on `cards`.

    Raises:
        ConfigurationError: rules or a card are not TOML.
        ConsortiumError: together they break a rule; the text says which.
    """
    document = {
        "format": FORMAT,
        **_read(rules, "the rules"),
        "version": 1 if previous is None else previous.version + 1,
        "previous": (NO_PREVIOUS_DOCUMENT if previous is None else previous.digest).hex(),
        "member": [_read(card, "a card") for card in cards],
    }
    # Plain keys must stand before tables in TOML.
    ordered = sorted(document.items(), key=lambda pair: isinstance(pair[1], (dict, list)))
    return decode_consortium(tomli_w.dumps(dict(ordered)))


def succeed(
    previous: Consortium, cards: Sequence[str], *, without: Collection[str] = ()
) -> tuple[str, list[str]]:
    """Return rules and cards for the version after `previous`: as there, but for these changes.

    A card of `cards` takes the place of that member's, or comes last; who is in `without` leaves.

    Raises:
        ConfigurationError: a card is not TOML, or `without` names somebody who is no member.
    """
    content = tomllib.loads(previous.raw)
    members = {member["name"]: member for member in content.pop("member")}
    if unknown := sorted(set(without) - set(members)):
        raise ConfigurationError(f"{', '.join(unknown)} cannot leave: no member")
    members |= {str(card.get("name")): card for card in (_read(card, "a card") for card in cards)}
    for field in _DRAWN_UP:
        del content[field]
    kept = [tomli_w.dumps(card) for name, card in members.items() if name not in without]
    return tomli_w.dumps(content), kept


def draft_epoch(epoch: EpochDocument, *, origin: str, author: str, day: date) -> Entry:
    """Return the entry that opens or closes an epoch, for holders or members to sign."""
    return Entry(origin, author, "epoch", day, None, epoch.encode())


def draft_entry(document: Consortium, *, author: str, day: date) -> Entry:
    """Return the entry that installs `document`, for its members to sign."""
    return Entry(document.origin, author, "consortium", day, None, document.raw)


def encode_draft(entry: Entry) -> bytes:
    """Return a draft's bytes: the text and a blank line, with no signature under it yet."""
    return (entry.encode() + "\n").encode()


def decode_draft(raw: bytes) -> SignedEntry:
    """Read a draft with any number of signatures under it, none included.

    Raises:
        ConfigurationError: not a draft.
    """
    try:
        text = raw.decode()
        if text.endswith("\n\n"):
            return SignedEntry.of(Entry.decode(text[:-1]), ())
        return SignedEntry.decode(raw)
    except (LedgerError, UnicodeDecodeError) as cause:
        raise ConfigurationError(f"not a draft of a consortium entry: {cause}") from cause


def sign_draft(signed: SignedEntry, keyring: Keyring) -> SignedEntry:
    """Return the draft with this member's line: the author's first, the others sorted.

    Raises:
        ConfigurationError: of another ledger, signed already, or a document that breaks a rule.
    """
    if signed.entry.origin != keyring.origin or signed.entry.kind not in _SIGNED_BY_MANY:
        raise ConfigurationError(f"not a consortium or epoch draft of {keyring.origin}")
    if signed.entry.kind == "consortium":
        read_document(signed)
    else:
        read_epoch(signed)
    line = keyring.entry.sign(signed.text)
    if line in signed.lines:
        raise ConfigurationError(f"{keyring.member} has signed this draft already")
    author = f"{signed.entry.origin}/{signed.entry.author}"
    lines = sorted((*signed.lines, line), key=lambda s: (s.name != author, s.name, s.key_id))
    return SignedEntry.of(signed.entry, tuple(lines))


def _read(text: str, what: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise ConfigurationError(f"{what}: not TOML: {cause}") from cause
