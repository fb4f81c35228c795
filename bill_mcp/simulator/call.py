"""A call as a behaviour sees it: who asks, for what, in which world."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.operations import Operation
from bill_mcp.simulator.store import Thing

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, after the headers were checked; empty where no sign-in is needed."""

    session_id: str = ""
    user_id: str = ""
    organization_id: str = ""
    key: str = ""
    """The developer key, app key or API token that came along."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request that is allowed to reach its behaviour."""

    world: "World"
    operation: Operation
    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any
    """The checked JSON with BILL's fields only ({} without a body), or raw bytes."""
    base_url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def organization_id(self) -> str:
        return self.caller.organization_id

    @property
    def session(self) -> Thing:
        return self.world.get("session", self.caller.session_id) or {}

    @property
    def user(self) -> Thing:
        return self.world.get("user", self.caller.user_id) or {}

    def one(self, kind: str, key: str) -> Thing:
        """Return the organization's object with this id.

        Raises:
            BillError: 404 BDC_1205; there is none, or it is another organization's.
        """
        thing = self.world.get(kind, key)
        if thing is None or thing.get("_organizationId") != self.organization_id:
            raise refusal("BDC_1205")
        return thing

    def writable(self, kind: str, key: str) -> Thing:
        """Return the object as ``one`` does, and refuse if it is archived."""
        thing = self.one(kind, key)
        if thing.get("archived"):
            raise refusal("BDC_9001")
        return thing

    def add(self, kind: str, fields: Thing) -> Thing:
        """Add an object that belongs to the caller's organization."""
        own = {"_organizationId": self.organization_id}
        return self.world.add(kind, {**own, **fields})

    def archive(self, kind: str, key: str, *, archived: bool = True) -> Thing:
        """Set the flag; a repeated call changes nothing, not even ``updatedTime``."""
        thing = self.one(kind, key)
        if bool(thing.get("archived")) is archived:
            return thing
        return self.world.change(kind, key, {"archived": archived})

    def require_trust(self) -> None:
        """Refuse with 403 BDC_1361 unless the session is trusted, or MFA is off."""
        if not self.is_trusted:
            raise refusal("BDC_1361")

    @property
    def is_trusted(self) -> bool:
        return bool(self.session.get("trusted")) or self.mfa_is_off

    @property
    def mfa_is_off(self) -> bool:
        organization = self.world.get("organization", self.organization_id) or {}
        key = self.world.get("developer_key", self.caller.key) or {}
        return bool(organization.get("_mfaDisabled") or key.get("mfaBypass"))

    @property
    def role(self) -> str:
        kind: str = self.user.get("role", {}).get("type", "")
        return kind

    def require_administrator(self) -> None:
        if self.role != "ADMINISTRATOR":
            raise refusal("BDC_9403")

    def send_text_message(self) -> None:
        """Count a text message of the user; over five a minute it is refused."""
        self.world.traffic.text_message(self.caller.user_id, self.world.now)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is more than the operation's usual one: raw bytes, a status."""

    body: Any = None
    status: int | None = None
    content_type: str = "application/json"
