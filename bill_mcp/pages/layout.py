"""The frame of every page, and the headers that keep it to itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from types import MappingProxyType

from bill_mcp.environments import Environment
from bill_mcp.pages.markup import Html, join, tag

ABOUT: Mapping[Environment, tuple[str, str]] = MappingProxyType(
    {
        Environment.SANDBOX: ("Sandbox", "BILL's test system. No money moves."),
        Environment.PRODUCTION: ("Production", "The real BILL. Real money."),
        Environment.LOCAL: ("Simulator", "On this machine. Nothing is real."),
    }
)


@cache
def style() -> str:
    return resources.files(__package__).joinpath("style.css").read_text("utf-8")


@cache
def headers() -> Mapping[str, str]:
    """What every answer carries.

    ``no-referrer`` has browsers send ``Origin: null`` even to our own forms; see
    `bill_mcp.pages.guarding` for how those are still told apart.
    """
    policy = (
        "default-src 'none'",
        f"style-src '{source_hash(style())}'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
    return MappingProxyType(
        {
            "content-security-policy": "; ".join(policy),
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "cache-control": "no-store",
        }
    )


def source_hash(text: str) -> str:
    """How a content security policy names one inline style or script."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def document(
    title: str,
    *content: str,
    environment: Environment | None = None,
    phrase: str | None = None,
    step: str = "",
    failed: bool = False,
    head: str = "",
) -> str:
    """A whole page.

    Args:
        title: Its heading too.
        content: What stands below the heading.
        environment: Shown in words and colour at the top.
        phrase: Four words for the person to compare.
        step: Where in the whole this page stands.
        failed: Screen readers hear it first, in the title.
        head: More of the page's head.
    """
    prefix = "Error: " if failed else ""
    where = f" ({ABOUT[environment][0]})" if environment else ""
    card = tag("div", _band(environment), _main(title, content), class_="card")
    frame = tag("div", _brand(step), card, _phrase(phrase), class_="frame")
    return "<!doctype html>" + tag(
        "html",
        tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
            tag("title", f"{prefix}{title}{where} · bill-mcp"),
            head,
            tag("style", Html(style())),
        ),
        tag("body", frame),
        lang="en",
    )


def problem(words: str | None, faults: Sequence[tuple[str, str]] = ()) -> Html:
    """What went wrong, read out at once and first in the order of the keyboard.

    Args:
        words: One or two sentences.
        faults: The id of each field and what is wrong with it.
    """
    if words is None and not faults:
        return Html()
    links = [tag("li", tag("a", text, href=f"#{name}")) for name, text in faults]
    told = [tag("p", tag("b", "That did not work. "), words)] if words else []
    if links:
        told += [tag("p", tag("b", "Please correct this:")), tag("ul", *links)]
    return tag(
        "div", *told, class_="problem", role="alert", tabindex="-1", autofocus=True
    )


def facts(*pairs: tuple[str, str | None]) -> Html:
    """A list of names and values, without those that are not known."""
    known = [(name, value) for name, value in pairs if value]
    return tag("dl", *(join(tag("dt", n), tag("dd", v)) for n, v in known))


def _band(environment: Environment | None) -> Html:
    if environment is None:
        return Html()
    name, about = ABOUT[environment]
    return tag("p", tag("b", name), about, class_=f"band {environment}")


def _main(title: str, content: Sequence[str]) -> Html:
    return tag("main", tag("h1", title), *content)


def _brand(step: str) -> Html:
    return tag("header", tag("b", "bill-mcp"), tag("span", step), class_="brand")


def _phrase(phrase: str | None) -> Html:
    if phrase is None:
        return Html()
    return tag(
        "footer",
        "Your terminal or agent shows the same four words: ",
        tag("b", phrase),
        class_="phrase",
    )
