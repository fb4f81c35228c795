"""What a person types in: which fields each kind of account has, and how they are read.

Values are read, checked and handed on; secrets are never kept for showing them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bill_mcp.pages.connecting import Kind
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import LONGEST_DEVICE, Credentials

DEVICE = "bill-mcp"
"""What the device is called unless the person says otherwise."""

CODE_DIGITS = 6
LONGEST_VALUE = 500


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a sign-in form.

    Attributes:
        name: Of the form field, and of the attribute of `Credentials`.
        autocomplete: So that a password manager fills in what is meant.
        verbatim: Spaces at its ends count.
    """

    name: str
    label: str
    hint: str = ""
    secret: bool = False
    autocomplete: str = "off"
    required: bool = True
    verbatim: bool = False


_ORGANIZATION_KEY = Field(
    name="dev_key",
    label="Developer key",
    hint="Sandbox and production have different ones.",
    secret=True,
)
FIELDS: Mapping[Kind, tuple[Field, ...]] = {
    Kind.ORGANIZATION: (
        Field(
            name="username",
            label="User name",
            hint="The e-mail address you sign in to BILL with, or the name of a token.",
            autocomplete="username",
        ),
        Field(
            name="password",
            label="Password",
            secret=True,
            autocomplete="current-password",
            verbatim=True,
        ),
        Field(
            name="organization_id",
            label="Organization ID",
            hint="Starts with 008.",
        ),
        _ORGANIZATION_KEY,
    ),
    Kind.SPEND: (
        Field(
            name="api_token",
            label="API token",
            hint="Made in BILL Spend & Expense; it acts as the user who made it.",
            secret=True,
        ),
    ),
    Kind.PARTNER: (
        Field(
            name="partner_username",
            label="Partner user name",
            autocomplete="username",
        ),
        Field(
            name="partner_password",
            label="Password",
            secret=True,
            autocomplete="current-password",
            verbatim=True,
        ),
        Field(
            name="app_key",
            label="Application key",
            hint="Given to you by BILL for the partner API.",
            secret=True,
        ),
        Field(
            name="dev_key",
            label="Developer key (optional)",
            hint="Needed to act for one of your organizations.",
            secret=True,
            required=False,
        ),
    ),
}


def typed(kind: Kind, form: Mapping[str, str]) -> dict[str, str]:
    """The values of that kind's fields, empty where nothing was typed."""
    found = {}
    for field in FIELDS[kind]:
        value = form.get(field.name, "")
        found[field.name] = value if field.verbatim else value.strip()
    return found


def faults(kind: Kind, values: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, in words, by the name of the field."""
    found = {}
    for field in FIELDS[kind]:
        value = values[field.name]
        name = field.label.partition(" (")[0]
        if not value and field.required:
            found[field.name] = f"{name} is missing."
        elif not value.isprintable() or len(value) > LONGEST_VALUE:
            found[field.name] = f"{name} holds characters that cannot be part of it."
        elif field.name == "organization_id" and not value.startswith("008"):
            found[field.name] = "An organization ID starts with 008."
    return found


def credentials(kind: Kind, values: Mapping[str, str]) -> Credentials:
    """The account that checked *values* describe."""
    given = {
        field.name: Secret(values[field.name]) if field.secret else values[field.name]
        for field in FIELDS[kind]
        if values[field.name]
    }
    return Credentials(**given)  # type: ignore[arg-type]  # fields are named alike


def shown_again(kind: Kind, values: Mapping[str, str]) -> dict[str, str]:
    """What may stand in the form after an error: never a secret."""
    return {f.name: values[f.name] for f in FIELDS[kind] if not f.secret}


def code_fault(code: str) -> str | None:
    """What is wrong with a code before BILL is asked, which counts wrong ones."""
    if len(code) == CODE_DIGITS and code.isascii() and code.isdigit():
        return None
    return f"A code has {CODE_DIGITS} digits. Type it as it stands in the message."


def plain_code(text: str) -> str:
    """The code without the spaces and hyphens that messages group it with."""
    return "".join(c for c in text if c not in " -\u00a0\u2011\u2013")


def device_fault(device: str) -> str | None:
    if not device:
        return "Give this device a name, or leave remembering out."
    if len(device) > LONGEST_DEVICE or not device.isprintable():
        return f"A device name has at most {LONGEST_DEVICE} characters."
    return None
