"""Text of other people, for a terminal."""


def printable(text: str) -> str:
    """The text without control characters, which a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)
