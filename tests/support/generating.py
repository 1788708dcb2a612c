"""Key generations without nodes: sessions, secrets that follow from numbers, and liars.

run = Run(threshold=2, size=3)
accepted = run.accept(1)                      # participant 1's share, public shares, transcript
run.replace(2, with_first_share_wrong)        # and participant 2 lies
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ledger.dkg.contribution import Contribution, proved
from ledger.dkg.envelope import Exchanged, Route
from ledger.dkg.rounds import Accepted, Secrets, accept, contribute
from ledger.dkg.session import Session
from ledger.dkg.signature import sign
from ledger.group import Point, Scalar, generator_times
from tests.support.parties import seeded

Lie = Callable[["Run", int, Contribution], Contribution]


def scalar(*label: str | int) -> Scalar:
    """Return a scalar that follows from `label`."""
    return Scalar.reduce(seeded(64, "generating", *label))


def secrets_of(participant: int, *, threshold: int, seed: int = 1) -> Secrets:
    """Return what a participant draws for a run."""
    return Secrets(
        static=scalar("static", participant, seed),
        ephemeral=scalar("ephemeral", participant, seed),
        coefficients=tuple(scalar("a", participant, k, seed) for k in range(threshold)),
    )


@dataclass
class Run:
    """One run among `size` participants, as messages in the order of their senders."""

    threshold: int = 2
    size: int = 3
    seed: int = 1
    extension: bytes = b"what else is agreed on"
    sent: list[bytes] = field(init=False)

    def __post_init__(self) -> None:
        """Let everybody contribute."""
        self.sent = [
            contribute(self.session, me=at, secrets=self.secrets(at)).encode()
            for at in range(1, self.size + 1)
        ]

    @property
    def session(self) -> Session:
        """Return what all agree on."""
        return Session(
            b"session",
            self.threshold,
            tuple(generator_times(self.secrets(at).static) for at in range(1, self.size + 1)),
            self.extension,
        )

    def secrets(self, participant: int) -> Secrets:
        """Return what a participant keeps."""
        return secrets_of(participant, threshold=self.threshold, seed=self.seed)

    def contribution(self, sender: int) -> Contribution:
        """Return what a participant sent."""
        return Contribution.decode(self.sent[sender - 1], threshold=self.threshold, size=self.size)

    def replace(self, sender: int, lie: Lie) -> None:
        """Let a participant send something else."""
        self.sent[sender - 1] = lie(self, sender, self.contribution(sender)).encode()

    def accept(self, me: int) -> Accepted:
        """Return what a participant accepts."""
        return accept(self.session, me=me, static=self.secrets(me).static, contributions=self.sent)

    def route(self, sender: int, recipient: int) -> Route:
        """Return the way of one ciphertext."""
        return Route(self.session, sender, recipient, self.contribution(sender).ephemeral)

    def encrypted(self, sender: int, recipient: int, plain: bytes) -> bytes:
        """Return `plain` as that sender encrypts it."""
        key, mine = self.session.key_of(recipient), self.secrets(sender)
        exchanged = Exchanged(key.times(mine.ephemeral), key.times(mine.static))
        return self.route(sender, recipient).encrypt(plain, exchanged)


def telling(recipient: int, plain: bytes) -> Lie:
    """Return the lie of encrypting `plain` instead of the recipient's share."""

    def lie(run: Run, sender: int, one: Contribution) -> Contribution:
        ciphertexts = list(one.ciphertexts)
        ciphertexts[recipient - 1] = run.encrypted(sender, recipient, plain)
        return replace(one, ciphertexts=tuple(ciphertexts))

    return lie


def garbling(recipient: int) -> Lie:
    """Return the lie of a ciphertext that does not open."""

    def lie(run: Run, sender: int, one: Contribution) -> Contribution:
        ciphertexts = list(one.ciphertexts)
        ciphertexts[recipient - 1] = bytes(len(ciphertexts[recipient - 1]))
        return replace(one, ciphertexts=tuple(ciphertexts))

    return lie


def committing_to(*commitments: Point, secret: Scalar | None = None) -> Lie:
    """Return the lie of other commitments; `secret` is what its proof is made with, if it can."""

    def lie(run: Run, sender: int, one: Contribution) -> Contribution:
        if secret is None:
            return replace(one, commitments=commitments)
        message = proved(run.session.context, commitments, one.ephemeral)
        return replace(one, commitments=commitments, proof=sign(message, secret=secret))

    return lie
