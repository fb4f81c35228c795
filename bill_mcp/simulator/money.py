"""Money: dollars with two decimals at the edge, whole cents inside."""


def cents(dollars: float) -> int:
    """Return *dollars* in cents, rounded to the nearest."""
    return round(dollars * 100)


def dollars(amount_cents: int) -> float:
    return amount_cents / 100
