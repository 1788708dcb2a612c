"""The data folder: one node at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nodes.errors import ConfigurationError

_LOCK_FILE = "node.lock"


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep every other node process away from `folder` while inside.

    The lock is the kernel's: it goes with the process, however that ends.

    Raises:
        ConfigurationError: another node has it, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (folder / _LOCK_FILE).open("w")
    except OSError as cause:
        raise ConfigurationError(f"{folder} cannot be written: {cause.strerror}") from cause
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as cause:
            raise ConfigurationError(
                f"another node runs on {folder}: stop it, or set another `data_dir`"
            ) from cause
        yield
