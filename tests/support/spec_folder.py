"""A small spec folder without a fault, for tests that spoil a copy of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Files = dict[str, Any]

SOURCE = {"document": "a made-up page", "checked": "2026-11-22", "verified": False}


def widget_action(**changes: Any) -> dict[str, Any]:
    """An action that reads one widget, with *changes*."""
    return {
        "title": "Bill Get Widget Details",
        "http": "GET /v3/widgets/{widgetId}",
        "auth": "session",
        "effects": ["read"],
        "idempotent": True,
        "summary": "Read one widget with everything that is known of it.",
        "guidance": "Take the id from a list of widgets.",
        "keywords": ["gadget", "thing"],
        "path": {"widgetId": {"type": "Id"}},
        "reply": "Widget",
        "confidence": "high",
    } | changes


def creating_action(**changes: Any) -> dict[str, Any]:
    """An action that creates a widget, with *changes*."""
    return {
        "title": "Bill Create A Widget",
        "http": "POST /v3/widgets",
        "auth": "session",
        "effects": ["write"],
        "idempotent": False,
        "summary": "Create a widget under a name that may occur twice.",
        "guidance": "Look first whether there is one; a second try makes another one.",
        "keywords": ["add gadget", "new thing"],
        "body": {
            "name": {
                "type": "string",
                "required": True,
                "evidence": "client",
                "about": "Name of the widget.",
            }
        },
        "reply": "Widget",
        "confidence": "high",
    } | changes


def spec_files() -> Files:
    """File name -> content; an action of each kind, and nothing that is wrong."""
    return {
        "_types.yaml": {
            "format": 1,
            "types": {"Id": {"type": "string", "about": "Id as BILL gave it."}},
        },
        "_toolsets.yaml": {
            "format": 1,
            "toolsets": {"widgets": {"about": "Everything about widgets."}},
            "compact": ["bill_get_widget_details"],
        },
        "_names.yaml": {
            "format": 1,
            "aliases": {"bill_get_wigdet_details": "bill_get_widget_details"},
        },
        "_errors.yaml": {
            "format": 1,
            "codes": {
                "BDC_1109": {
                    "kind": "sign_in",
                    "acted": "no",
                    "meaning": "the session is unknown",
                    "advice": "Sign in again.",
                    "evidence": "doc",
                }
            },
        },
        "_third_party_text.yaml": {
            "format": 1,
            "third_party": ["name"],
            "not_free_text": ["id"],
        },
        "widgets.yaml": {
            "format": 1,
            "resource": "widgets",
            "toolset": "widgets",
            "about": "Widgets, made up for tests.",
            "source": dict(SOURCE),
            "shapes": {"Widget": {"id": "string", "name": "string"}},
            "actions": {
                "bill_get_widget_details": widget_action(),
                "bill_create_a_widget": creating_action(),
            },
        },
    }


def written(folder: Path, files: Files) -> Path:
    """*folder*, with *files* in it; JSON is YAML, and text content stays as it is."""
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        (folder / name).write_text(text, encoding="utf-8")
    return folder
