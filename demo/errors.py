"""What the demonstration cannot do, and why."""


class DemoError(Exception):
    """The story cannot be set up, or a scene cannot go on; the text says what to do."""
