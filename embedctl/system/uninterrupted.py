"""Call native code where no signal can reach it."""

from __future__ import annotations

from concurrent.futures import Future, wait
from threading import Thread, current_thread, main_thread
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


def uninterrupted(
    function: Callable[..., Result], *arguments: Any, interrupted: Callable[[], Any] = lambda: None
) -> Result:
    """Return what ``function`` returns, called in a thread of its own if this is the main thread.

    Python raises ``KeyboardInterrupt`` into whatever the main thread does. Where that is a library's C++ that has
    called Python back, the exception may meet a function that must not throw, and end the process. So the main thread
    waits instead; an exception that it meets there is raised when the call is over, ``interrupted`` called before.
    """
    if current_thread() is not main_thread():
        return function(*arguments)
    outcome: Future[Result] = Future()

    def call() -> None:
        try:
            outcome.set_result(function(*arguments))
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread that asked
            outcome.set_exception(error)

    thread = Thread(target=call, name="encoder")
    try:
        thread.start()
        wait([outcome])
    except BaseException:
        interrupted()
        if wait([outcome], 1.0).not_done and thread.ident is not None:  # else it was never started
            wait([outcome])  # what runs may still write to arrays of the caller
        raise
    return outcome.result()
