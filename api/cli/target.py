"""The options by which a command finds a node and shows who calls."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import warn

if TYPE_CHECKING:
    from api.client.node import NodeClient

Url = Annotated[str, typer.Option(help="The node's address, such as https://node.uwv.example.")]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="A file with your token and nothing else, readable by you only."),
]


def is_url(text: str) -> bool:
    """Tell whether `text` names a node rather than a file."""
    return text.startswith(("http://", "https://"))


def read_token(token_file: Path | None) -> str | None:
    """Return the token in `token_file`, else that of the environment, else None.

    Raises:
        ConfigurationError: the file cannot be read, others can read it, or it holds no token.
    """
    import os

    from nodes.errors import ConfigurationError
    from nodes.keyring import verify_private

    if token_file is None:
        return os.environ.get("SIGNAALKETEN_TOKEN") or None
    verify_private(token_file)
    raw = token_file.read_bytes().strip()
    if not raw.isascii() or len(raw.split()) != 1:
        raise ConfigurationError(f"{token_file} must hold a token and nothing else.")
    return raw.decode()


@contextmanager
def node_at(url: str, *, token: str | None) -> Iterator["NodeClient"]:
    """Yield a client of the node at `url`, and warn where others could read along."""
    from api.client.node import NodeClient

    with NodeClient(url, token=token) as client:
        if client.is_exposed and token is not None:
            warn("Mind: http:// shows your token and what you send to the network; use https://.")
        yield client
