"""Native code is called where signals cannot reach it, and its caller waits for it."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from embedctl.system.uninterrupted import uninterrupted


def test_the_main_thread_waits_for_another() -> None:
    assert uninterrupted(threading.current_thread) is not threading.main_thread()
    with pytest.raises(ZeroDivisionError):
        uninterrupted(divmod, 1, 0)


def test_other_threads_call_for_themselves() -> None:
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(uninterrupted(threading.current_thread) is thread))
    thread.start()
    thread.join()
    assert found == [True]


def test_an_interruption_is_raised_when_the_call_is_over() -> None:
    stop, over = threading.Event(), threading.Event()

    def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(30)
        time.sleep(0.05)
        over.set()

    with pytest.raises(KeyboardInterrupt):
        uninterrupted(work, interrupted=stop.set)
    assert over.is_set()
