"""The pictures of the docs, which ``scripts/screenshots`` takes anew."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from program import Program
from ui.browser import PHONE, chromium, window
from ui.story import tell


def take(folder: Path) -> None:
    """Write the pictures into ``folder``."""
    with (
        tempfile.TemporaryDirectory() as data,
        Program(Path(data) / "data", "--port", "0") as program,
        chromium() as browser,
    ):
        tell(program)
        ada = f"/_openprofile/people/{program.endpoints['users'][0]['id']}"
        for name, path, size, dark in (
            ("overview", "/", (960, 1040), False),
            ("person", ada, (960, 760), True),
            ("requests-phone", "/_openprofile/log", PHONE, False),
        ):
            with window(browser, size, dark=dark) as context:
                page = context.new_page()
                page.goto(program.url + path)
                page.screenshot(path=folder / f"{name}.png")


if __name__ == "__main__":
    take(Path(sys.argv[1]))
