"""Arguments that are ours, not BILL's: which actions have them, and their schemas."""

from __future__ import annotations

from typing import Any

from bill_mcp.specs import replies
from bill_mcp.specs.models import ActionSpec, Effect

UPLOAD_BYTES = 6 * 1024 * 1024
"""The largest file that BILL takes. Source: BILL's guide on documents."""

_BASE64_CHARACTERS = (UPLOAD_BYTES + 2) // 3 * 4

_PREVIEW = {
    "type": "boolean",
    "description": "true: show the request that would be sent, and send nothing.",
}
_APPROVAL_ID = {
    "type": "string",
    "maxLength": 100,
    "description": "Id of an approval that a person gave for exactly this call.",
}
_FIELDS = {
    "type": "array",
    "items": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_.]{0,99}$"},
    "minItems": 1,
    "maxItems": 50,
    "description": "Only these members of each row, dotted for nested ones.",
}
_FILE_BASE64 = {
    "type": "string",
    "maxLength": _BASE64_CHARACTERS,
    "description": "The file in base64, at most 6 MB. Either this or file_path.",
}
_FILE_PATH = {
    "type": "string",
    "maxLength": 4096,
    "description": "A file on the server's machine, inside a folder that the operator "
    "allowed. Either this or file_base64.",
}
_PROFILE = {
    "type": "string",
    "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
    "description": "Name of a BILL account that the operator connected: later calls go "
    "to it too. Leave out for the one in use.",
}

FILE_ARGUMENTS = ("file_base64", "file_path")


def own_arguments(spec: ActionSpec) -> dict[str, dict[str, Any]]:
    """The arguments of our own that an action has, by name."""
    own: dict[str, dict[str, Any]] = {}
    if spec.body_form == "bytes":
        own |= {"file_base64": _FILE_BASE64, "file_path": _FILE_PATH}
    if replies.is_page(spec.reply):
        own["fields"] = _FIELDS
    if spec.session is not None and "sign_in" in spec.session:
        own["profile"] = _PROFILE
    if spec.effects != {Effect.READ}:
        own |= {"preview": _PREVIEW, "approval_id": _APPROVAL_ID}
    return own
