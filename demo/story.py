"""The story: setting up, its scenes, and what can be tried afterwards."""

import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from demo import epoch
from demo.command import pasted
from demo.consortium import DOCUMENT, Members
from demo.people import people
from demo.scenes import (
    audit,
    coordinate,
    forged,
    grant,
    load,
    look,
    match,
    matched,
    onlooker,
    outage,
    post,
    take_up,
    tamper,
    two_gone,
    two_votes,
    withdraw,
)
from demo.screen import Screen
from demo.stage import EXPORT, Stage

Scene = tuple[str, Callable[[Stage], None]]
"""A title, and what happens under it."""

SCENES: tuple[Scene, ...] = (
    (post.TITLE, post.play),
    (look.TITLE, look.play),
    (match.TITLE, match.play),
    (matched.TITLE, matched.play),
    (take_up.TITLE, take_up.play),
    (grant.TITLE, grant.play),
    (forged.TITLE, forged.play),
    (coordinate.TITLE, coordinate.play),
    (onlooker.TITLE, onlooker.play),
    (load.TITLE, load.play),
    (outage.TITLE, outage.play),
    (withdraw.TITLE, withdraw.play),
    (audit.TITLE, audit.play),
    (tamper.TITLE, tamper.play),
)
ENGINE_SCENES: tuple[Scene, ...] = (
    (two_votes.TITLE, two_votes.play),
    (two_gone.TITLE, two_gone.play),
)
"""What only an order among machines can show; told after the outage."""
_PEOPLE = 300
_SPARE = 20
_ENGINE_SPARE = 60
_SETUP_STEPS = 13 + epoch.STEPS


def tell(members: Members, screen: Screen) -> bool:
    """Set up and play every scene; return whether all held.

    Raises:
        DemoError: the consortium cannot be set up.
    """
    _set_up(members, screen)
    everybody = people(_PEOPLE + (_SPARE if members.engines is None else _ENGINE_SPARE))
    stage = Stage(
        members=members, people=everybody[:_PEOPLE], spare=everybody[_PEOPLE:], screen=screen
    )
    play_all(scenes_of(members), stage)
    with _going_on(screen):
        members.save_metrics()
    return not screen.failures


def scenes_of(members: Members) -> tuple[Scene, ...]:
    """Return the scenes that are told, in order."""
    if members.engines is None:
        return SCENES
    at = SCENES.index((outage.TITLE, outage.play)) + 1
    return SCENES[:at] + ENGINE_SCENES + SCENES[at:]


def play_all(scenes: Iterable[Scene], stage: Stage) -> None:
    """Play every scene, also those after one that broke."""
    for title, play in scenes:
        stage.screen.scene(title)
        with _going_on(stage.screen):
            play(stage)


def farewell(members: Members, screen: Screen, *, stays_up: bool) -> None:
    """Print what can be tried now: addresses, tokens, and the audit to paste."""
    chain: str | Path = members.folder / EXPORT
    if stays_up:
        chain = members["uwv"].url
        _show_doors(members, screen)
    screen.say()
    screen.say("Audit it yourself:")
    screen.paste(pasted("audit", chain, "--consortium", members.folder / DOCUMENT))


def verdict(screen: Screen) -> None:
    """Print whether every scene held."""
    count = len(screen.failures)
    screen.title("Every scene held." if not count else f"{count} did not hold:")
    for failure in screen.failures:
        screen.say(f"  {failure}", style="red")


def _set_up(members: Members, screen: Screen) -> None:
    screen.title("Four members found a ledger")
    screen.say(
        "UWV, SVB and the ministries SZW and BZK each make their own keys, sign one document, and "
        "start a node. A prototype, with synthetic people only: no law yet permits real use."
    )
    steps: list[str] = []

    def done(step: str) -> None:
        steps.append(step)
        move(len(steps))

    steps_to_take = _SETUP_STEPS + (members.engines is not None)
    with screen.progress("setting up", total=steps_to_take) as move:
        shown = members.found(done)
        members.start(done)
        status = epoch.open_first(members, done)
    screen.say("For each: signaalketen key new, member card, consortium sign, node.", style="dim")
    document = members.document
    screen.rows([(m.name, m.profile.title, m.url) for m in members.all])
    screen.claim(
        f"{document.origin}: signed by all {len(document.members)}, "
        f"{document.quorum} of {len(document.witnesses)} witnesses make a block final",
        holds="Nobody is missing" in shown,
        expected="nobody is missing",
        seen=shown,
    )
    if members.engines is not None:
        screen.say("Each node runs a CometBFT engine; the four agree on the order.", style="dim")
    holders, shares = epoch.holders(members), epoch.shares_of(members)
    screen.claim(
        f"epoch {epoch.NUMBER} is open, its key made by all {len(holders)} holders together; a "
        f"pseudonym takes {epoch.who_evaluates(members)}",
        holds=f"epoch {epoch.NUMBER}  opened in block" in status
        and shares == dict.fromkeys(holders, 1),
        expected="an open epoch, and one share with each holder",
        seen=(status, shares),
    )
    screen.say(
        "Nobody ever had the whole key: each holder drew its own part, and has one share.",
        style="dim",
    )


def _show_doors(members: Members, screen: Screen) -> None:
    screen.say("Open a node's page, or call it with the token of a role; a token is a file:")
    screen.rows([(m.name, m.url, f"{m.folder / 'tokens'}/<role>") for m in members.all])
    uwv = members["uwv"]
    screen.say()
    screen.say("UWV's tokens, of roles and of people, made for this run; nobody prints a real one:")
    screen.rows(list({**uwv.tokens, **uwv.staff}.items()))
    screen.say()
    screen.say("UWV's own signals, as its caseworker:")
    header = f"Authorization: Bearer {uwv.tokens['caseworker']}"
    screen.paste(shlex.join(["curl", "-H", header, f"{uwv.url}/v1/signals"]))
    screen.say()
    screen.say("The cases that the import left at SVB's desk, as its caseworker w1:")
    svb = members["svb"]
    token = svb.token_file("w1")
    screen.paste(pasted("case", "list", "--url", svb.url, "--token-file", token))


@contextmanager
def _going_on(screen: Screen) -> Iterator[None]:
    """Say that something broke, and let the reader see the rest."""
    try:
        yield
    except Exception as cause:  # noqa: BLE001 -- whatever it is, the verdict will name it
        screen.fault(f"this could not go on: {type(cause).__name__}: {cause}")
