"""A screen of the demonstration that is read instead of looked at."""

import io

from rich.console import Console

from demo.screen import WIDTH, Screen


class ReadScreen(Screen):
    """Prints into `text`."""

    def __init__(self, *, width: int = WIDTH, is_terminal: bool = False) -> None:
        self._written = io.StringIO()
        super().__init__(
            Console(file=self._written, width=width, force_terminal=is_terminal, highlight=False)
        )

    @property
    def text(self) -> str:
        return self._written.getvalue()
