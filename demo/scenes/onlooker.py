"""What an onlooker saw of the case: beats, and in none of them anything."""

import time
from collections.abc import Sequence

from demo.desk import Desk, desks_of
from demo.member import EXCHANGE_BEAT_SECONDS
from demo.stage import Stage
from ledger.block import Block

TITLE = "What an onlooker saw of all that"
# The beat that was on its way as the case began, and the one that is now.
_AT_THE_EDGES = 2


def play(stage: Stage) -> None:
    """Read the chain since the case began, without a token, and look for the case in it."""
    screen, second = stage.screen, stage.the_second()
    size = stage.wait_size("svb", second.height + 1, role=None)
    elapsed = time.monotonic() - second.at
    blocks = [Block.decode(raw) for raw in stage.blocks("svb", role=None, size=size)]
    beats = beats_in(blocks[second.height :])
    screen.say(
        f"In {elapsed:.0f} seconds two desks confirmed, asked, granted, refused, agreed and "
        "closed. Of that the ledger shows, to anybody who looks:"
    )
    screen.rows([(name, f"{len(of)} of kind exchange", _form(of)) for name, of in beats.items()])
    screen.say(
        f"Every issuer sends one each {EXCHANGE_BEAT_SECONDS} s (by default ten minutes), whatever "
        "there is to say, with sealed items for each of the others: mostly dummies.",
    )
    forms = {form_of(block) for of in beats.values() for block in of}
    screen.claim(
        "all have one form: those of SZW, which had nothing to say, are like those of UWV and SVB",
        holds=len(forms) == 1 and len(beats) == len(stage.members.document.issuers),
        expected="one further line and one size, of every issuer",
        seen=forms,
    )
    most = int(elapsed // EXCHANGE_BEAT_SECONDS) + _AT_THE_EDGES
    counts = {name: len(of) for name, of in beats.items()}
    screen.claim(
        f"nobody sent more than its rhythm has moments, whatever there was to say: at most {most}",
        holds=max(counts.values(), default=0) <= most,
        expected=f"{most} or less of each",
        seen=counts,
    )
    _search(stage, b"".join(block.encode() for block in blocks), desks_of(stage))


def beats_in(blocks: Sequence[Block]) -> dict[str, list[Block]]:
    """Return the entries of kind `exchange` by author."""
    beats: dict[str, list[Block]] = {}
    for block in blocks:
        if block.signed.entry.kind == "exchange":
            beats.setdefault(block.signed.entry.author, []).append(block)
    return dict(sorted(beats.items()))


def form_of(block: Block) -> tuple[str, int]:
    """Return what an onlooker can tell beats apart by: further lines, and bytes of the entry.

    Not the lines of those who store it, which come as their nodes answer.
    """
    return block.signed.entry.further, len(block.signed.text)


def _form(beats: Sequence[Block]) -> str:
    forms = sorted({form_of(block) for block in beats})
    return "; ".join(f"{further.strip()} items for each, {size} bytes" for further, size in forms)


def _search(stage: Stage, seen: bytes, desks: Sequence[Desk]) -> None:
    ids = {desks[0].match, *(desk.case for desk in desks)}
    ids |= {one.id for desk in desks for one in desk.pair().requests}
    lines = {line.message for desk in desks for line in desk.pair().timeline}
    words = [*ids, *(line for line in lines if line is not None)]
    found = [word for word in words if word.encode() in seen or bytes.fromhex(word) in seen]
    stage.screen.claim(
        f"none of the {len(set(words))} ids of match, cases, requests and messages is in a block",
        holds=bool(words) and not found,
        expected="in none",
        seen=len(found),
    )
