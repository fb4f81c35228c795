"""Logging to stderr as one JSON object a line. stdout belongs to the protocol."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from bill_mcp.secret import HELD, LiveSecrets, Secret

_SECRET_NAMES = frozenset(
    {
        "password",
        "devkey",
        "appkey",
        "apitoken",
        "sessionid",
        "remembermeid",
        "token",
        "authorization",
    }
)


def configure(level: str, live: LiveSecrets) -> None:
    """Send the logs of this process, and of its libraries, to stderr.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        live: Searched for in every line, so that no line can hold a secret.
    """
    number = logging.getLevelNamesMapping()[level.upper()]

    def hide(
        _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        return {name: _shown(name, value, live) for name, value in event.items()}

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_traceback,
                hide,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(
        handlers=[handler], level=max(number, logging.WARNING), force=True
    )


def _without_traceback(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Tracebacks of libraries could show values; their kind and place are enough."""
    event.pop("exc_info", None)
    return event


def _shown(name: str, value: Any, live: LiveSecrets) -> Any:
    if isinstance(value, Secret) or name.lower() in _SECRET_NAMES:
        return HELD
    if isinstance(value, int | float | bool | None):
        return value
    if isinstance(value, Mapping):
        return {
            live.hide_in_text(str(key)): _shown(str(key), part, live)
            for key, part in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown("", part, live) for part in value]
    return live.hide_in_text(str(value))
