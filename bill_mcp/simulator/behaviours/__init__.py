"""What each operation does, one module per BILL resource.

A function becomes the behaviour of an operation by its decorator; modules are found by
themselves, so adding a resource means adding a file.
"""

import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

from bill_mcp.simulator.call import Call
from bill_mcp.simulator.operations import operations

Behaviour = Callable[[Call], Any]

_registered: dict[str, Behaviour] = {}


def behaviour(operation: str) -> Callable[[Behaviour], Behaviour]:
    """Make a function what *operation* does.

    Raises:
        ValueError: at import; BILL has no such operation, or it has a behaviour.
    """
    if operation not in operations():
        raise ValueError(f"BILL has no operation {operation}")

    def register(function: Behaviour) -> Behaviour:
        if operation in _registered:
            raise ValueError(f"{operation} has two behaviours")
        _registered[operation] = function
        return function

    return register


@cache
def behaviours() -> Mapping[str, Behaviour]:
    """Return every behaviour by operation; the first call imports all modules."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return MappingProxyType(_registered)
