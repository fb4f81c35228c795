"""A browser for the tests that a person takes part in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium import webdriver
from support.browser import Person, started_chromium


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    with started_chromium() as browser:
        yield browser


@pytest.fixture
def someone(chromium: webdriver.Chrome) -> Iterator[Person]:
    """A person with a wide, light screen whom no page knows yet.

    A complaint of the browser, as about the content security policy, fails the test.
    """
    person = Person(chromium)
    person.forget()
    person.look(width=900, dark=False)
    person.scripts(allowed=True)
    person.complaints()
    yield person
    assert not [each for each in person.complaints() if "404 (Not Found)" not in each]
