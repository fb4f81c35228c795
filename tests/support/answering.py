"""A server whose BILL answers every call alike, and what its calls came to."""

from __future__ import annotations

from typing import Any

from support.assembly import Assembly, assemble
from support.upstream import Upstream, always

CREATE = ("bill_create_a_department", {"name": "North"})
READ = ("bill_get_vendor_details", {"vendorId": "00901"})


def server_with(answer: Any = None, **options: Any) -> Assembly:
    return assemble(Upstream(None if answer is None else always(answer)), **options)


def outcomes(server: Assembly) -> list[str | None]:
    return [outcome for _, outcome in server.outcomes]
