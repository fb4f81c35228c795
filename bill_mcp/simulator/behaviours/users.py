"""Users and roles: who may do what in an organization."""

import re

from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.filters import boolean, ident
from bill_mcp.simulator.fixtures import fixture
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.sessions import close_session
from bill_mcp.simulator.sign_in_data import add_partner_user, add_phone, add_user
from bill_mcp.simulator.store import Store, Thing

USERS = Listing(
    "user",
    {
        "id": ident(),
        "archived": boolean(),
        "role.type": ident("eq", "ne", "in", "nin"),
    },
)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
ROLES = Listing("role", {"id": ident(), "type": ident("eq", "ne", "in", "nin")})


@behaviour("users_list")
def list_users(call: Call) -> Thing:
    return page(call, USERS)


@behaviour("users_get")
def get_user(call: Call) -> Thing:
    return call.one("user", call.path["userId"])


@behaviour("users_create")
def create_user(call: Call) -> Thing:
    """Invite a person, who cannot sign in before choosing a password in BILL's mail."""
    body = call.body
    if not body["acceptTermsOfService"]:
        raise invalid(("acceptTermsOfService", "must be true"))
    for name in ("firstName", "lastName"):
        if not body[name].strip():
            raise invalid((name, "must not be empty"))
    if not EMAIL.fullmatch(body["email"]):
        raise invalid(("email", "must be an email address"))
    username = body["email"].lower()
    known = call.world.where("user", "_username", username)
    own = [each for each in known if each["_organizationId"] == call.organization_id]
    if own and assumed.USERS_NEED_AN_EMAIL_OF_THEIR_OWN:
        raise refusal("BDC_9014")
    return call.add(
        "user",
        {
            "_username": username,
            "archived": False,
            "firstName": body["firstName"],
            "lastName": body["lastName"],
            "email": body["email"],
            "role": role_with_id(call, body["roleId"]),
        },
    )


@behaviour("users_update")
def update_user(call: Call) -> Thing:
    """Change a name or the role; nobody can take the administrator's role from self."""
    call.require_administrator()
    user = call.writable("user", call.path["userId"])
    changes = dict(call.body)
    if "roleId" in changes:
        role = role_with_id(call, changes.pop("roleId"))
        if user["id"] == call.caller.user_id and role != user["role"]:
            raise refusal("BDC_9013")
        changes["role"] = role
    return call.world.change("user", user["id"], changes)


def role_with_id(call: Call, role_id: str) -> Thing:
    """Return the organization's role as it stands in its users."""
    role = call.one("role", role_id)
    return {name: role[name] for name in ("id", "type", "description")}


@behaviour("users_archive")
def archive_user(call: Call) -> Thing:
    """End a person's access: no sign-in any more, and no session goes on."""
    call.require_administrator()
    user = call.one("user", call.path["userId"])
    if user["id"] == call.caller.user_id:
        raise refusal("BDC_9015")
    if assumed.ARCHIVING_A_USER_ENDS_SESSIONS:
        for session in call.world.where("session", "userId", user["id"]):
            close_session(call.world, session["id"])
    return call.archive("user", user["id"])


@behaviour("users_restore")
def restore_user(call: Call) -> Thing:
    call.require_administrator()
    return call.archive("user", call.path["userId"], archived=False)


@behaviour("roles_list")
def list_roles(call: Call) -> Thing:
    return page(call, ROLES)


@behaviour("roles_get")
def get_role(call: Call) -> Thing:
    return call.one("role", call.path["roleId"])


@fixture("user")
def make_user(store: Store, organization_id: str, fields: Thing) -> Thing:
    """Add a person; ``role`` is a type, ``username`` and ``password`` sign in."""
    own = dict(fields)
    role = own.pop("role", "MEMBER")
    if "username" in own:
        own["_username"] = own.pop("username").lower()
    if "password" in own:
        own["_password"] = own.pop("password")
    return add_user(store, organization_id, own, role)


@fixture("mfa_phone")
def make_mfa_phone(store: Store, organization_id: str, fields: Thing) -> Thing:
    """Register a phone of the user ``userId``, by default the well-known one."""
    return add_phone(store, fields)


@fixture("partner_user")
def make_partner_user(store: Store, organization_id: str, fields: Thing) -> Thing:
    """Add a partner's login, ``username`` and ``password``."""
    name = fields.get("username") or f"partner-{store.count('partner user')}"
    return add_partner_user(store, name, fields.get("password", "password"))
