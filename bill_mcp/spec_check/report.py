"""``bill-mcp specs check``: every rule on every spec file, and what was counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bill_mcp.errors import SpecError
from bill_mcp.spec_check import comparison, generated, rules, samples
from bill_mcp.specs import loading

CHECKOUT = Path(__file__).parents[2]
FACTS = CHECKOUT / "tests" / "facts"


def check(folder: Path | None, *, write: Callable[[str], object]) -> int:
    """Print every fault and the counts; 0 where there is no fault."""
    try:
        catalogue = loading.load(folder, inline_credentials=True)
    except SpecError as error:
        write(str(error))
        return 1
    faults = [*rules.faults(catalogue), *samples.faults(catalogue)]
    if FACTS.is_dir():
        faults += [*comparison.faults(catalogue, FACTS), *generated.faults()]
    else:
        write("the facts of the checkout are not here: not compared with them")
    for fault in faults:
        write(fault)
    counts = rules.evidence_counts(catalogue)
    told = ", ".join(f"{name} {counts[name]}" for name in sorted(counts))
    verified = sum(
        a.spec.source is not None and a.spec.source.verified for a in catalogue
    )
    write(f"{len(catalogue)} actions, {verified} of them verified against BILL")
    write(f"body fields by evidence: {told}")
    write(f"{len(faults)} faults" if faults else "no faults")
    return 1 if faults else 0
