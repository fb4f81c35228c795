"""What every form of a person is to the pages, whatever it asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol

from bill_mcp.pages.questions import Question


class Standing(StrEnum):
    """Where a visit stands, as far as its question is concerned."""

    UNDER_WAY = "under_way"
    ANSWERED = "answered"
    """The person did what was asked; the last page stays, and no button acts."""
    OVER = "over"
    """Left or stopped: the question closes once the last page is shown."""


class FormVisit(Protocol):
    """One person's way through the form of one question.

    Every step can be repeated and none runs twice at once: a person presses buttons
    twice, reloads and goes back.
    """

    @property
    def question(self) -> Question: ...

    @property
    def standing(self) -> Standing: ...

    async def prepare(self) -> None:
        """Read what the page is about to show."""

    async def act(self, form: Mapping[str, str]) -> None:
        """Do what a button stands for, if it belongs to the page shown now."""

    async def leave(self) -> None:
        """Do what cancelling means; nothing where the question is answered."""

    def page(self, csrf: str) -> str:
        """What the person sees now."""

    async def aclose(self) -> None:
        """Forget what was typed and end what was opened; may come twice."""


Visits = Callable[[Question], FormVisit]
"""Begins the visit of one question."""
