"""Call native code where no signal can reach it."""

from __future__ import annotations

from threading import Event, Thread, current_thread, main_thread
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
    done: list[Result] = []
    failed: list[BaseException] = []
    over = Event()

    def call() -> None:
        try:
            done.append(function(*arguments))
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread that asked
            failed.append(error)
        finally:
            over.set()

    thread = Thread(target=call, name="encoder")
    try:
        thread.start()
        over.wait()
    except BaseException:
        interrupted()
        if not over.wait(1.0) and thread.ident is not None:  # else it was never started
            over.wait()  # what runs may still write to arrays of the caller
        raise
    if failed:
        raise failed[0]
    return done[0]
