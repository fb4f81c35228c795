"""What every test shares."""

import logging
import signal
from collections.abc import Iterator

import pytest
import structlog

# A shell starts what runs in its background deaf to Ctrl-C, and children inherit that:
# theirs could then not be interrupted by any test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """Undoes what configuring the logs of a server does to the whole process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
