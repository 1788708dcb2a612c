"""The match as six parties see it, side by side."""

from demo import matched
from demo.caseload import case_of
from demo.chain import settled
from demo.stage import Stage
from demo.thief import of_match_thief

TITLE = "The match, as six parties see it"


def play(stage: Stage) -> None:
    """Fetch every view from where that party would, show them, and search the outsiders'."""
    screen, first, second = stage.screen, stage.the_first(), stage.the_second()
    blocks = settled(stage)
    # Strangers see a block at the next public step; in the demonstration that is a second.
    stage.wait_size("svb", len(blocks), role=None)
    answers = matched.answers_to(blocks, second, true="uwv", noise="szw")
    case = case_of(stage, second)
    ids = [] if case is None else [match.id for match in case.matches]
    words = [
        first.signal.bsn.digits,
        first.signal.case_reference,
        second.signal.case_reference,
        *ids,
    ]
    secrets = [*(word.encode() for word in words), *map(bytes.fromhex, ids)]
    inside = [matched.of_party(stage, first), matched.of_party(stage, second)]
    outside = [
        matched.of_third(stage),
        matched.of_custodian(stage, answers),
        matched.of_auditor(stage, since=first.height),
        of_match_thief(stage.members["svb"].database, secrets=secrets),
    ]
    screen.panels([(view.title, view.lines) for view in (*inside, *outside)])
    screen.claim(
        f"UWV's answer in block {answers.true.height} tells the match, SZW's in block "
        f"{answers.noise.height} is noise: they have one form",
        holds=answers.are_alike,
        expected="the same but for author, commitment and signatures",
        seen=[block.signed.text for block in (answers.true, answers.noise)],
    )
    found = [v.title for v in outside if any(secret in v.saw for secret in secrets)]
    screen.claim(
        "in all that the other four were shown stands no BSN, case reference or match id",
        holds=not found and bool(ids) and all(ids[0].encode() in v.saw for v in inside),
        expected="in none of them, and in what UWV and SVB were shown",
        seen=found or "not even UWV and SVB see it",
    )
    broken = [view.title for view in (*inside, *outside) if not view.is_as_promised]
    screen.claim(
        "SZW and BZK have no case and watch for nobody; a stolen disk has boxes and no names",
        holds=not broken,
        expected="all six as promised",
        seen=f"not so for {', '.join(broken)}",
    )
