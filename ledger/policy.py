"""Trust policies: which checkpoints to believe, for any tool (c2sp.org/tlog-policy).

    log signaalketen.test/demo+…                            any one of the logs must have signed
    witness uwv/1 signaalketen.test/demo/uwv+…              a key that cosigns; one line each
    witness uwv/2 signaalketen.test/demo/uwv+…
    group uwv/keys any uwv/1 uwv/2                          all, any, or how many of those named
    …
    group members 3 bzk/keys svb/keys szw/keys uwv/keys
    quorum members                                          the witness or group that is needed

A policy says when a checkpoint holds, and nothing of what stands in the log: who may post, with
which keys, and which version of a document is in force, it does not know.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from ledger.consortium import Consortium
from ledger.cosignature import SignedCheckpoint, verify_cosignature
from ledger.errors import MalformedError, VerificationError
from ledger.key import KeyType, VerifierKey
from ledger.receipt import Proven, Receipt, read_block, verify_included

MAX_POLICY_BYTES = 1_000_000
_NONE = "none"
# Names are opaque octets: one character each, so that none of them is taken for a blank.
_OCTETS = "latin-1"
# Without a slash, which every name made of a member's has.
_MEMBERS = "members"
_ALLOWED = re.compile(rb"[\t\n\x20-\x7e\x80-\xff]*")
_BLANKS = re.compile("[ \t]+")
_COUNT = re.compile("[1-9][0-9]{0,5}")
_COSIGNS = frozenset({KeyType.COSIGNATURE, KeyType.COSIGNATURE_ML_DSA})


@dataclass(frozen=True, slots=True)
class WitnessGroup:
    """`threshold` of `names`, each of a witness or of a group before this one."""

    threshold: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """Logs, witnesses and groups by name, and the name of the `quorum`; None needs no witness."""

    logs: tuple[VerifierKey, ...]
    witnesses: Mapping[str, VerifierKey]
    groups: Mapping[str, WitnessGroup]
    quorum: str | None

    def encode(self) -> bytes:
        """Return the policy as a file."""
        lines = [f"log {key.encode()}".encode() for key in self.logs]
        lines += [
            b"witness %b %b" % (name.encode(_OCTETS), key.encode().encode())
            for name, key in self.witnesses.items()
        ]
        for name, group in self.groups.items():
            count = "any" if group.threshold == 1 else str(group.threshold)
            lines.append(" ".join(("group", name, count, *group.names)).encode(_OCTETS))
        lines.append(f"quorum {self.quorum or _NONE}".encode(_OCTETS))
        return b"\n".join(lines) + b"\n"

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a policy file; comments and blanks are free, so `encode` need not give it back.

        Raises:
            MalformedError: not a policy; the text says in which line.
        """
        if len(raw) > MAX_POLICY_BYTES or _ALLOWED.fullmatch(raw) is None:
            raise MalformedError("policy: too long, or a control character")
        reader = _Reader()
        for number, line in enumerate(raw.decode(_OCTETS).split("\n"), start=1):
            words = [word for word in _BLANKS.split(line) if word]
            if words and not words[0].startswith("#"):
                try:
                    reader.read(*words)
                except MalformedError as cause:
                    raise MalformedError(f"policy, line {number}: {cause}") from cause
        if not reader.has_quorum:
            raise MalformedError("policy: exactly one quorum line is needed")
        return cls(
            tuple(reader.logs),
            MappingProxyType(reader.witnesses),
            MappingProxyType(reader.groups),
            reader.quorum,
        )


class _Reader:
    """Reads a policy line by line; names stand for what was defined on a line before."""

    def __init__(self) -> None:
        self.logs: list[VerifierKey] = []
        self.witnesses: dict[str, VerifierKey] = {}
        self.groups: dict[str, WitnessGroup] = {}
        self.quorum: str | None = None
        self.has_quorum = False
        self._grouped: set[str] = set()

    def read(self, keyword: str, *words: str) -> None:
        if keyword == "log" and len(words) in {1, 2}:
            self._log(words[0])
        elif keyword == "witness" and len(words) in {2, 3}:
            self._witness(words[0], words[1])
        elif keyword == "group" and len(words) >= 3:
            self._group(words[0], words[1], words[2:])
        elif keyword == "quorum" and len(words) == 1:
            self._quorum(words[0])
        else:
            raise MalformedError("expected log, witness, group or quorum and what belongs to it")

    def _log(self, vkey: str) -> None:
        key = _key(vkey)
        if key.type is not KeyType.ED25519 or any(key.public == k.public for k in self.logs):
            raise MalformedError("expected a log's key of type 01, once each")
        self.logs.append(key)

    def _witness(self, name: str, vkey: str) -> None:
        self._verify_new(name)
        key = _key(vkey)
        known = {other.public for other in self.witnesses.values()}
        if key.type not in _COSIGNS or key.public in known:
            raise MalformedError("expected a witness's key of type 04 or 06, once each")
        self.witnesses[name] = key

    def _group(self, name: str, count: str, names: tuple[str, ...]) -> None:
        self._verify_new(name)
        for member in names:
            self._verify_defined(member)
            # So that each witness counts in one way only.
            if member in self._grouped:
                raise MalformedError(f"{member} is in a group already")
            self._grouped.add(member)
        if count not in {"any", "all"} and _COUNT.fullmatch(count) is None:
            raise MalformedError("expected any, all or a number")
        threshold = {"any": 1, "all": len(names)}.get(count) or int(count)
        if threshold > len(names):
            raise MalformedError("a group needs more than it has")
        self.groups[name] = WitnessGroup(threshold, names)

    def _quorum(self, name: str) -> None:
        if self.has_quorum:
            raise MalformedError("a second quorum")
        if name != _NONE:
            self._verify_defined(name)
            self.quorum = name
        self.has_quorum = True

    def _verify_new(self, name: str) -> None:
        if name == _NONE or name in self.witnesses or name in self.groups:
            raise MalformedError(f"{name} is defined already")

    def _verify_defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise MalformedError(f"{name} is not defined on a line before")


def policy_of(document: Consortium, *, types: frozenset[KeyType] = _COSIGNS) -> Policy:
    """Return the policy by which whoever knows no documents judges as `document` does.

    A witness is a group of its cosigning keys, any of which speaks for it; keys of other `types`
    are left out.

    Raises:
        VerificationError: the document names such keys of fewer witnesses than its quorum.
    """
    witnesses: dict[str, VerifierKey] = {}
    groups: dict[str, WitnessGroup] = {}
    for member in document.witnesses:
        keys = [key for key in member.cosigning_keys if key.type in types]
        names = tuple(f"{member.name}/{n}" for n in range(1, len(keys) + 1))
        witnesses |= dict(zip(names, keys, strict=True))
        if keys:
            groups[f"{member.name}/keys"] = WitnessGroup(1, names)
    if len(groups) < document.quorum:
        raise VerificationError(
            f"policy: {len(groups)} witnesses have such keys, {document.quorum} are needed"
        )
    groups[_MEMBERS] = WitnessGroup(document.quorum, tuple(groups))
    return Policy(
        document.log_keys, MappingProxyType(witnesses), MappingProxyType(groups), _MEMBERS
    )


def verify_policy(signed: SignedCheckpoint, policy: Policy) -> dict[str, int]:
    """Check a checkpoint by a policy, and return the time of each witness's line, by its name.

    Lines of keys that the policy does not name are passed over. A policy without logs leaves it to
    its user to know the origin.

    Raises:
        VerificationError: no log's signature, too few cosignatures, or one of them that fails.
    """
    lines = signed.note.signatures
    if policy.logs:
        logs = {
            (key.name, key.id): key for key in policy.logs if key.name == signed.checkpoint.origin
        }
        own = [line for line in lines if (line.name, line.key_id) in logs]
        for line in own:
            logs[line.name, line.key_id].verify(line, signed.note.text)
        if not own:
            raise VerificationError("policy: not signed by a log that it names, for its origin")
    times: dict[str, int] = {}
    for name, key in policy.witnesses.items():
        for line in lines:
            if (line.name, line.key_id) == (key.name, key.id):
                time = verify_cosignature(line, checkpoint_text=signed.note.text, key=key)
                times[name] = max(time, times.get(name, 0))
    if policy.quorum is not None and policy.quorum not in _witnessing(policy, set(times)):
        raise VerificationError(f"policy: the lines of {len(times)} witnesses are no quorum")
    return times


def verify_by_policy(receipt: Receipt, policy: Policy) -> Proven:
    """Check a receipt by a policy; whether its author may post, that does not say.

    The names in what is returned are the policy's, and of keys: a member may have two.

    Raises:
        LedgerError: it proves nothing; the text says why.
    """
    times = verify_policy(receipt.signed, policy)
    verify_included(receipt)
    block = read_block(receipt)
    if block.signed.entry.origin != receipt.signed.checkpoint.origin:
        raise VerificationError("receipt: the block holds an entry of another ledger")
    strong = (n for n in times if policy.witnesses[n].type is KeyType.COSIGNATURE_ML_DSA)
    return Proven(block, times, frozenset(strong))


def _witnessing(policy: Policy, names: set[str]) -> set[str]:
    """Return which witnesses and groups stand behind a checkpoint that `names` cosigned."""
    # Groups name only what is defined before them: one pass, in order, is enough.
    for name, group in policy.groups.items():
        if len(names.intersection(group.names)) >= group.threshold:
            names.add(name)
    return names


def _key(vkey: str) -> VerifierKey:
    try:
        return VerifierKey.decode(vkey.encode(_OCTETS).decode())
    except UnicodeDecodeError as cause:
        raise MalformedError("a key's name is not UTF-8") from cause
