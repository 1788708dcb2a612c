"""`case`: what people do about cases, each in a role of its own, with a token of its own.

list show shown approvals reviews                   read
confirm ask message outcome coordinate contest close    say to the other desk
grant approve refuse break-glass review             decide what another desk asked
assign hand-over away                               whose it is
"""

import typer

from api.cli.case import carrying, granting, reading, saying

app = typer.Typer(
    name="case",
    help="Work on the cases of your desk.",
    epilog="Matches and requests can be named by the first characters of their ids. "
    "SIGNAALKETEN_NODE and SIGNAALKETEN_TOKEN stand in for --url and --token-file.",
    no_args_is_help=True,
)
for group in (reading, saying, granting, carrying):
    for name, command in group.COMMANDS.items():
        app.command(name)(command)
