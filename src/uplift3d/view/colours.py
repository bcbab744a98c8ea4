"""The colours that all views share; left and right differ in lightness too, for eyes that see few hues."""

INK = "#1d2530"
SOFT = "#66717f"
LINE = "#d9dee5"
PAPER = "#ffffff"
LEFT = "#2f6fb7"
RIGHT = "#e4702a"
MEASURED = "#12946a"
_TRUNKS = ("#4a5563", "#7a4fa3", "#a07914", "#a3345a", "#0f7c94", "#7d5a44")  # none like MEASURED


def trunk_colour(index: int) -> str:
    """Colour of the head and trunk of the `index`-th person: one hue per person, repeating after six."""
    return _TRUNKS[index % len(_TRUNKS)]
