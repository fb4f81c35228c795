"""What bills in other currencies cost in dollars, and rates that BILL has promised.

A promise (an exchange-rate batch) holds for twenty minutes. No action asks for one, so
a fixture makes it; a payment without one is reckoned at the simulator's own rate.
"""

from datetime import timedelta

from bill_mcp.simulator import assumed
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.fixtures import fixture
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.reading import NULL
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.times import stamp


def rate_of(currency: str) -> float:
    """Return how many dollars one unit of the currency costs."""
    return assumed.EXCHANGE_RATES.get(currency, 1.0)


def vendors_rate(store: Store, vendor_id: str) -> float:
    """Return the rate of what the vendor bills."""
    vendor = store.get("vendor", vendor_id) or {}
    return rate_of(vendor.get("billCurrency", "USD"))


def in_dollars(amount: float, rate: float) -> float:
    return dollars(round(cents(amount) * rate))


def payment_rate(call: Call, body: Thing, currency: str) -> float:
    """Return the rate at which a payment is reckoned.

    Raises:
        BillError: the promise that *body* names is none, has lapsed, or is about
            another currency; or none is named where this world asks for one.
    """
    batch_id = body.get("exchangeRateBatchId")
    if batch_id:
        batch = call.one("exchange_rate_batch", batch_id)
        lapsed = batch["expirationTime"] <= call.world.stamp
        if lapsed or batch["currency"] != currency:
            raise refusal("BDC_9018")
        promised: float = batch["rate"]
        return promised
    if currency != "USD" and call.world.switch("foreignPaymentsNeedARate"):
        raise invalid(("exchangeRateBatchId", NULL))
    return rate_of(currency)


@fixture("exchange_rate_batch")
def make_batch(store: Store, organization_id: str, fields: Thing) -> Thing:
    """Promise ``rate`` for ``currency``; it lapses as BILL's promises do."""
    currency = fields.get("currency", "CAD")
    until = store.now + timedelta(minutes=assumed.EXCHANGE_RATE_MINUTES)
    return store.add(
        "exchange_rate_batch",
        {
            "_organizationId": organization_id,
            "currency": currency,
            "rate": rate_of(currency),
            "expirationTime": stamp(until),
            **fields,
        },
    )
