"""Puts a question to the person behind a client, in the way of the client's era.

No step of this version asks: policy refuses what would need an answer. A question that
is raised all the same ends as a refusal, so that nothing goes out unasked.
"""

from __future__ import annotations

from bill_mcp.errors import NeedsPerson, RefusedError


def unanswered(question: NeedsPerson) -> RefusedError:
    """The refusal of a call whose question cannot be put to anybody."""
    return RefusedError(
        f"a person would have to answer first: {question}",
        advice="Ask a person to do it in BILL's own web page.",
        code="approval_unavailable",
    )
