"""Ways to spoil bytes: every single flipped bit, and what accidents and forgers do."""

from collections.abc import Callable, Iterator

from hypothesis import strategies as st

from ledger.errors import LedgerError


def every_flip(raw: bytes) -> Iterator[bytes]:
    """Yield `raw` with one bit flipped, for each of its bits."""
    for at in range(len(raw)):
        for bit in range(8):
            yield raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]


def unnoticed_flips(raw: bytes, verify: Callable[[bytes], object]) -> list[bytes]:
    """Return each flip of `raw` that `verify` does not refuse with a LedgerError."""
    verify(raw)
    passed = []
    for flipped in every_flip(raw):
        try:
            verify(flipped)
        except LedgerError:
            continue
        passed.append(flipped)
    return passed


@st.composite
def spoiled(draw: st.DrawFn, raw: bytes) -> bytes:
    """Draw `raw` with one to three pieces replaced, dropped, doubled or added."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(raw)))
        end = draw(st.integers(start, min(len(raw), start + 40)))
        piece = draw(
            st.one_of(
                st.just(b""),
                st.just(raw[start:end] * 2),
                st.binary(max_size=4),
                st.sampled_from([b"\n", b"\n\n", b" ", b"0", b"+", b"-", b"=", b"~", b"\x00"]),
                st.sampled_from(["— a b\n".encode(), "４".encode(), b"1_0", b"\r\n", b"\xff"]),
            )
        )
        raw = raw[:start] + piece + raw[end:]
    return raw
