"""A consortium of four on disk: keys, document and founding entry, as the ceremony makes them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from ledger.consortium import Consortium
from ledger.consortium_toml import decode_consortium
from ledger.entry import SignedEntry
from nodes import ceremony
from nodes.keyring import Keyring, create_keyring, load_keyring
from nodes.settings import Settings
from tests.support.databases import migrate
from tests.support.fakes import NOON

ORIGIN = "signaalketen.test/demo"
RULES = Path(__file__).parents[2] / "demo" / "rules.toml"
_ISSUER = ("issuer", "witness", "holder", "custodian")
ROLES = {
    "uwv": _ISSUER,
    "svb": _ISSUER,
    "szw": (*_ISSUER, "policy"),
    "bzk": ("witness", "holder", "custodian"),
}
DESKS = {"uwv": "uwv/maatwerkplaats", "svb": "svb/de-bedoeling", "szw": "szw/maatwerk"}


@dataclass(frozen=True)
class Founded:
    """The files of four members under `root`; each has keys and a place for its node."""

    root: Path
    peer_timeout: float = 0.5
    """After how many seconds a node gives a peer up; one that is down is known at once."""

    def keyring(self, name: str) -> Keyring:
        """Return the keys of a member."""
        return load_keyring(self.root / name / "keys")

    @cached_property
    def founding(self) -> SignedEntry:
        """Return the founding entry."""
        return SignedEntry.decode((self.root / "founding.note").read_bytes())

    @cached_property
    def document(self) -> Consortium:
        """Return the founding document."""
        return decode_consortium(self.founding.entry.further)

    def order(self, name: str) -> dict[str, object]:
        """Return what the settings file in a member's folder says of the order."""
        return {"order": "../order.db"}

    def settings(self, name: str, *, data: str = "data") -> Settings:
        """Return the settings of a member's node, with its database in the folder `data`."""
        return Settings(
            keys=self.root / name / "keys",
            data_dir=self.root / name / data,
            founding=self.root / "founding.note",
            order=self.root / "order.db",
            url=url_of(name),
            port=8100,
            tokens=self.root / name / "tokens.toml",
            public_step_seconds=1,
            exchange_beat_seconds=0,
            peer_timeout_seconds=self.peer_timeout,
            poll_seconds=0.005,
        )


def url_of(name: str) -> str:
    """Return where peers reach a member."""
    return f"http://{name}.test"


def found(
    root: Path,
    *,
    quota: int = 20_000,
    exchange_quota: int = 20_000,
    peer_timeout: float = 0.5,
    post_quantum: bool = True,
    change: Callable[[str], str] = str,
) -> Founded:
    """Make a consortium of four under `root`, in which each may post `quota` signals a day.

    And send so many beats. Without `post_quantum` it is as one founded before there were such keys.
    `change` alters the text of its rules.
    """
    rings = {
        name: create_keyring(
            root / name / "keys", origin=ORIGIN, member=name, recovery=root / name / "recovery.seed"
        )
        for name in ROLES
    }
    if not post_quantum:
        for name in ROLES:
            (root / name / "keys" / "cosign-pq.seed").unlink()
        rings = {name: load_keyring(root / name / "keys") for name in ROLES}
    cards = [
        ceremony.member_card(ring, title=name.upper(), oin=f"00000099{i:012}", roles=ROLES[name])
        for i, (name, ring) in enumerate(rings.items())
    ]
    rules = RULES.read_text().replace("signal = 20000", f"signal = {quota}")
    rules = rules.replace("exchange = 20000", f"exchange = {exchange_quota}")
    document = ceremony.draft_document(change(rules), cards)
    draft = ceremony.draft_entry(document, author="uwv", day=NOON.date())
    signed = ceremony.decode_draft(ceremony.encode_draft(draft))
    for ring in rings.values():
        signed = ceremony.sign_draft(signed, ring)
    (root / "founding.note").write_bytes(signed.encode())
    for name in ROLES:
        (root / name / "data").mkdir(mode=0o700)
        (root / name / "data" / "node.db").write_bytes(_empty_database())
    return Founded(root, peer_timeout)


@lru_cache
def _empty_database() -> bytes:
    """Return the file of a database that was migrated: that is slow, and once is enough."""
    with TemporaryDirectory() as folder:
        return migrate(Path(folder)).read_bytes()
