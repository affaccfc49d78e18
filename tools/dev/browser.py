"""A real Chromium, driven through its own chromedriver (W3C WebDriver); no library in between.

Where there is none, the tests that need it are left out, with one line that says how to get it.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""Key of an element's id in WebDriver's JSON."""
KEYS = {"Enter": "\ue007", "Tab": "\ue004", "Escape": "\ue00c"}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHROMEDRIVER = shutil.which("chromedriver")
MISSING = "no Chromium with chromedriver on PATH (apt-get install chromium chromium-driver): the page was not tried"


class Browser:
    """One window.

    Args:
        address: of chromedriver.
        session: id of the session.
    """

    def __init__(self, address: str, session: str) -> None:
        self._base = f"{address}/session/{session}"

    def open(self, path: Path, fragment: str = "") -> None:
        """Show a file."""
        self._post("url", url="about:blank")
        self._post("url", url=path.resolve().as_uri() + fragment)

    def run(self, script: str, *arguments: Any) -> Any:
        """The value that a script returns."""
        return self._post("execute/sync", script=script, args=list(arguments))

    def click(self, selector: str) -> None:
        """Click what a CSS selector finds first."""
        found = self._post("element", using="css selector", value=selector)[ELEMENT]
        self._post(f"element/{found}/click")

    def type(self, *keys: str) -> None:
        """Press keys, characters or names of KEYS, wherever the focus is."""
        pressed = [KEYS.get(key, key) for key in keys]
        steps = [{"type": kind, "value": key} for key in pressed for kind in ("keyDown", "keyUp")]
        self._post("actions", actions=[{"type": "key", "id": "keyboard", "actions": steps}])

    def dark(self, value: bool) -> None:
        """Prefer a dark or a light colour scheme."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if value else "light"}]
        self._post("goog/cdp/execute", cmd="Emulation.setEmulatedMedia", params={"features": scheme})

    def screenshot(self, path: Path) -> None:
        """Write a PNG of the window."""
        path.write_bytes(base64.b64decode(_call(f"{self._base}/screenshot")))

    def accessibility(self) -> list[dict[str, Any]]:
        """The accessibility tree: what a screen reader is told."""
        answer = self._post("goog/cdp/execute", cmd="Accessibility.getFullAXTree", params={})
        return [node for node in answer["nodes"] if not node.get("ignored")]

    def errors(self) -> list[str]:
        """What the console complained of since it was last asked."""
        return [entry["message"] for entry in self._post("se/log", type="browser") if entry["level"] == "SEVERE"]

    def _post(self, command: str, **body: Any) -> Any:
        return _call(f"{self._base}/{command}", body)


def _call(url: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["value"]


@contextmanager
def chromium(width: int = 1280, height: int = 900) -> Iterator[Browser]:
    """A headless window.

    Raises:
        RuntimeError: there is no Chromium.
    """
    if CHROMIUM is None or CHROMEDRIVER is None:
        raise RuntimeError(MISSING)
    driver = subprocess.Popen([CHROMEDRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert driver.stdout is not None
        line = next(line for line in driver.stdout if "on port" in line and "started" in line)
        port = line.strip().rstrip(".").rsplit(" ", 1)[1]
        address = f"http://127.0.0.1:{port}"
        options = {
            "binary": CHROMIUM,
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size={width},{height}"],
        }
        wanted = {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}
        made = _call(f"{address}/session", {"capabilities": wanted})
        try:
            yield Browser(address, made["sessionId"])
        finally:
            request = urllib.request.Request(f"{address}/session/{made['sessionId']}", method="DELETE")
            urllib.request.urlopen(request, timeout=30).close()
    finally:
        driver.terminate()
        driver.wait(10)
        if driver.stdout is not None:
            driver.stdout.close()
