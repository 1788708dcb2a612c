"""The four members on this machine, and how they found their ledger.

Each makes its keys and its card; one drafts the document; all four sign it. These are the commands
that agencies would run, once a member, in folders that stand for four machines.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from demo.command import must
from demo.engines import FOUNDING, GENESIS, Engines
from demo.errors import DemoError
from demo.leash import Leash
from demo.member import Member, Profile
from demo.process import Way, straight
from ledger.consortium import Consortium
from ledger.consortium_toml import decode_consortium

ORIGIN = "signaalketen.test/demo"
DOCUMENT = "consortium.toml"
_RULES = Path(__file__).with_name("rules.toml")
_ISSUER = ("issuer", "witness", "holder", "custodian")
PROFILES = (
    Profile("uwv", "UWV", "00000099000000000001", _ISSUER, 8101),
    Profile("svb", "Sociale Verzekeringsbank", "00000099000000000002", _ISSUER, 8102),
    Profile(
        "szw",
        "Ministerie van Sociale Zaken en Werkgelegenheid",
        "00000099000000000003",
        ("issuer", "policy", "witness", "holder", "custodian"),
        8103,
    ),
    Profile(
        "bzk",
        "Ministerie van Binnenlandse Zaken en Koninkrijksrelaties",
        "00000099000000000004",
        ("witness", "holder", "custodian"),
        8104,
    ),
)


class Members:
    """The members by name, under one `folder`, and their `document` once it is founded.

    They reach one another by `way`, nodes and engines alike.
    """

    def __init__(
        self, folder: Path, leash: Leash, engine: Path | None = None, way: Way = straight
    ) -> None:
        """Write nothing yet; each node gets an engine of its own where that program is given."""
        self.folder = folder
        self.leash = leash
        self._way = way
        names = [profile.name for profile in PROFILES]
        self.engines = None if engine is None else Engines(engine, names, liar="svb", way=way)
        self.all = [
            Member(profile, folder / profile.name, leash, self.engines, way) for profile in PROFILES
        ]
        self.document: Consortium

    def __getitem__(self, name: str) -> Member:
        """Return the member of that name."""
        return next(member for member in self.all if member.name == name)

    def must_have_engines(self) -> Engines:
        """Return the engines.

        Raises:
            DemoError: the order is a shared file.
        """
        if self.engines is None:
            raise DemoError("this scene needs --engine cometbft")
        return self.engines

    def recovery(self, name: str) -> Path:
        """Return the file of a member's recovery seed: its safe, away from its machine."""
        return self.folder / "safe" / f"{name}.recovery"

    def found(self, done: Callable[[str], None]) -> str:
        """Make keys and cards, draft and sign; return what `consortium show` says of it.

        `done` hears of every step.

        Raises:
            DemoError: a command did not succeed.
        """
        (self.folder / "safe").mkdir(mode=0o700)
        with ThreadPoolExecutor(2) as pool:
            for member in pool.map(self._join, self.all):
                done(f"{member.name} made its keys and its card")
        cards = [part for m in self.all for part in ("--card", f"{m.name}/card.toml")]
        self._must(
            "consortium", "draft", "--rules", _RULES, *cards, "--author", "szw", "--out", FOUNDING
        )
        done("szw drafted the document")
        for member in self.all:
            self._must("consortium", "sign", FOUNDING, "--keys", f"{member.name}/keys")
            done(f"{member.name} signed it")
        if self.engines is not None:
            self._make_genesis(self.engines)
            done("the engines' cards make one genesis file")
        text = self._must("consortium", "show", FOUNDING, "--document")
        (self.folder / DOCUMENT).write_text(text)
        self.document = decode_consortium(text)
        return self._must("consortium", "show", FOUNDING)

    def start(self, done: Callable[[str], None]) -> None:
        """Start all nodes and wait until each does its work."""
        for member in self.all:
            member.launch()
        # None is ready without others, and one whose port was taken meanwhile starts anew.
        for member in self.all:
            member.wait_listening()
        for member in self.all:
            member.wait_ready()
            done(f"{member.name} answers at {member.url}")

    def enrol(self, profile: Profile) -> Member:
        """Make keys and card of a member that joins later, and return it; its node stands still.

        Raises:
            DemoError: a command did not succeed.
        """
        if self.engines is not None:
            self.engines.enrol(profile.name)
        member = Member(profile, self.folder / profile.name, self.leash, self.engines, self._way)
        self.all.append(self._join(member))
        if self.engines is not None:
            self._must("engine", "new", "--keys", f"{profile.name}/keys")
        return member

    def save_metrics(self) -> None:
        """Keep a copy of every node's numbers in `metrics/`."""
        folder = self.folder / "metrics"
        folder.mkdir(exist_ok=True)
        for member in self.all:
            answer = member.ask("/metrics", role="operator").raise_for_status()
            (folder / f"{member.name}.txt").write_bytes(answer.content)

    def stop(self) -> None:
        """End every node; whoever cannot wait and interrupts this ends them at once."""
        try:
            for member in self.all:
                member.node.ask_to_stop()
            for member in self.all:
                member.node.wait_stopped()
        finally:
            for member in self.all:
                member.node.kill()
                member.close()

    def _join(self, member: Member) -> Member:
        profile, name = member.profile, member.name
        member.folder.mkdir(mode=0o700)
        recovery = self.recovery(name).relative_to(self.folder)
        self._must(
            "key", "new", "--origin", ORIGIN, "--member", name,
            "--keys", f"{name}/keys", "--recovery", recovery,
        )  # fmt: skip
        roles = [part for role in profile.roles for part in ("--role", role)]
        self._must(
            "member", "card", "--keys", f"{name}/keys", "--title", profile.title,
            "--oin", profile.oin, *roles, "--out", f"{name}/card.toml",
        )  # fmt: skip
        member.settle()
        return member

    def _make_genesis(self, engines: Engines) -> None:
        cards: list[str] = []
        for member in self.all:
            card = f"{member.name}/engine.card"
            self._must(
                "engine", "card", "--keys", f"{member.name}/keys",
                "--address", engines.address(member.name), "--out", card,
            )  # fmt: skip
            cards += ["--card", card]
        self._must("engine", "genesis", "--founding", FOUNDING, *cards, "--out", GENESIS)

    def _must(self, *arguments: str | Path) -> str:
        return must(*arguments, folder=self.folder)


@contextmanager
def members_in(folder: Path, engine: Path | None = None, way: Way = straight) -> Iterator[Members]:
    """Yield members that keep everything in `folder`; their nodes end with the block."""
    leash = Leash()
    members = Members(folder, leash, engine, way)
    try:
        yield members
    finally:
        members.stop()
        leash.close()
