"""The pages that ask which account to connect, and for its credentials."""

from __future__ import annotations

from types import MappingProxyType

from bill_mcp.pages.connecting import Kind
from bill_mcp.pages.form_parts import actions, button, choices, form, text_field
from bill_mcp.pages.forms import FIELDS
from bill_mcp.pages.layout import ABOUT, document, problem
from bill_mcp.pages.markup import foreign, tag
from bill_mcp.pages.visits import Visit

KINDS = MappingProxyType(
    {
        Kind.ORGANIZATION: (
            "A user of an organization",
            "Bills, payments, invoices. User name, password and developer key.",
        ),
        Kind.SPEND: (
            "Spend & Expense",
            "Cards, budgets, reimbursements. One API token.",
        ),
        Kind.PARTNER: (
            "A partner",
            "Acts for many organizations. Partner login and application key.",
        ),
    }
)


def choose(visit: Visit, csrf: str) -> str:
    """Which BILL, and what kind of account."""
    faults = visit.faults
    several = len(visit.offered) > 1
    environments = {str(each): ABOUT[each] for each in visit.offered}
    fields = []
    if several:
        fields.append(
            choices(
                "environment",
                "Which BILL?",
                environments,
                visit.environment,
                faults.get("environment"),
            )
        )
    fields.append(
        choices(
            "kind",
            "What kind of account?",
            {str(kind): words for kind, words in KINDS.items()},
            visit.kind,
            faults.get("kind"),
        )
    )
    return document(
        "Connect a BILL account",
        problem(visit.error, list(faults.items())),
        tag(
            "p",
            "It will be kept on this computer as the profile ",
            tag("b", foreign(visit.question.profile)),
            ". Agents can use it afterwards and never see what you type here.",
            class_="soft",
        ),
        form(
            csrf,
            *fields,
            actions(
                button("Continue", "choose", main=True),
                button("Cancel", "cancel", quiet=True, checks=False),
            ),
        ),
        environment=None if several else visit.environment,
        phrase=visit.question.phrase,
        step="Step 1 of 3",
        failed=bool(visit.error or faults),
    )


def sign_in(visit: Visit, csrf: str) -> str:
    """The credentials of the chosen kind of account."""
    kind, environment = visit.kind, visit.environment
    if kind is None or environment is None:
        raise AssertionError("the page before this one asks for both")
    fields = [
        text_field(field, visit.typed.get(field.name, ""), visit.faults.get(field.name))
        for field in FIELDS[kind]
    ]
    title, _ = KINDS[kind]
    name, _ = ABOUT[environment]
    return document(
        f"Sign in to BILL {name.lower()}",
        problem(visit.told, list(visit.faults.items())),
        form(
            csrf,
            tag("fieldset", tag("legend", title, class_="kind"), *fields),
            actions(
                button(
                    f"Connect to {name.lower()}",
                    "sign_in",
                    main=True,
                    environment=environment,
                ),
                button("Back", "back", checks=False),
                button("Cancel", "cancel", quiet=True, checks=False),
            ),
        ),
        environment=environment,
        phrase=visit.question.phrase,
        step="Step 2 of 3",
        failed=bool(visit.error or visit.faults),
    )
