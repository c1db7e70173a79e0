"""The colours that all pictures share."""

BACK, PANEL, INK = "#10131a", "#171b24", "#e8eaf0"
#: Of layers, one after another.
LAYERS = ("#4fc3f7", "#b39ddb", "#ffb74d", "#81c784", "#f06292", "#fff176")


def layer_colour(depth: int) -> str:
    """The colour of what works so many ticks after a frame; colours come round again."""
    return LAYERS[depth % len(LAYERS)]
