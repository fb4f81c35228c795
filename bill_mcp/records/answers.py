"""Answers that wait in the journal for their agents: sealed, for they hold much.

BILL's replies show tax ids, addresses and whatever people wrote. The journal needs none
of it but to answer a call that is made again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from bill_mcp.records.claims import Write
from bill_mcp.sealing import Seal

_PURPOSE = b"bill-mcp answers 1"


class Answers:
    """Seals and opens the answers of one journal.

    Args:
        key: The audit log's; answers are sealed under one derived from it.
    """

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._key = key

    def _seal(self) -> Seal:
        return Seal(hmac.new(self._key(), _PURPOSE, hashlib.sha256).digest())

    def sealed(self, write: Write, answer: Mapping[str, Any] | None) -> bytes | None:
        """*answer* as it rests in the row of *write*."""
        if answer is None:
            return None
        return self._seal().seal(json.dumps(answer), write.token)

    def of(self, write: Write) -> dict[str, Any]:
        """What was or will be told to the write's agent; empty if it can't be read."""
        if write.sealed_answer is None:
            return {}
        text = self._seal().open(write.sealed_answer, write.token)
        answer: dict[str, Any] = json.loads(text) if text is not None else {}
        return answer
