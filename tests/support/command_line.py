"""The command line as a user types it, in this process."""

from pathlib import Path

from typer.testing import CliRunner, Result

from api.cli.app import app

ORIGIN = "signaalketen.test/cli"
MEMBERS = {
    "uwv": ("issuer", "witness", "holder", "custodian"),
    "svb": ("issuer", "witness", "holder", "custodian"),
    "szw": ("issuer", "policy", "witness", "holder", "custodian"),
    "bzk": ("witness", "holder", "custodian"),
}
RULES = Path(__file__).parents[2] / "demo" / "rules.toml"


def signaalketen(*arguments: str | Path, **environment: str | None) -> Result:
    """Run a command and return its output and exit code; an exception in it is a failure."""
    result = CliRunner(env=environment).invoke(app, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def make_member(folder: Path, name: str) -> None:
    """Make keys `<name>`, recovery seed `<name>.recovery` and card `<name>.card` in `folder`."""
    keys, recovery = folder / name, folder / f"{name}.recovery"
    made = signaalketen(
        *("key", "new", "--origin", ORIGIN, "--member", name),
        *("--keys", keys, "--recovery", recovery),
    )
    assert made.exit_code == 0, made.stderr
    make_card(folder, name)


def make_card(folder: Path, name: str) -> None:
    """Make the card `<name>.card` of a member's newest keys in `folder`."""
    keys = folder / name
    number = list(MEMBERS).index(name) + 1
    roles: list[str] = [part for role in MEMBERS[name] for part in ("--role", role)]
    card = signaalketen(
        *("member", "card", "--keys", keys, "--title", name.upper()),
        *("--oin", f"00000099{number:012}", "--out", folder / f"{name}.card"),
        *roles,
    )
    assert card.exit_code == 0, card.stderr


def make_draft(folder: Path, out: Path, *more: str | Path) -> Result:
    """Draft a document of every card in `folder`."""
    rules = folder / "rules.toml"
    rules.write_text(RULES.read_text().replace("signaalketen.test/demo", ORIGIN))
    cards = [part for name in MEMBERS for part in ("--card", folder / f"{name}.card")]
    return signaalketen(
        *("consortium", "draft", "--rules", rules, *cards, "--author", "uwv", "--out", out), *more
    )


def found(folder: Path) -> Path:
    """Hold the whole founding ceremony in `folder` and return its `founding.note`."""
    note = folder / "founding.note"
    for name in MEMBERS:
        make_member(folder, name)
    assert make_draft(folder, note).exit_code == 0
    for name in MEMBERS:
        assert signaalketen("consortium", "sign", note, "--keys", folder / name).exit_code == 0
    return note
