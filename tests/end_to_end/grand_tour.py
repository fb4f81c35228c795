"""The grand tour: every action, through real servers, to a simulator beside them."""

from __future__ import annotations

from end_to_end.tour import (
    bills,
    classifications,
    expenses,
    funding,
    network,
    payments,
    people,
    receivables,
    spend,
    vendors,
)
from end_to_end.tour.guide import Guide, Replies, Visitor, guide_in_a_new_world


async def grand_tour() -> Replies:
    """Perform all actions; return every reply by the operation's name."""
    async with guide_in_a_new_world() as guide:
        async with guide.visitor(mfa="none") as newcomer:
            await people.sign_in(newcomer)
        async with guide.visitor(kind="partner") as partner:
            await people.look_after(guide, partner)
        # A token of Spend & Expense makes sixty requests a minute: two are needed.
        async with guide.visitor(kind="spend") as finance:
            await spend.budgets(guide, finance)
            await spend.custom_fields(finance)
        async with guide.visitor(kind="spend") as finance:
            await expenses.transactions(guide, finance)
            await expenses.reimbursements(guide, finance)
        async with guide.visitor(mfa="trusted") as office:
            await work(guide, office)
        return guide.replies


async def work(guide: Guide, office: Visitor) -> None:
    """Do what an administrator can do; the clock moves in the last stops only."""
    await people.manage(office)
    booked = await classifications.perform(office)
    customer = await receivables.customers(office)
    booked["customerId"] = customer
    await receivables.invoices(office, customer, booked)
    bank = await funding.bank_accounts(office, booked["chartOfAccountId"])
    card = await funding.cards(guide, office)
    await funding.purposes(office, card)
    await vendors.perform(guide, office, bank)
    await network.perform(guide, office, customer)
    await bills.perform(guide, office, booked)
    await payments.perform(guide, office, bank, card)
