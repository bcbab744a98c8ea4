"""Headless Chromium, driven through its DevTools protocol: open a page, run script in it, choose files."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

FLAGS = [
    *("--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
    *("--hide-scrollbars", "--no-first-run", "--remote-debugging-port=0"),
    # A camera that shows a test picture, and nobody asks whether it may.
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
]


class Browser:
    """One tab.

    Args:
        folder: for the profile and downloads; removed by whoever made it.
        flags: more of Chromium's.
    """

    def __init__(self, folder: Path, *flags: str) -> None:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        if program is None:
            pytest.skip("needs a Chromium")
        connect = pytest.importorskip("websockets.sync.client").connect
        profile = folder / "profile"
        self.downloads = folder / "downloads"
        self.problems: list[str] = []
        """What the pages' scripts complained of."""
        self._process = subprocess.Popen(
            [program, *FLAGS, *flags, f"--user-data-dir={profile}"],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        port = wait_for(lambda: (profile / "DevToolsActivePort").read_text().split()[0], OSError, IndexError)
        pages = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json"))
        address = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
        self._socket, self._number = connect(address, max_size=None), 0
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.call(f"{domain}.enable")
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=60))
            if message.get("id") == self._number:
                assert "error" not in message, message["error"]
                return dict(message["result"])
            self._note(message)

    def _note(self, event: dict[str, Any]) -> None:
        method, details = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(details["exceptionDetails"]))
        if method == "Runtime.consoleAPICalled" and details["type"] in ("error", "warning", "assert"):
            self.problems.append(json.dumps(details["args"]))
        if method == "Log.entryAdded" and details["entry"]["level"] == "error":
            self.problems.append(json.dumps(details["entry"]))

    def open(self, address: str, size: tuple[int, int] = (1280, 900), dark: bool = False) -> None:
        """Go to a page, in a window of a size."""
        width, height = size
        self.call(
            "Emulation.setDeviceMetricsOverride",
            **{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=address)
        self.until("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def until(self, condition: str, seconds: float = 60.0) -> None:
        """Wait for an expression to be true."""
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < end, f"{condition} is still not so: {self.problems}"
            time.sleep(0.05)

    def choose(self, selector: str, *files: Path) -> None:
        """Choose files in an `<input type=file>`."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path) for path in files])

    def press(self, key: str, code: int = 0) -> None:
        """Press a key."""
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                **{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code},
            )

    def shot(self, path: Path) -> Path:
        """A picture of the page as it is now."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        return path

    def close(self) -> None:
        """End it."""
        self._socket.close()
        self._process.terminate()
        self._process.wait(timeout=20)


def wait_for(read: Any, *errors: type[Exception], seconds: float = 60.0) -> Any:
    """What a function gives as soon as it raises none of these errors."""
    end = time.monotonic() + seconds
    while True:
        try:
            return read()
        except errors:
            assert time.monotonic() < end
            time.sleep(0.05)
