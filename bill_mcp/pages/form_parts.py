"""What forms are made of, labelled for eyes, keyboards and screen readers."""

from __future__ import annotations

from collections.abc import Mapping

from bill_mcp.environments import Environment
from bill_mcp.pages.forms import Field
from bill_mcp.pages.markup import Html, tag

CSRF_FIELD = "csrf"
Attributes = str | bool | int | None


def form(csrf: str, *content: str, autocomplete: str = "on") -> Html:
    """A form that posts to the page it stands on."""
    hidden = tag("input", type="hidden", name=CSRF_FIELD, value=csrf)
    return tag("form", hidden, *content, method="post", autocomplete=autocomplete)


def button(
    label: str,
    does: str,
    *,
    main: bool = False,
    quiet: bool = False,
    environment: Environment | None = None,
    checks: bool = True,
) -> Html:
    """A button that sends its form. The first of a form is what Enter presses.

    *checks* is False where the fields may stay empty.
    """
    kind = f"main {environment or ''}".strip() if main else None
    kind = "quiet" if quiet else kind
    return tag(
        "button",
        label,
        name="do",
        value=does,
        class_=kind,
        formnovalidate=not checks,
    )


def actions(*buttons: str) -> Html:
    return tag("div", *buttons, class_="actions")


def text_field(field: Field, value: str, fault: str | None) -> Html:
    """A labelled input; a secret is never shown again, so *value* is left out."""
    return labelled(
        field.name,
        field.label,
        field.hint,
        fault,
        type="password" if field.secret else "text",
        value=None if field.secret else value,
        autocomplete=field.autocomplete,
        required=field.required,
        autocapitalize="none",
        spellcheck="false",
    )


def labelled(
    name: str,
    label: str,
    hint: str,
    fault: str | None,
    *,
    class_: str = "field",
    **attributes: Attributes,
) -> Html:
    """An input with its label, its hint and what is wrong with it, tied together."""
    parts = [tag("label", label, for_=name)]
    told_by = []
    if hint:
        parts.append(tag("span", hint, class_="hint", id=f"{name}-hint"))
        told_by.append(f"{name}-hint")
    if fault:
        parts.append(tag("span", fault, class_="fault", id=f"{name}-fault"))
        told_by.append(f"{name}-fault")
    box = tag(
        "input",
        id=name,
        name=name,
        aria_describedby=" ".join(told_by) or None,
        aria_invalid="true" if fault else None,
        **attributes,
    )
    return tag("div", *parts, box, class_=class_)


def choices(
    name: str,
    legend: str,
    options: Mapping[str, tuple[str, str]],
    chosen: str | None,
    fault: str | None,
) -> Html:
    """Radio buttons in a named group; *options* holds title and hint by value."""
    shown = [
        tag(
            "label",
            tag(
                "input",
                type="radio",
                name=name,
                id=name if number == 0 else f"{name}-{number}",
                value=value,
                checked=value == chosen,
                required=True,
                aria_describedby=f"{name}-fault" if fault else None,
            ),
            tag("span", tag("b", title), tag("span", hint, class_="hint")),
            class_=f"option {value}",
        )
        for number, (value, (title, hint)) in enumerate(options.items())
    ]
    told = [tag("span", fault, class_="fault", id=f"{name}-fault")] if fault else []
    return tag("fieldset", tag("legend", legend), *told, *shown)
