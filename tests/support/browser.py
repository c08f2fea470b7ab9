"""A browser without a window, driven over two pipes by the protocol of its own tools: no port, no driver."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from select import select
from time import monotonic
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ANSWER_S = 60.0
"""How long an answer may take on a machine that is busy."""
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), " ": (32, " ")}


class Browser:
    """One page at a time; what it asked for and what stood on its console is kept from `open` to `open`."""

    def __init__(self, command: int, answers: int) -> None:
        self._command, self._answers = command, answers
        self._numbers, self._rest = itertools.count(1), b""
        self._session: str | None = None
        self.console: list[str] = []
        """Errors and warnings, and what scripts said."""
        self.requests: list[str] = []
        """Addresses, the page's own included."""
        self._loaded = False
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def open(self, file: Path, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        """Open a page from the disk in a window of this size, and wait until it is loaded."""
        self.console, self.requests, self._loaded = [], [], False
        self.resize(width, height)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.ask("Page.navigate", url=file.as_uri())
        while not self._loaded:
            self._take(monotonic() + ANSWER_S)

    def resize(self, width: int, height: int = 900) -> None:
        """Give the window another size."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def run(self, script: str) -> Any:
        """Return what an expression comes to, as JSON can hold it; a promise is waited for."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press keys one after the other: characters, or a name of `KEYS`."""
        for key in keys:
            code, text = KEYS.get(key, (0, key))
            facts = {"key": key, "windowsVirtualKeyCode": code, "text": text}
            self.ask("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **facts)
            self.ask("Input.dispatchKeyEvent", type="keyUp", **facts)

    def picture(self, file: Path, *, whole: bool = True) -> None:
        """Write a picture of the page, or of the part in view."""
        data = self.ask("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        file.write_bytes(base64.b64decode(data))

    def paper(self) -> bytes:
        """Return the page as it is printed, as PDF."""
        answer = self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        return base64.b64decode(answer["data"])

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the answer to one command of the protocol."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._command, data) :]
        end = monotonic() + ANSWER_S
        while (answer := self._take(end)).get("id") != number:
            pass
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    def _take(self, end: float) -> dict[str, Any]:
        """Return the next message, with what it tells of the page written down."""
        while b"\0" not in self._rest:
            assert select([self._answers], [], [], max(0.0, end - monotonic()))[0], "the browser does not answer"
            piece = os.read(self._answers, 1 << 20)
            assert piece, "the browser has ended"
            self._rest += piece
        data, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(data)
        facts = message.get("params", {})
        match message.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Network.requestWillBeSent":
                self.requests.append(facts["request"]["url"])
            case "Log.entryAdded":
                self.console.append(facts["entry"]["text"])
            case "Runtime.consoleAPICalled":
                self.console.append(str([argument.get("value") for argument in facts["args"]]))
            case "Runtime.exceptionThrown":
                self.console.append(str(facts["exceptionDetails"]))
        return message


@contextlib.contextmanager
def open_browser(profile: Path) -> Iterator[Browser]:
    """Give a browser with a profile of its own; it has ended afterwards, with all its processes."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: it must be there in CI")
        pytest.skip("Chromium is missing")
    command_out, command_in = os.pipe()
    answers_out, answers_in = os.pipe()
    # The protocol is spoken on descriptors 3 and 4; a shell puts them there.
    shell = ("bash", "-c", f'exec "$@" 3<&{command_out} 4>&{answers_in}', "bash")
    process = subprocess.Popen(
        [*shell, CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", "about:blank"],
        pass_fds=(command_out, answers_in),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(command_out)
    os.close(answers_in)
    try:
        yield Browser(command_in, answers_out)
    finally:
        os.close(command_in)
        os.close(answers_out)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
