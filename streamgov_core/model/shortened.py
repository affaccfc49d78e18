"""Text for people, cut to the size that a service or a message allows."""

MARK = "…"


def shortened(text: str, most: int) -> str:
    """The text, or its beginning with a mark that it goes on.

    Args:
        text: any text.
        most: how many characters there may be, the mark included; at least one.
    """
    return text if len(text) <= most else text[: most - 1] + MARK
