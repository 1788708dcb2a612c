"""The command line `signaalketen`; `api.cli.app` lists the commands."""


def main() -> None:
    """Run the command that the arguments name."""
    # Worker processes of the audit import this package and need nothing of the commands.
    import atexit

    from api.cli.app import app
    from nodes.libsodium import remove_unpacked

    atexit.register(remove_unpacked)
    app()
