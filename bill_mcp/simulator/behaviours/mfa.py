"""Multi-factor authentication: phones, challenges, and the trust they give."""

from datetime import timedelta

from bill_mcp.simulator import assumed, ids, sessions
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import BillError, invalid, refusal
from bill_mcp.simulator.reading import NULL
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.times import read_time, stamp


@behaviour("mfa_list_phones")
def list_phones(call: Call) -> Thing:
    return {"results": call.world.where("mfa_phone", "_userId", call.caller.user_id)}


@behaviour("mfa_setup_phone")
def set_up_phone(call: Call) -> Thing:
    if not call.body["primary"]:
        raise invalid(("primary", "must be true"))
    if call.world.where("mfa_phone", "_userId", call.caller.user_id):
        raise refusal("BDC_5324")
    digits = [each for each in call.body["phone"] if each.isdigit()]
    if len(digits) < 10:  # noqa: PLR2004 - area code and number
        raise refusal("BDC_1354")
    call.send_text_message()
    fields = waiting(call) | {"_phone": "".join(digits)}
    key = call.world.text("mfa_setup", ids.MIXED, 32)
    return {"setupId": call.world.add("mfa_setup", fields, key=key)["id"]}


@behaviour("mfa_validate_setup")
def validate_setup(call: Call) -> Thing:
    setup = proven(call, "mfa_setup", call.body["setupId"])
    fields = {
        "_userId": call.caller.user_id,
        "type": "MOBILE",
        "last4digits": setup["_phone"][-4:],
        "primary": True,
    }
    key = call.world.text("mfa_phone", ids.MIXED, 20)
    call.world.add("mfa_phone", fields, key=key)
    return {"status": "SUCCESS"}


@behaviour("mfa_generate_challenge")
def generate_challenge(call: Call) -> Thing:
    if call.body.get("useBackup"):
        raise invalid(("useBackup", "must be false"))
    if not call.world.where("mfa_phone", "_userId", call.caller.user_id):
        raise refusal("BDC_1354")
    call.send_text_message()
    key = call.world.text("mfa_challenge", ids.MIXED, 32)
    challenge = call.world.add("mfa_challenge", waiting(call), key=key)
    return {"challengeId": challenge["id"]}


@behaviour("mfa_validate_challenge")
def validate_challenge(call: Call) -> Thing:
    """Make the current session trusted; the challenge may be another session's."""
    body = call.body
    if body.get("rememberMe"):
        missing = [name for name in ("device", "machineName") if not body.get(name)]
        if missing:
            raise invalid(*((name, NULL) for name in missing))
    if len(body.get("device", "")) > assumed.DEVICE_MAX_LENGTH:
        raise refusal("BDC_1143", "deviceId")
    proven(call, "mfa_challenge", body["challengeId"])
    trust(call)
    if not body.get("rememberMe"):
        return {}
    user_id = call.caller.user_id
    return {"rememberMeId": sessions.remember(call.world, user_id, body["device"])}


@behaviour("mfa_step_up_session")
def step_up(call: Call) -> Thing:
    """Answer ``trusted: false`` to what is stale or wrong; that is no error."""
    trusted = sessions.is_remembered(call.world, call.caller.user_id, call.body)
    if trusted:
        trust(call)
    return {"trusted": trusted}


def trust(call: Call) -> None:
    session = call.session | {"trusted": True}
    call.world.put("session", call.caller.session_id, session)


def waiting(call: Call) -> Thing:
    until = call.world.now + timedelta(minutes=assumed.MFA_CODE_MINUTES)
    return {"_userId": call.caller.user_id, "_until": stamp(until)}


def proven(call: Call, kind: str, key: str) -> Thing:
    """Use up the set-up or challenge with the right code, or refuse."""
    asked = call.world.get(kind, key)
    if asked is None or asked["_userId"] != call.caller.user_id:
        raise refusal("BDC_1205")
    attempts = call.world.get("mfa_attempts", call.caller.user_id) or {"count": 0}
    if attempts.get("pausedUntil", "") > call.world.stamp:
        raise refusal("BDC_1358")
    if read_time(asked["_until"]) <= call.world.now:
        raise refusal("BDC_1374")
    if call.body["token"] != assumed.MFA_CODE:
        raise wrong_code(call.caller.user_id, attempts["count"] + 1)
    call.world.put(kind, key, None)
    call.world.put("mfa_attempts", call.caller.user_id, None)
    return asked


def wrong_code(user_id: str, count: int) -> BillError:
    """Return the refusal of a wrong code; some in a row bring BDC_1358 for a while."""
    too_many = count >= assumed.MFA_ATTEMPTS

    def note(store: Store) -> None:
        noted: Thing = {"id": user_id, "count": 0 if too_many else count}
        if too_many:
            pause = timedelta(minutes=assumed.MFA_ATTEMPTS_PAUSE_MINUTES)
            noted["pausedUntil"] = stamp(store.now + pause)
        store.put("mfa_attempts", user_id, noted)

    return refusal("BDC_1358" if too_many else assumed.MFA_WRONG_CODE).noting(note)
