"""Whom BILL pays by itself because of a call that makes no payment.

By auto-pay of a vendor, or by a recurring bill that is paid automatically: no payment
is asked for then, and the rules on payments must hold all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bill_mcp.guard.evidence import PaidByItself
from bill_mcp.guard.policy import Verdict, holds
from bill_mcp.guard.reading import Read, every_page
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import Effect, ObjectEscalation, WatchedObject

ON_AUTO_PAY = "the vendor is on auto-pay"
PAID_AUTOMATICALLY = "this recurring bill is paid automatically"
HAS_PAID_AUTOMATICALLY = "a recurring bill of the vendor is paid automatically"

PAID_BY_ITSELF = {
    WatchedObject.VENDOR: ON_AUTO_PAY,
    WatchedObject.VENDOR_OF_BILL: ON_AUTO_PAY,
    WatchedObject.VENDOR_OF_RECURRING_BILL: ON_AUTO_PAY,
    WatchedObject.RECURRING_BILL: PAID_AUTOMATICALLY,
    WatchedObject.RECURRING_BILLS_OF_VENDOR: HAS_PAID_AUTOMATICALLY,
}
"""Why a call moves money that pays nobody by itself."""


@dataclass(frozen=True, kw_only=True)
class Added:
    """What is added to a call that makes no payment.

    Attributes:
        effects: What the objects at BILL add to its effects.
        why: Why they do, each reason once.
        paid: Whom BILL will pay by itself, for what the objects and the arguments say.
        owed_to: The vendor of the recurring bill that it changes.
    """

    effects: frozenset[Effect]
    why: tuple[str, ...]
    paid: tuple[PaidByItself, ...]
    owed_to: str | None

    @property
    def vendor_ids(self) -> tuple[str, ...]:
        """Of those that are paid, each once; a vendor yet to be made has none."""
        return tuple(dict.fromkeys(p.vendor_id for p in self.paid if p.vendor_id))


@dataclass(frozen=True, kw_only=True)
class SelfPaying:
    """Reads what objects add to a call.

    Args:
        read: Reads at BILL.
        is_relied_on: A policy or a person decides by who is paid.
    """

    read: Read
    is_relied_on: bool

    async def of(
        self, action: Action, arguments: Mapping[str, Any], verdict: Verdict
    ) -> Added:
        """What is added to this very call."""
        effects: frozenset[Effect] = frozenset()
        why: dict[str, None] = {}
        paid: list[PaidByItself] = []
        owed_to: str | None = None
        for watched in action.spec.object_escalations:
            if watched.by not in arguments:
                continue
            if watched.given and not set(watched.given) & set(arguments):
                continue
            for shown in await self._objects(watched, arguments):
                if watched.read is WatchedObject.RECURRING_BILL:
                    owed_to = shown.get("vendorId")
                if not holds(watched.when, shown) or _switches_off(arguments):
                    continue
                effects |= watched.adds
                why[PAID_BY_ITSELF[watched.read]] = None
                paid += _paid(watched.read, arguments, shown)
        if self.is_relied_on and Effect.MONEY in verdict.effects - action.spec.effects:
            paid += await self._by_arguments(action, arguments)
        return Added(
            effects=effects,
            why=tuple(why),
            paid=tuple(dict.fromkeys(paid)),
            owed_to=owed_to,
        )

    async def _objects(
        self, watched: ObjectEscalation, arguments: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        key = str(arguments[watched.by])
        if watched.read is WatchedObject.RECURRING_BILL:
            return [await self._recurring_bill(key)]
        if watched.read is WatchedObject.RECURRING_BILLS_OF_VENDOR:
            return await self._recurring_bills_of(key)
        if watched.read is WatchedObject.VENDOR:
            return [await self._vendor(key)]
        if watched.read is WatchedObject.VENDOR_OF_RECURRING_BILL:
            if "vendorId" in arguments:
                return []
            owed = await self._recurring_bill(key)
        else:
            owed = await self.read("bill_get_bill_details", {"billId": key})
        vendor_id = owed.get("vendorId")
        return [await self._vendor(str(vendor_id))] if vendor_id else []

    async def _by_arguments(
        self, action: Action, arguments: Mapping[str, Any]
    ) -> list[PaidByItself]:
        """Whom BILL pays by itself where the arguments let money move."""
        if action.resource == "vendors":
            return await self._by_vendor(arguments)
        if action.resource != "recurring_bills":
            return []
        known: Mapping[str, Any] = {}
        if "recurringBillId" in arguments:
            known = await self._recurring_bill(str(arguments["recurringBillId"]))
        return _by_recurring_bill(arguments, known)

    async def _by_vendor(self, arguments: Mapping[str, Any]) -> list[PaidByItself]:
        key = arguments.get("vendorId")
        known: Mapping[str, Any] = {}
        if key is not None:
            known = await self._vendor(str(key))
        was, given = _part(known, "autoPay"), _part(arguments, "autoPay")
        if {**was, **given}.get("enabled") is not True:
            return []
        if was.get("enabled") is True and "enabled" not in given:
            return [_by_auto_pay(arguments, known)]
        return [
            PaidByItself(
                vendor_id=known.get("id"),
                account={**was, **given}.get("bankAccountId"),
                why="it has BILL pay this vendor's bills by auto-pay",
                is_asked_for=True,
            )
        ]

    async def _recurring_bill(self, key: str) -> dict[str, Any]:
        name = "bill_get_recurring_bill_details"
        return await self.read(name, {"recurringBillId": key})

    async def _recurring_bills_of(self, vendor_id: str) -> list[Mapping[str, Any]]:
        filters = [
            {"field": "vendorId", "op": "eq", "value": vendor_id},
            {"field": "archived", "op": "eq", "value": False},
        ]
        name = "bill_get_list_of_recurring_bills"
        found = await every_page(self.read, name, {"filters": filters})
        if found.is_whole:
            return list(found.rows)
        # From which account what was not read would be paid, nobody knows.
        unread = {"vendorId": vendor_id, "processingOptions": {"autoPayment": True}}
        return [*found.rows, unread]

    async def _vendor(self, key: str) -> Mapping[str, Any]:
        shown = await self.read("bill_get_vendor_details", {"vendorId": key})
        return {"id": key, **shown}


def _switches_off(arguments: Mapping[str, Any]) -> bool:
    """Whether the call itself ends auto-pay of the vendor that it changes."""
    return _part(arguments, "autoPay").get("enabled") is False


def _paid(
    read: WatchedObject, arguments: Mapping[str, Any], shown: Mapping[str, Any]
) -> list[PaidByItself]:
    """Whom BILL pays by itself, going by the object that was *shown*."""
    if read is WatchedObject.RECURRING_BILL:
        return _by_recurring_bill(arguments, shown)
    if read is WatchedObject.RECURRING_BILLS_OF_VENDOR:
        found = _by_recurring_bill({}, shown)
        return [replace(each, why=HAS_PAID_AUTOMATICALLY) for each in found]
    return [_by_auto_pay(arguments, shown)]


def _by_auto_pay(
    arguments: Mapping[str, Any], vendor: Mapping[str, Any]
) -> PaidByItself:
    """A vendor on auto-pay, from the account from which the call leaves it paid."""
    auto_pay = {**_part(vendor, "autoPay"), **_part(arguments, "autoPay")}
    return PaidByItself(
        vendor_id=vendor.get("id"),
        account=auto_pay.get("bankAccountId"),
        why=ON_AUTO_PAY,
    )


def _by_recurring_bill(
    arguments: Mapping[str, Any], known: Mapping[str, Any]
) -> list[PaidByItself]:
    """Who is paid by a recurring bill as the call leaves it; nobody if it does not pay.

    Args:
        arguments: Of the call.
        known: The recurring bill as BILL has it; empty where it is yet to be made.
    """
    given = _part(arguments, "processingOptions")
    options = {**_part(known, "processingOptions"), **given}
    if options.get("autoPayment") is not True:
        return []
    paying = {
        **_part(known, "paymentInformation"),
        **_part(arguments, "paymentInformation"),
    }
    return [
        PaidByItself(
            vendor_id=arguments.get("vendorId") or known.get("vendorId"),
            account=paying.get("bankAccountId"),
            why=PAID_AUTOMATICALLY,
            is_asked_for=given.get("autoPayment") is True,
        )
    ]


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = value.get(name)
    return part if isinstance(part, Mapping) else {}
