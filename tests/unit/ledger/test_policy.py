"""Trust policies, as c2sp.org/tlog-policy has them."""

from itertools import combinations

import pytest

from ledger.checkpoint import Checkpoint
from ledger.cosignature import SignedCheckpoint, cosign
from ledger.encoding import sha256
from ledger.errors import MalformedError, VerificationError
from ledger.key import KeyType, SigningKey
from ledger.note import Note, SignatureLine
from ledger.policy import Policy, policy_of, verify_policy
from tests.support.parties import ALL, make_consortium, make_member
from tests.support.signers import NOON, ORIGIN, cosigning_key, entry_key, log_key, post_quantum_key

CHECKPOINT = Checkpoint(ORIGIN, 4096, sha256(b"root"))
TEXT = CHECKPOINT.encode()
NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
KEYS = {name: cosigning_key(name) for name in NAMES}
LOG = log_key("uwv")
WITNESSES = "".join(f"witness {name} {key.verifier.encode()}\n" for name, key in KEYS.items())
# The specification's own example.
EXAMPLE = f"""\
log {LOG.verifier.encode()}

{WITNESSES}
group X-witnesses 2 X1 X2 X3
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def read(text: str) -> Policy:
    return Policy.decode(text.encode())


def signed(*lines: SignatureLine) -> SignedCheckpoint:
    return SignedCheckpoint(CHECKPOINT, Note(TEXT, lines))


def signed_by(*names: str, log: SigningKey | None = LOG) -> SignedCheckpoint:
    lines = [cosign(TEXT, key=KEYS[name], time=NOON) for name in names]
    return signed(*lines, *([] if log is None else [log.sign(TEXT)]))


@pytest.mark.parametrize(
    "names",
    [part for count in range(7) for part in combinations(NAMES, count)],
    ids=lambda names: "-".join(names) or "nobody",
)
def test_the_specifications_example_means_two_of_x_and_one_of_y(names: tuple[str, ...]) -> None:
    policy = read(EXAMPLE)
    is_enough = sum(n[0] == "X" for n in names) >= 2 and any(n[0] == "Y" for n in names)

    if is_enough:
        assert verify_policy(signed_by(*names), policy) == dict.fromkeys(names, NOON)
    else:
        with pytest.raises(VerificationError, match="no quorum"):
            verify_policy(signed_by(*names), policy)


@pytest.mark.parametrize(
    "text", [EXAMPLE, "quorum none\n", f"witness é {KEYS['X1'].verifier.encode()}\nquorum é\n"]
)
def test_a_policy_survives_being_written(text: str) -> None:
    policy = read(text)

    again = Policy.decode(policy.encode())

    assert again == policy
    assert again.encode() == policy.encode()


def test_blanks_comments_and_urls_are_free() -> None:
    key = KEYS["X1"].verifier.encode()
    plain = read(f"witness X1 {key}\nquorum X1\n")

    spaced = read(f"# us\n\n \t# them\n\twitness  X1\t{key} https://x1.test/ \n  quorum X1")

    assert spaced == plain


@pytest.mark.parametrize("blank", ["\r", "\v", "\f", "\x00", "\x7f"])
def test_other_control_characters_are_refused(blank: str) -> None:
    with pytest.raises(MalformedError, match="control character"):
        read(f"quorum{blank}none\n")


def test_a_no_break_space_is_part_of_a_name() -> None:
    policy = read(f"witness X\u00a01 {KEYS['X1'].verifier.encode()}\nquorum X\u00a01\n")

    assert len(policy.witnesses) == 1


_X1 = KEYS["X1"].verifier.encode()
_X2 = KEYS["X2"].verifier.encode()
_RENAMED = SigningKey("other", KeyType.COSIGNATURE, KEYS["X1"].seed).verifier.encode()
_BOTH = f"witness X1 {_X1}\nwitness X2 {_X2}\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "exactly one quorum", id="empty"),
        pytest.param(f"witness X1 {_X1}\n", "exactly one quorum", id="no quorum"),
        pytest.param("quorum none\nquorum none\n", "line 2: a second", id="two quorums"),
        pytest.param(f"quorum X1\nwitness X1 {_X1}\n", "line 1: X1 is not defined", id="later"),
        pytest.param("quorum none none\n", "expected log, witness", id="too many words"),
        pytest.param("quorum\n", "expected log, witness", id="too few words"),
        pytest.param("trust me\nquorum none\n", "line 1: expected log", id="unknown keyword"),
        pytest.param("log x\nquorum none\n", "line 1: vkey", id="no vkey"),
        pytest.param(f"log {_X1}\nquorum none\n", "of type 01", id="log with a cosigning key"),
        pytest.param(
            f"log {LOG.verifier.encode()}\nlog {LOG.verifier.encode()} url\nquorum none\n",
            "line 2: .*once each",
            id="log twice",
        ),
        pytest.param(
            f"witness X1 {entry_key('uwv').verifier.encode()}\nquorum none\n",
            "type 04 or 06",
            id="witness with a note key",
        ),
        pytest.param(
            f"witness X1 {_X1}\nwitness X2 {_RENAMED}\nquorum none\n",
            "line 2: .*once each",
            id="one key under two names",
        ),
        pytest.param(
            f"witness X1 {_X1}\nwitness X1 {_X2}\nquorum none\n", "defined already", id="name twice"
        ),
        pytest.param(f"witness none {_X1}\nquorum none\n", "defined already", id="none as a name"),
        pytest.param(_BOTH + "group X2 any X1\nquorum X2\n", "defined already", id="one namespace"),
        pytest.param(_BOTH + "group g any X1 X1\nquorum g\n", "in a group already", id="twice in"),
        pytest.param(
            _BOTH + "group g any X1\ngroup h any X1 X2\nquorum h\n", "in a group already", id="two"
        ),
        pytest.param(_BOTH + "group g any g\nquorum g\n", "not defined", id="in itself"),
        pytest.param(_BOTH + "group g any none\nquorum g\n", "not defined", id="none in a group"),
        pytest.param(_BOTH + "group g any\nquorum g\n", "expected log, witness", id="empty group"),
        pytest.param(_BOTH + "group g 3 X1 X2\nquorum g\n", "more than it has", id="too many"),
        pytest.param(_BOTH + "group g 0 X1 X2\nquorum g\n", "any, all or a number", id="none"),
        pytest.param(_BOTH + "group g 01 X1 X2\nquorum g\n", "any, all or a number", id="zero"),
        pytest.param(_BOTH + "group g +1 X1 X2\nquorum g\n", "any, all or a number", id="sign"),
        pytest.param(_BOTH + "group g -1 X1 X2\nquorum g\n", "any, all or a number", id="less"),
    ],
)
def test_what_is_no_policy_is_refused(text: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        read(text)


def test_a_checkpoint_needs_one_of_the_logs() -> None:
    policy = read(EXAMPLE)

    with pytest.raises(VerificationError, match="not signed by a log"):
        verify_policy(signed_by(*NAMES, log=None), policy)
    with pytest.raises(VerificationError, match="not signed by a log"):
        verify_policy(signed_by(*NAMES, log=log_key("svb")), policy)


def test_a_log_speaks_for_its_own_origin_only() -> None:
    other = SigningKey("other.test", KeyType.ED25519, bytes(32))
    policy = read(f"log {other.verifier.encode()}\nquorum none\n")

    with pytest.raises(VerificationError, match="not signed by a log"):
        verify_policy(signed(other.sign(TEXT)), policy)


def test_a_policy_without_logs_and_witnesses_asks_nothing() -> None:
    stranger = SigningKey("stranger", KeyType.ED25519, bytes(32))

    assert verify_policy(signed(stranger.sign(TEXT)), read("quorum none\n")) == {}


def test_a_named_line_that_fails_is_not_passed_over() -> None:
    policy = read(EXAMPLE)
    forged = SignatureLine(KEYS["X3"].name, KEYS["X3"].verifier.id, bytes(72))
    log = SignatureLine(LOG.name, LOG.verifier.id, bytes(64))

    with pytest.raises(VerificationError, match="does not verify"):
        verify_policy(signed(*signed_by("X1", "X2", "Y1").note.signatures, forged), policy)
    with pytest.raises(VerificationError, match="does not verify"):
        verify_policy(signed(log, *signed_by(*NAMES).note.signatures), policy)


CONSORTIUM = make_consortium()
STRONG = make_consortium(post_quantum=True)


@pytest.mark.parametrize(
    "by", [part for n in range(5) for part in combinations(ALL, n)], ids="-".join
)
@pytest.mark.parametrize("how", ["classic", "post-quantum", "both"])
def test_a_documents_policy_judges_as_the_document_does(by: tuple[str, ...], how: str) -> None:
    policy = policy_of(STRONG.document)
    final = STRONG.cosigned(
        CHECKPOINT,
        by=() if how == "post-quantum" else by,
        post_quantum=() if how == "classic" else by,
        logs=["szw"],
    )

    if len(by) < STRONG.document.quorum:
        with pytest.raises(VerificationError, match="no quorum"):
            verify_policy(final, policy)
    else:
        times = verify_policy(final, policy)
        assert {name.partition("/")[0] for name in times} == set(by)


def test_a_documents_policy_reads_back() -> None:
    for consortium in (CONSORTIUM, STRONG):
        policy = policy_of(consortium.document)

        assert Policy.decode(policy.encode()) == policy


def test_a_member_may_be_called_as_a_keyword_is() -> None:
    joined = (*CONSORTIUM.members, make_member("none"), make_member("members"))
    policy = policy_of(CONSORTIUM.draft(lambda d: d.update(quorum=5), members=joined).document)

    assert Policy.decode(policy.encode()) == policy


def test_keys_of_both_types_of_one_member_are_no_two() -> None:
    policy = policy_of(STRONG.document)
    final = STRONG.cosigned(CHECKPOINT, by=ALL[:2], post_quantum=ALL[:2], logs=["szw"])

    with pytest.raises(VerificationError, match="no quorum"):
        verify_policy(final, policy)


def test_post_quantum_keys_witness_too() -> None:
    key = post_quantum_key("uwv")
    policy = read(f"witness W {key.verifier.encode()}\nquorum W\n")

    assert verify_policy(signed(cosign(TEXT, key=key, time=NOON)), policy) == {"W": NOON}
