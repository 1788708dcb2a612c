"""The same moment as six parties see it, side by side."""

from demo import views
from demo.custody import of_custodian
from demo.stage import Stage
from demo.thief import of_thief

TITLE = "The same moment, as six parties see it"


def play(stage: Stage) -> None:
    """Fetch every view from where that party would, show them, and search them."""
    screen, posted = stage.screen, stage.the_first()
    # Strangers see a block at the next public step; in the demonstration that is a second.
    stage.wait_size("svb", posted.height + 1, role=None)
    digits, reference = posted.signal.bsn.digits, posted.signal.case_reference
    author = views.of_author(stage, posted)
    others = [
        views.of_agency(stage, posted),
        views.of_policy(stage, posted),
        of_custodian(stage, posted),
        views.of_auditor(stage, posted),
        of_thief(stage.members["uwv"].database, height=posted.height, secrets=[digits, reference]),
    ]
    screen.panels([(view.title, view.lines) for view in (author, *others)])
    screen.say("FG: functionaris gegevensbescherming, an agency's privacy officer.", style="dim")
    blocks = {view.block for view in others if view.block is not None}
    screen.claim(
        f"SVB, SZW and the auditor read the same {len(posted.receipt.block)} bytes as the receipt",
        holds=blocks == {posted.receipt.block},
        expected="one block, the receipt's",
        seen=f"{len(blocks)} different ones",
    )
    found = [v.title for v in others if digits.encode() in v.saw or reference.encode() in v.saw]
    screen.claim(
        "in all that these five were shown stands neither the BSN nor UWV's case reference",
        holds=not found and reference.encode() in author.saw and digits.encode() not in author.saw,
        expected="in none of them, and UWV sees its own reference",
        seen=found or "UWV does not see its own reference, or sees the BSN",
    )
    broken = [view.title for view in (author, *others) if not view.is_as_promised]
    screen.claim(
        "SVB finds nothing behind the block, SZW is refused, BZK holds what it cannot open",
        holds=not broken,
        expected="all six as promised",
        seen=f"not so for {', '.join(broken)}",
    )
