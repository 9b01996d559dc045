"""Answers ``chromium.Chromium``: a line of JSON in, a line of JSON out. Chromium is that of Qt WebEngine.

Every request of a page is noted, and refused unless it is for the file that was opened.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEventLoop, QPoint, QTimer, QUrl
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWebEngineCore import (
    QWebEnginePage,
    QWebEngineProfile,
    QWebEngineSettings,
    QWebEngineUrlRequestInterceptor,
    qWebEngineChromiumVersion,
)
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from collections.abc import Callable

_FRAMES = """(() => {
    window.framesShown = false;
    requestAnimationFrame(() => requestAnimationFrame(() => { window.framesShown = true; }));
})()"""
SECONDS = 600
"""That anything may take."""


class Guard(QWebEngineUrlRequestInterceptor):
    """Refuses every request but one."""

    def __init__(self) -> None:
        super().__init__()
        self.allowed = QUrl()
        self.refused: list[str] = []

    def interceptRequest(self, info: Any) -> None:  # noqa: N802 - Qt's name
        if info.requestUrl() != self.allowed:
            self.refused.append(info.requestUrl().toString())
            info.block(True)


class Page(QWebEnginePage):
    """Keeps what is written to the console."""

    console: list[str]

    def javaScriptConsoleMessage(self, level: Any, message: str, line: int, source: str) -> None:  # noqa: N802
        self.console.append(f"{level.name}: {message} ({line})")


class Window:
    """One window; each method is a command."""

    def __init__(self) -> None:
        self._guard = Guard()
        self._profile = QWebEngineProfile()
        self._profile.setUrlRequestInterceptor(self._guard)
        self._view = QWebEngineView()
        self._page = Page(self._profile, self._view)
        self._page.console = []
        settings = self._page.settings()
        # or a local file is kept from asking before anybody could note it
        settings.setAttribute(QWebEngineSettings.WebAttribute.LocalContentCanAccessRemoteUrls, True)
        settings.setAttribute(QWebEngineSettings.WebAttribute.ShowScrollBars, False)
        self._view.setPage(self._page)
        self._view.show()

    def open_page(self, path: str, width: int, height: int) -> bool:
        """Open a file in a window of this size, and return whether that went well."""
        self._view.resize(width, height)
        self._guard.refused.clear()
        self._page.console.clear()
        self._guard.allowed = QUrl.fromLocalFile(path)
        self._view.setUrl(self._guard.allowed)
        return bool(_wait(self._page.loadFinished.connect))

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        self._view.resize(width, height)
        _rest(300)

    def javascript(self, code: str) -> Any:
        """Return the value of an expression."""
        text = _wait(lambda done: self._page.runJavaScript(f"JSON.stringify({code})", 0, done))
        return json.loads(text) if text else None

    def until(self, code: str) -> bool:
        """Wait until an expression is true; ``False``: it did not become so."""
        for _ in range(SECONDS * 20):
            if self.javascript(code):
                return True
            _rest(50)
        return False

    def picture(self, path: str) -> None:
        """Save what the window shows, when it has shown the same for a while."""
        before = None
        for _ in range(SECONDS * 10):
            self.javascript(_FRAMES)
            self.until("window.framesShown")
            now = self._view.grab().toImage()
            if now == before:
                break
            before = now
            _rest(50)
        now.save(path)

    def whole_picture(self, path: str) -> None:
        """Save the whole page, one window after the other."""
        width, height = self._view.width(), self._view.height()
        long = self.javascript("document.documentElement.scrollHeight")
        whole = QImage(width, long, QImage.Format.Format_RGB32)
        painter = QPainter(whole)
        for top in (*range(0, max(1, long - height), height), max(0, long - height)):
            self._scroll(top)
            self.picture(path)
            painter.drawImage(0, top, QImage(path))
        painter.end()
        whole.save(path)
        self._scroll(0)

    def point(self, x: int, y: int) -> None:
        """Move the mouse there, in pixels of the window."""
        for place in (QPoint(x - 3, y - 3), QPoint(x, y)):
            QTest.mouseMove(self._view.focusProxy(), place)
            _rest(100)

    def pdf(self, path: str) -> bool:
        """Print the page, and return whether that went well."""
        self._page.printToPdf(path)
        return bool(_wait(lambda done: self._page.pdfPrintingFinished.connect(lambda _, fine: done(fine))))

    def told(self, requests: int = 0, console: int = 0) -> dict[str, Any]:
        """Return what the page asked for beside itself, what it wrote to the console, and which Chromium this is.

        Both come later than what the page shows: wait until there are at least so many of each.
        """
        for _ in range(SECONDS * 20):
            if len(self._guard.refused) >= requests and len(self._page.console) >= console:
                break
            _rest(50)
        return {
            "requests": self._guard.refused,
            "console": self._page.console,
            "version": qWebEngineChromiumVersion(),
        }

    def _scroll(self, top: int) -> None:
        self.javascript(f"window.scrollTo({{top: {top}, behavior: 'instant'}})")


def _wait(start: Callable[[Callable[..., None]], object]) -> Any:
    """Run the browser until ``start``'s callback is called, and return with what."""
    loop, results = QEventLoop(), []

    def done(result: Any = None) -> None:
        results.append(result)
        loop.quit()

    QTimer.singleShot(SECONDS * 1_000, loop.quit)
    start(done)
    if not results:
        loop.exec()
    return results[0] if results else None


def _rest(milliseconds: int) -> None:
    _wait(lambda done: QTimer.singleShot(milliseconds, done))


def main() -> None:
    """Answer commands until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the browser says on its own is no answer
    application = QApplication(sys.argv[:1])
    window = Window()
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        name, arguments = json.loads(line)
        answers.write(json.dumps(getattr(window, name)(**arguments)) + "\n")
        answers.flush()
    del application
    os._exit(0)  # Qt takes its time to take itself apart


if __name__ == "__main__":
    main()
