"""Text of others as a person may safely see it: nothing in it hides or reorders."""

from __future__ import annotations

from bill_mcp.present import as_text

LONGEST_QUOTE = 80


def visible(text: str) -> str:
    r"""*text* on one line; control, invisible, bidirectional characters as ``\u``."""
    return as_text(text)[1:-1]


def is_quoted_whole(text: str) -> bool:
    """Whether `quoted` cuts nothing off."""
    return len(visible(text)) <= LONGEST_QUOTE


def quoted(text: str) -> str:
    """*text* in quotation marks, visible, and cut to 80 characters between them."""
    shown = visible(text)
    if not is_quoted_whole(text):
        shown = ""
        for piece in map(visible, text):  # so that no escape is cut in two
            if len(shown) + len(piece) >= LONGEST_QUOTE:
                break
            shown += piece
        shown += "…"
    return f'"{shown}"'
