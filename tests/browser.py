"""Pytest plug-in: browser tests need Chromium; where it is missing they are left out, and the run says so.

With SLUICE_REQUIRE_BROWSER=1, as in continuous integration, a missing Chromium fails the run instead.
"""

import os
import shutil

import pytest

LEFT_OUT = pytest.StashKey[int]()


def chromium() -> str | None:
    """The path of the system's Chromium, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave browser tests out where there is no browser."""
    driven = [item for item in items if item.get_closest_marker("browser")]
    if chromium() or not driven:
        return
    if os.environ.get("SLUICE_REQUIRE_BROWSER") == "1":
        raise pytest.UsageError("SLUICE_REQUIRE_BROWSER=1, but there is no Chromium: apt-get install chromium")
    items[:] = [item for item in items if item not in driven]
    config.hook.pytest_deselected(items=driven)
    config.stash[LEFT_OUT] = len(driven)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was left out and how to get it."""
    if left_out := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(
            f"Left out: {left_out} browser tests, because there is no Chromium (Debian: apt-get install chromium)."
        )
