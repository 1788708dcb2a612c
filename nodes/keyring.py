"""The keyring: one member's private keys, each in a file that only its owner can read.

    entry.seed      32 bytes   signs entries                    key <origin>/<member>, type 01
    log.seed        32         signs checkpoints it serves      key <origin>, type 01
    cosign.seed     32         cosigns checkpoints              key <origin>/<member>, type 04
    cosign-pq.seed  32         cosigns those for the outside    key <origin>/<member>, type 06
    sd-jwt.seed     32         signs disclosures                key <origin>/<member>/sd-jwt
    node.seed       32         opens what peers seal on the way
    store.key       32         encrypts columns and keys indexes at rest
    recovery.pub    1,216      the public half of the member's offline recovery key
    member.toml                origin and member name
    2/, 3/, …                  later generations of the seeds (`nodes.rotation`)

A node signs with the newest keys that the document in force names. A member with an engine of its
own has `engine.seed` and `engine-node.seed` beside them (`nodes.sequencer.cometbft.identity`). The
recovery seed itself is written where the operator says, and belongs in a safe, not here.
"""

import os
import secrets
import stat
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

import tomli_w
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ledger.consortium import Consortium, key_name
from ledger.entry import SignedEntry, is_name
from ledger.errors import MalformedError
from ledger.key import SEED_BYTES, KeyType, SigningKey
from ledger.mldsa import PostQuantumKey
from ledger.note import is_key_name
from ledger.seal import SealingKey, SealingPublicKey
from nodes.errors import ConfigurationError

SEEDS = ("entry.seed", "log.seed", "cosign.seed", "cosign-pq.seed", "sd-jwt.seed", "node.seed")
"""What a generation of keys consists of; those made by older versions have no `cosign-pq.seed`."""
_POST_QUANTUM = "cosign-pq.seed"
_STORE_KEY = "store.key"
_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Generation:
    """Keys made together, the `number`-th time; `post_quantum` is None in old ones."""

    number: int
    entry: SigningKey
    log: SigningKey
    cosigning: SigningKey
    post_quantum: PostQuantumKey | None
    sdjwt: SigningKey
    sealing: SealingKey


@dataclass(slots=True)
class Keyring:
    """The keys of `member` on the ledger `origin` that are in use now.

    `generations` are all that are in the folder, oldest first. `follow` changes which are in use,
    so read a key where it is used, and do not keep it.
    """

    origin: str
    member: str
    entry: SigningKey
    log: SigningKey
    cosigning: SigningKey
    sdjwt: SigningKey
    sealing: SealingKey
    recovery: SealingPublicKey
    store_key: bytes = field(repr=False)
    post_quantum: PostQuantumKey | None = None
    generations: tuple[Generation, ...] = ()

    def follow(self, document: Consortium) -> bool:
        """Sign with the newest keys that `document` names; tell whether that changed anything.

        A use of which it names no key keeps the one it has. What peers seal to is the card's to
        say, and stays as it is: see `begin`.
        """
        named = document.by_name.get(self.member)
        if named is None:
            return False
        keys = frozenset(named.keys)
        before = self._signing()
        for generation in self.generations:
            for use in ("entry", "log", "cosigning", "post_quantum", "sdjwt"):
                key = getattr(generation, use)
                if key is not None and key.verifier in keys:
                    setattr(self, use, key)
        return self._signing() != before

    def begin(self, document: Consortium) -> None:
        """Do what `follow` does, and open what is sealed to the generation of the entry key.

        For a node that starts: the parts of one that runs have each taken the key that opens.
        """
        self.follow(document)
        for generation in self.generations:
            if generation.entry == self.entry:
                self.sealing = generation.sealing

    def newest(self) -> "Keyring":
        """Return the same with every key of the newest generation in use."""
        if not self.generations:
            return self
        new = self.generations[-1]
        return replace(
            self,
            entry=new.entry,
            log=new.log,
            cosigning=new.cosigning,
            post_quantum=new.post_quantum,
            sdjwt=new.sdjwt,
            sealing=new.sealing,
        )

    def cosigning_for(self, document: Consortium) -> SigningKey:
        """Return the key of type 04 that `document` names, or else the one in use."""
        named = document.by_name.get(self.member)
        keys = () if named is None else named.cosigning_keys
        known = (g.cosigning for g in reversed(self.generations))
        return next((key for key in known if key.verifier in keys), self.cosigning)

    def post_quantum_for(self, document: Consortium) -> PostQuantumKey | None:
        """Return the key of type 06 that `document` names, if it names one."""
        named = document.by_name.get(self.member)
        keys = () if named is None else named.cosigning_keys
        known = (g.post_quantum for g in reversed(self.generations))
        return next((key for key in known if key is not None and key.verifier in keys), None)

    def _signing(self) -> tuple[object, ...]:
        return self.entry, self.log, self.cosigning, self.post_quantum, self.sdjwt

    def derive(self, label: str) -> bytes:
        """Return 32 bytes for one use at rest: HKDF-Expand-SHA-256 (RFC 5869) of the store key."""
        return HKDFExpand(SHA256(), 32, b"signaalketen/at-rest/" + label.encode()).derive(
            self.store_key
        )


def create_keyring(folder: Path, *, origin: str, member: str, recovery: Path) -> Keyring:
    """Make all keys of `member` in `folder`, and its recovery seed in the file `recovery`.

    Raises:
        ConfigurationError: a bad name, a file is there already, or one cannot be written; no file
            is overwritten.
    """
    if not is_key_name(origin) or not is_name(member):
        raise ConfigurationError("origin has no spaces or plus signs; a member is small letters")
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder} is not empty: keys are never overwritten")
    if recovery.exists():
        raise ConfigurationError(f"{recovery} is there already: keys are never overwritten")
    seed = secrets.token_bytes(SEED_BYTES)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        # First what may not be possible: half a keyring could not be made again in its place.
        write_private(recovery, seed)
        for name in (*SEEDS, _STORE_KEY):
            write_private(folder / name, secrets.token_bytes(SEED_BYTES))
        (folder / "recovery.pub").write_bytes(SealingKey(seed).public.raw)
        (folder / "member.toml").write_text(tomli_w.dumps({"origin": origin, "member": member}))
    except OSError as cause:
        raise ConfigurationError(
            f"{cause.filename or folder} cannot be written: {cause.strerror}"
        ) from cause
    return load_keyring(folder)


def is_signed_under(signed: SignedEntry, document: Consortium | None) -> bool:
    """Tell whether the author's line is by a key that `document` names; else it would be skipped.

    False of an own entry that was not submitted before the keys changed.
    """
    line = signed.lines[0]
    return document is None or (line.name, line.key_id) in document.entry_keys


def load_keyring(folder: Path) -> Keyring:
    """Read the keys in `folder`; until it follows a document, the oldest are in use.

    Raises:
        ConfigurationError: a file is missing, of the wrong size, or readable by others.
    """
    try:
        identity = tomllib.loads((folder / "member.toml").read_text())
        origin, member = str(identity["origin"]), str(identity["member"])
        recovery = SealingPublicKey((folder / "recovery.pub").read_bytes())
    except (OSError, KeyError, ValueError, MalformedError) as cause:
        raise ConfigurationError(
            f"{folder} holds no keyring: make one with `signaalketen key new`"
        ) from cause
    generations = tuple(
        _load_generation(place, number=number, origin=origin, member=member)
        for number, place in generation_folders(folder)
    )
    first = generations[0]
    return Keyring(
        origin=origin,
        member=member,
        entry=first.entry,
        log=first.log,
        cosigning=first.cosigning,
        sdjwt=first.sdjwt,
        sealing=first.sealing,
        recovery=recovery,
        store_key=read_private(folder / _STORE_KEY),
        post_quantum=first.post_quantum,
        generations=generations,
    )


def generation_folders(folder: Path) -> list[tuple[int, Path]]:
    """Return the number and place of every generation of keys, oldest first; at least one.

    The first stands in `folder` itself; it may be retired once there is a later one.
    """
    later = sorted(
        (int(place.name), place)
        for place in folder.iterdir()
        if place.is_dir() and place.name.isdecimal() and place.name.isascii()
    )
    # Its entry key goes first when it is retired, so that half a generation is none.
    if later and not (folder / "entry.seed").exists():
        return later
    return [(1, folder), *later]


def _load_generation(place: Path, *, number: int, origin: str, member: str) -> Generation:
    own = key_name(origin=origin, member=member)
    seeds = {
        name: read_private(place / name)
        for name in SEEDS
        # One that others may read, or of another size, is refused all the same.
        if name != _POST_QUANTUM or (place / name).exists()
    }
    post_quantum = seeds.get(_POST_QUANTUM)
    return Generation(
        number=number,
        entry=SigningKey(own, KeyType.ED25519, seeds["entry.seed"]),
        log=SigningKey(origin, KeyType.ED25519, seeds["log.seed"]),
        cosigning=SigningKey(own, KeyType.COSIGNATURE, seeds["cosign.seed"]),
        post_quantum=None if post_quantum is None else PostQuantumKey(own, post_quantum),
        sdjwt=SigningKey(own + "/sd-jwt", KeyType.ED25519, seeds["sd-jwt.seed"]),
        sealing=SealingKey(seeds["node.seed"]),
    )


def read_private(path: Path) -> bytes:
    """Return the 32 bytes in `path`.

    Raises:
        ConfigurationError: it is missing, of another size, or others than its owner may read it.
    """
    verify_private(path)
    raw = path.read_bytes()
    if len(raw) != SEED_BYTES:
        raise ConfigurationError(f"{path} must hold {SEED_BYTES} bytes, not {len(raw)}")
    return raw


def verify_private(path: Path) -> None:
    """Check that only its owner may read the file `path`.

    Raises:
        ConfigurationError: it is not there, or group or others have any right to it.
    """
    try:
        mode = path.stat().st_mode
    except OSError as cause:
        raise ConfigurationError(f"{path} cannot be read: {cause.strerror}") from cause
    if not stat.S_ISREG(mode):
        raise ConfigurationError(f"{path} is not a file")
    if mode & _OTHERS_MAY:
        raise ConfigurationError(f"{path} can be read by others: run `chmod 600 {path}`")


def write_private(path: Path, raw: bytes) -> None:
    """Write a new file that only its owner can read.

    Raises:
        OSError: it is there already, or cannot be written.
    """
    # Created with its final mode: between open and chmod others could have read it.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(raw)
