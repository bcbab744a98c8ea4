"""Tables on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uplift3d.evaluate.report import Table


def print_table(table: Table, text_columns: int = 1) -> None:
    """Print a table whose first columns are text and whose others are numbers.

    Into a pipe or a narrow window it goes whole rather than with its numbers cut off.
    """
    from rich.console import Console
    from rich.table import Table as RichTable

    drawn = RichTable(title=table.title)
    for number, name in enumerate(table.columns):
        drawn.add_column(name, justify="left" if number < text_columns else "right", no_wrap=True)
    for row in table.rows:
        drawn.add_row(*row)
    wanted = Console(width=1000).measure(drawn).maximum
    Console(width=max(Console().width, wanted)).print(drawn)
