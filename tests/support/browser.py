"""Somebody in front of a real Chromium.

``PAGES_SCREENSHOTS=docs`` has the pictures of the documentation made anew.
"""

from __future__ import annotations

import base64
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="needs the Debian packages chromium and chromium-driver",
)
PICTURES = os.environ.get("PAGES_SCREENSHOTS")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_S = 20


@dataclass
class Person:
    """Somebody in front of a browser."""

    browser: webdriver.Chrome

    def go(self, address: str) -> bool:
        self.browser.get(address)
        return True

    def title(self) -> str:
        return str(self.browser.title)

    def await_title(self, words: str) -> None:
        waiting = WebDriverWait(self.browser, PATIENCE_S)
        try:
            waiting.until(lambda browser: words in browser.title)
        except TimeoutException:  # only now is there a page to read
            raise AssertionError(f"no {words!r}: {self.text()}") from None

    def text(self) -> str:
        return self.browser.find_element(By.TAG_NAME, "body").text

    def named(self, name: str) -> WebElement:
        return self.browser.find_element(By.NAME, name)

    def choose(self, environment: str, kind: str = "organization") -> None:
        self.await_title("Connect a BILL account")
        for value in (environment, kind):
            self.browser.find_element(By.CSS_SELECTOR, f"[value={value}]").click()
        self.press("choose")
        self.await_title("Sign in to BILL")

    def fill(self, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            self.named(name).clear()
            self.named(name).send_keys(value)

    def press(self, button: str) -> None:
        """Press it and wait for the next page."""
        body = self.browser.find_element(By.TAG_NAME, "body")
        self.browser.find_element(By.CSS_SELECTOR, f"[value={button}]").click()
        WebDriverWait(self.browser, PATIENCE_S).until(lambda _: _is_gone(body))

    def keys(self, *keys: str) -> None:
        for each in keys:
            self.focused().send_keys(each)

    def forget(self) -> None:
        """Be somebody else: a browser without our cookies."""
        self.browser.execute_cdp_cmd("Network.clearBrowserCookies", {})

    def look(self, *, width: int, dark: bool) -> None:
        size = {"width": width, "height": 800, "deviceScaleFactor": 1.5}
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", size | {"mobile": False}
        )
        scheme = "dark" if dark else "light"
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [feature]}
        )

    def complaints(self) -> list[str]:
        """What the browser has put into its log as an error since the last call."""
        told = self.browser.execute("getLog", {"type": "browser"})["value"]
        return [each["message"] for each in told if each["level"] == "SEVERE"]

    def scripts(self, *, allowed: bool) -> None:
        self.browser.execute_cdp_cmd(
            "Emulation.setScriptExecutionDisabled", {"value": not allowed}
        )

    def fits(self) -> bool:
        """Whether nothing is wider than the screen."""
        return bool(
            self.browser.execute_script(
                "return document.documentElement.scrollWidth <= innerWidth"
            )
        )

    def focused(self) -> WebElement:
        return self.browser.switch_to.active_element

    def picture(self, name: str) -> None:
        """Take a picture of the whole page, if pictures are wanted."""
        if PICTURES is None:
            return
        width, height = self.browser.execute_script(
            "const frame = document.querySelector('.frame').getBoundingClientRect();"
            "return [innerWidth, frame.bottom + frame.top];"
        )
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.browser.execute_cdp_cmd(
            "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
        )
        picture = Path(PICTURES, f"pages-{name}.png")
        picture.write_bytes(base64.b64decode(shot["data"]))


def _is_gone(element: WebElement) -> bool:
    try:
        element.is_enabled()
    except WebDriverException:
        return True
    return False


@contextmanager
def started_chromium() -> Iterator[webdriver.Chrome]:
    """A browser with a profile of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="chromium-") as folder:
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        service = webdriver.ChromeService(DRIVER)
        browser = webdriver.Chrome(options=options, service=service)
        try:
            yield browser
        finally:
            browser.quit()
