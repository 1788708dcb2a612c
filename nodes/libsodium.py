"""The library behind ristretto255, which `rbcl` unpacks into a temporary file in every process.

It is never removed by `rbcl`: each process would leave three megabytes behind. Once loaded, the
file is not needed any more.
"""

import sys
from contextlib import suppress
from pathlib import Path


def remove_unpacked() -> None:
    """Remove the file, if this process has loaded it; Windows keeps it while it is in use."""
    loaded = sys.modules.get("rbcl._sodium")
    if loaded is not None:
        with suppress(OSError):
            Path(loaded.lib_path).unlink(missing_ok=True)
