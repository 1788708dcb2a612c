"""Checkpoints."""

import pytest

from ledger.checkpoint import Checkpoint
from ledger.encoding import Digest
from ledger.errors import MalformedError

ROOT = Digest(b"\x07" * 32)
TEXT = "signaalketen.test/demo\n4096\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"


def test_a_checkpoint_is_three_lines() -> None:
    checkpoint = Checkpoint("signaalketen.test/demo", 4096, ROOT)

    assert checkpoint.encode() == TEXT
    assert Checkpoint.decode(TEXT) == checkpoint


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected origin"),
        (TEXT[:-1], "expected origin"),
        (TEXT + "\n", "expected origin"),
        (TEXT + "an extension line\n", "expected origin"),
        (TEXT.replace("\n4096\n", "\n"), "expected origin"),
        (TEXT.replace("4096", "04096"), "canonical"),
        (TEXT.replace("4096", "+4096"), "canonical"),
        (TEXT.replace("4096", "4_096"), "canonical"),
        (TEXT.replace("4096", "4096 "), "canonical"),
        (TEXT.replace("4096", "-0"), "canonical"),
        (TEXT.replace("4096", "４０９６"), "canonical"),
        (TEXT.replace("4096", "-1"), "1 to 19 digits"),
        (TEXT.replace("4096", "1" + "0" * 19), "1 to 19 digits"),
        (TEXT.replace("4096", "9" * 5000), "expected origin"),
        (TEXT.replace("4096", "0x10"), "expected origin"),
        (TEXT.replace("4096", ""), "expected origin"),
        (TEXT.replace("Bwc=", "Bwd="), "canonical"),
        (TEXT.replace("Bwc=", "BwcH"), "expected 32 bytes"),
        (TEXT.replace("\n", "\r\n"), "base64"),
        (TEXT.replace("signaalketen.test/demo", ""), "origin"),
        (TEXT.replace(".test", " test"), "origin"),
        (TEXT.replace(".test", "+test"), "origin"),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Checkpoint.decode(text)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [("", 0, ROOT), ("a\nb", 0, ROOT), ("a", -1, ROOT), ("a", 10**19, ROOT), ("a", 0, ROOT[1:])],
)
def test_no_checkpoint_exists_that_has_no_text(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(MalformedError, match="checkpoint"):
        Checkpoint(origin, size, Digest(root))
