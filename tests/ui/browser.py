"""Chromium as the machine has it, driven by playwright; no browser is downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DESKTOP, PHONE = (1200, 900), (390, 844)
"""Width and height of windows."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window that talks to nobody but the pages it is sent to."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",  # which needs a user other than root
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def window(
    browser: Browser, size: tuple[int, int], *, script: bool = True, dark: bool = False
) -> Iterator[BrowserContext]:
    """A window of its own, with nothing of others in it."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        java_script_enabled=script,
        color_scheme="dark" if dark else "light",
        ignore_https_errors=True,  # its own authority signed the certificate
        reduced_motion="reduce",
    )
    try:
        yield context
    finally:
        context.close()
