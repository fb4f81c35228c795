"""What holds of every policy and every call."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.assembly import agent, catalogue
from support.part_calls import calls
from support.payments import evidence, part, payee, rules

from bill_mcp.agents import Confirm
from bill_mcp.environments import Environment
from bill_mcp.errors import RefusedError
from bill_mcp.guard import policy
from bill_mcp.guard.evidence import Cause, Evidence, Reason
from bill_mcp.guard.rules import Rules
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import Effect

TOOLSETS = sorted(catalogue().toolsets)
GLOBS = [
    *("bill_*", "bill_get_*", "*payment*", "bill_create_?_*", "*vendor*"),
    *("bill_create_a_payment", "bill_update_a_bill", "*_bill*"),
]
VENDORS, CURRENCIES, OBJECTS = (
    ["009A", "009B", "009C"],
    ["USD", "EUR"],
    ["00n1", "00n2"],
)
OTHER_THAN_READ = sorted(set(Effect) - {Effect.READ})

some = st.sampled_from
some_causes = st.sampled_from(
    [Cause.BANK_DETAILS, Cause.RESEND, Cause.DUPLICATE_PAYMENT, Cause.DUPLICATE_BILL]
)


def lists(values: list[Any], most: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(some(values), max_size=most, unique=True)


amounts = st.integers(0, 1_000)
limits = st.dictionaries(
    some(["payment", "day", "vendor_day", "first_payment"]), amounts, min_size=1
)
clients = st.builds(
    lambda most: {"client": most}, st.dictionaries(some(CURRENCIES), amounts)
)
TABLES = st.fixed_dictionaries(
    {"mode": some(["read-only", "prepare", "pay", "pay", "pay"])},
    optional={
        "allow_actions": lists(GLOBS),
        "deny_actions": lists(GLOBS),
        "allow_toolsets": lists(TOOLSETS, 6),
        "deny_toolsets": lists(TOOLSETS),
        "deny_effects": lists(OTHER_THAN_READ),
        "vendors": lists(VENDORS),
        "funding_accounts": lists(["bacA", "bacB", "wallet"]),
        "separate_duties": st.booleans(),
        "resend": some(["never", "after_not_done"]),
        "approval_by": st.just("person") | clients,
        "bank_details_days": st.integers(0, 60),
        "lost_answer_settles_s": st.integers(0, 86_400),
        "limits": st.dictionaries(some(CURRENCIES), limits, max_size=2),
    },
)


def read_rules(table: dict[str, Any]) -> Rules:
    return rules(**table)


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    parts = draw(
        st.lists(
            st.builds(
                part,
                st.integers(0, 120_000),
                vendor=some([*VENDORS, None]),
                currency=some(CURRENCIES),
            ),
            max_size=3,
        )
    )
    reasons = [
        Reason(cause=cause, text="It is so.") for cause in draw(st.sets(some_causes))
    ]
    return evidence(
        *parts,
        payees={one: payee(one, first=draw(st.booleans())) for one in VENDORS},
        effects=draw(st.frozensets(some(OTHER_THAN_READ), max_size=1)),
        reasons=tuple(reasons),
        funding_account=draw(some(["bacA", "bacB", None])),
        object_ids=draw(st.frozensets(some(OBJECTS))),
    )


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A call, and all that is decided from beside the rules."""

    action: Action
    arguments: dict[str, Any]
    read: Evidence
    environment: Environment
    confirm: Confirm
    read_only: bool
    history: frozenset[str]


@st.composite
def placed_calls(draw: st.DrawFn) -> Setting:
    action, arguments = draw(calls())
    return Setting(
        action=action,
        arguments=arguments,
        read=draw(evidences()),
        environment=draw(some(list(Environment))),
        confirm=draw(some(list(Confirm))),
        read_only=draw(st.sampled_from([False, False, False, True])),
        history=draw(st.frozensets(some(OBJECTS), max_size=1)),
    )


def outcome(setting: Setting, table: dict[str, Any] | None) -> policy.Decision | str:
    """What is decided, or the code of the refusal."""
    asker = agent(
        rules=None if table is None else read_rules(table),
        confirm=setting.confirm,
        read_only=setting.read_only,
    )
    try:
        verdict = policy.judge(
            setting.action, setting.arguments, asker, setting.environment
        )
        return policy.decide(
            verdict,
            setting.read,
            setting.arguments,
            asker,
            setting.environment,
            setting.history,
        )
    except RefusedError as error:
        return error.code


MODES = ["read-only", "prepare", "pay"]


@st.composite
def stricter(draw: st.DrawFn, table: dict[str, Any]) -> dict[str, Any]:
    """The same table with something taken away from what it allows."""
    made = dict(table)
    made["mode"] = draw(some(MODES[: MODES.index(table["mode"]) + 1]))
    for name in ("allow_actions", "allow_toolsets", "vendors", "funding_accounts"):
        if name in table:
            made[name] = draw(st.lists(some(table[name]))) if table[name] else []
        elif draw(st.booleans()):
            made[name] = draw(TABLES).get(name, [])
    for name, values in (
        ("deny_actions", GLOBS),
        ("deny_toolsets", TOOLSETS),
        ("deny_effects", OTHER_THAN_READ),
    ):
        made[name] = [*table.get(name, []), *draw(lists(values, 1))]
    made["separate_duties"] = table.get("separate_duties", False) or draw(st.booleans())
    if draw(st.booleans()):
        made["resend"] = "never"
    if isinstance(table.get("approval_by"), dict):
        most = table["approval_by"]["client"]
        lower = {name: draw(st.integers(0, cents)) for name, cents in most.items()}
        made["approval_by"] = draw(some(["person", {"client": lower}]))
    if table.get("limits"):
        made["limits"] = {
            currency: {
                **draw(limits),
                **{name: draw(st.integers(0, most)) for name, most in one.items()},
            }
            for currency, one in table["limits"].items()
        }
    elif draw(st.booleans()):
        made["limits"] = {"USD": draw(limits)}
    return made


@settings(max_examples=120, deadline=None)
@given(placed_calls(), TABLES, st.data())
def test_stricter_policy_allows_nothing_that_a_looser_one_refuses(
    setting: Setting, table: dict[str, Any], data: st.DataObject
) -> None:
    tighter = data.draw(stricter(table))
    strict = outcome(setting, tighter)
    loose = outcome(setting, table)
    if isinstance(strict, policy.Decision):
        assert isinstance(loose, policy.Decision)
        assert set(loose.reasons) <= set(strict.reasons)
        assert strict.effects == loose.effects
        by_client = [
            policy.client_may_approve(decision, setting.read.parts, read_rules(each))
            for decision, each in ((strict, tighter), (loose, table))
        ]
        assert by_client != [True, False]


@settings(max_examples=80, deadline=None)
@given(placed_calls(), TABLES)
def test_no_file_in_production_is_as_strict_as_preparing(
    setting: Setting, table: dict[str, Any]
) -> None:
    decision = outcome(setting, None)
    if isinstance(decision, policy.Decision):
        assert setting.environment is not Environment.PRODUCTION or (
            decision.effects <= {Effect.READ, Effect.WRITE}
        )
    elif not setting.read_only:
        assert setting.environment is Environment.PRODUCTION
        assert isinstance(outcome(setting, {**table, "mode": "prepare"}), str)


@settings(max_examples=80, deadline=None)
@given(placed_calls(), TABLES)
def test_stricter_confirm_never_asks_less(
    setting: Setting, table: dict[str, Any]
) -> None:
    asked = []
    for confirm in (Confirm.NEVER, Confirm.AUTO, Confirm.ALWAYS):
        found = outcome(
            Setting(**{**vars(setting), "confirm": confirm}),
            table,
        )
        asked.append(
            found
            if isinstance(found, str)
            else {reason.cause for reason in found.reasons}
        )
    never, auto, always = asked
    if isinstance(never, str):
        assert never == auto == always
    else:
        assert isinstance(auto, set)
        assert isinstance(always, set)
        assert never <= auto <= always


@settings(max_examples=120, deadline=None)
@given(placed_calls(), TABLES)
def test_no_effect_passes_a_mode_that_does_not_have_it(
    setting: Setting, table: dict[str, Any]
) -> None:
    for mode, allowed in (
        ("read-only", {Effect.READ}),
        ("prepare", {Effect.READ, Effect.WRITE}),
    ):
        decision = outcome(setting, {**table, "mode": mode})
        if isinstance(decision, policy.Decision):
            assert decision.effects <= allowed
            assert setting.action.spec.effects <= allowed


@settings(max_examples=120, deadline=None)
@given(placed_calls(), TABLES)
def test_nothing_but_reading_passes_a_read_only_server(
    setting: Setting, table: dict[str, Any]
) -> None:
    reader = Setting(**{**vars(setting), "read_only": True})
    decision = outcome(reader, table)
    if isinstance(decision, policy.Decision):
        assert decision.effects == {Effect.READ}
        assert setting.action.spec.method == "GET"
    elif not setting.action.is_read:
        assert decision == "read_only"


@settings(max_examples=120, deadline=None)
@given(placed_calls(), TABLES)
def test_deny_always_wins(setting: Setting, table: dict[str, Any]) -> None:
    decision = outcome(setting, table)
    name, toolset = setting.action.name, setting.action.toolset
    denied = any(fnmatchcase(name, one) for one in table.get("deny_actions", []))
    denied = denied or toolset in table.get("deny_toolsets", [])
    effects = policy.effects_of(setting.action, setting.arguments).effects
    if denied or effects & set(table.get("deny_effects", [])):
        assert isinstance(decision, str)
    if isinstance(decision, policy.Decision):
        assert not decision.effects & set(table.get("deny_effects", []))
