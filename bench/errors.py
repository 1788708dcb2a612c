"""What keeps a measurement from being made."""


class BenchError(Exception):
    """A measurement that cannot be made; the text says why."""
