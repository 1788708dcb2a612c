"""The consortium document: who takes part, with which keys, under which rules.

TOML, at most 50,000 bytes, signed verbatim as the further lines of a `consortium` entry. Its top:

    format = "signaalketen/consortium/v1"
    origin = "signaalketen.test/demo"
    version = 1
    previous = "0000…"              hex SHA-256 of the document before; zeros for the first
    protocol = 1
    profile = "demo"                or "production": then only bases in force are accepted
    quorum = 3                      members whose cosignatures make a block final
    k = 10                          smallest count that a policy desk may see
    custodians = ["bzk", "szw", …]  who keeps the sealed content of others' signals, in order

and then the tables [[member]], [[desk]], [[group]], [[purpose]], [[basis]], [[disclosure]],
[vocabulary], [retention] (days by kind) and [quota] (entries by kind, author and date).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from ledger.encoding import Digest, sha256
from ledger.key import KeyType, VerifierKey

FORMAT = "signaalketen/consortium/v1"
MAX_DOCUMENT_BYTES = 50_000
NO_PREVIOUS_DOCUMENT = Digest(bytes(32))
ROLES = frozenset({"issuer", "policy", "witness", "holder", "custodian"})
BASIS_STATUSES = frozenset({"none", "bill", "in-force"})
VOCABULARY = ("regulation", "theme", "signalType", "severity", "period", "helpQuestion")
"""The fields of a case signal; each holds one of the words that the document lists for it."""


@dataclass(frozen=True, slots=True)
class Member:
    """One party: `entry_keys` sign entries, `log_key` checkpoints, `cosigning_keys` witness."""

    name: str
    title: str
    oin: str
    roles: frozenset[str]
    entry_keys: tuple[VerifierKey, ...]
    log_key: VerifierKey
    cosigning_keys: tuple[VerifierKey, ...]
    sdjwt_key: VerifierKey

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """Return every key of the member."""
        return (*self.entry_keys, self.log_key, *self.cosigning_keys, self.sdjwt_key)


@dataclass(frozen=True, slots=True)
class Desk:
    """A recipient inside a member; only `neutral` ones may stand on a match card.

    How to reach it, as far as the document says: a functional telephone number and mailbox, and
    its hours; never a person's.
    """

    number: int
    name: str
    title: str
    kind: str
    neutral: bool
    phone: str = ""
    mailbox: str = ""
    hours: str = ""

    @property
    def member(self) -> str:
        """Return the name of the member whose desk this is."""
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Group:
    """`threshold` of `holders` evaluate a pseudonym; every group is needed."""

    name: str
    independent: bool
    threshold: int
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a signal may be used for, and on which legal bases."""

    name: str
    title: str
    bases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """A law or bill: `status` is none, bill or in-force."""

    name: str
    title: str
    status: str


@dataclass(frozen=True, slots=True)
class Grant:
    """One cell of the disclosure matrix: under `purpose`, `desk` may be shown `fields`."""

    purpose: str
    desk: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Consortium:
    """A document that `decode_consortium` found sound; `raw` is what was signed."""

    raw: str
    origin: str
    version: int
    previous: Digest
    protocol: int
    profile: str
    quorum: int
    k: int
    custodians: tuple[str, ...]
    members: tuple[Member, ...]
    desks: tuple[Desk, ...]
    groups: tuple[Group, ...]
    purposes: tuple[Purpose, ...]
    bases: tuple[Basis, ...]
    disclosures: tuple[Grant, ...]
    vocabulary: Mapping[str, tuple[str, ...]]
    retention: Mapping[str, int]
    quota: Mapping[str, int]

    @cached_property
    def digest(self) -> Digest:
        """Return what the next version names as `previous`."""
        return sha256(self.raw.encode())

    @cached_property
    def by_name(self) -> Mapping[str, Member]:
        """Return the members by name."""
        return MappingProxyType({member.name: member for member in self.members})

    @cached_property
    def entry_keys(self) -> Mapping[tuple[str, bytes], tuple[str, VerifierKey]]:
        """Return (member, key) by what a signature line says: key name and key id."""
        return MappingProxyType(
            {
                (key.name, key.id): (member.name, key)
                for member in self.members
                for key in member.entry_keys
            }
        )

    @cached_property
    def log_keys(self) -> tuple[VerifierKey, ...]:
        """Return every member's log key; all are named by the origin."""
        return tuple(member.log_key for member in self.members)

    @cached_property
    def witnesses(self) -> tuple[Member, ...]:
        """Return the members whose cosignatures count."""
        return tuple(member for member in self.members if "witness" in member.roles)

    @cached_property
    def issuers(self) -> tuple[Member, ...]:
        """Return the members that post signals, and answer the others' locates."""
        return tuple(member for member in self.members if "issuer" in member.roles)

    @cached_property
    def independents(self) -> frozenset[str]:
        """Return the members without whom the rules cannot be changed."""
        return frozenset(h for group in self.groups if group.independent for h in group.holders)

    @cached_property
    def approvals(self) -> int:
        """Return how many members' signatures it takes to agree on something.

        The quorum is of witnesses; members that do not witness are no quorum among themselves.
        """
        return max(self.quorum, least_quorum(len(self.members)))

    def desk(self, name: str) -> Desk | None:
        """Return the desk of that name, or None."""
        return next((desk for desk in self.desks if desk.name == name), None)

    def purpose(self, name: str) -> Purpose | None:
        """Return the purpose of that name, or None."""
        return next((purpose for purpose in self.purposes if purpose.name == name), None)

    def is_usable(self, purpose: Purpose) -> bool:
        """Tell whether a legal basis allows signals for `purpose` under this profile."""
        statuses = {basis.status for basis in self.bases if basis.name in purpose.bases}
        return bool(statuses) if self.profile == "demo" else "in-force" in statuses


def least_quorum(members: int) -> int:
    """Return ⌊2n/3⌋+1: two such quorums share an honest member while under a third lie."""
    return 2 * members // 3 + 1


def key_name(*, origin: str, member: str) -> str:
    """Return the name of a member's entry and cosigning keys."""
    return f"{origin}/{member}"


KEY_TYPES = MappingProxyType(
    {
        "entry_keys": frozenset({KeyType.ED25519}),
        "log_key": frozenset({KeyType.ED25519}),
        "cosigning_keys": frozenset({KeyType.COSIGNATURE, KeyType.COSIGNATURE_ML_DSA}),
        "sdjwt_key": frozenset({KeyType.ED25519}),
    }
)
