"""A time limit that really interrupts what runs in this thread."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from infra_grader.capabilities.deadline import Overrun


@contextmanager
def interrupt_after(seconds: float) -> Iterator[None]:
    """Raise `Overrun` in this thread when the time is up.

    In the main thread a timer signal does it, which interrupts even one regular expression that never ends. Where
    there are no timer signals (Windows), or in another thread, a second thread raises it between two steps of the
    interpreter, which cannot interrupt a single call into C.
    """
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        with _timer_signal(seconds):
            yield
    else:
        with _asynchronous_exception(seconds):
            yield


@contextmanager
def _timer_signal(seconds: float) -> Iterator[None]:
    def overrun(_signal: int, _frame: FrameType | None) -> None:
        raise Overrun

    before = signal.signal(signal.SIGALRM, overrun)
    try:
        # Again every tenth of a second, in case a finaliser swallowed the first one.
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), 0.1)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        # Once more: the signal may come just before the line above, but not again within a tenth of a second.
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _asynchronous_exception(seconds: float) -> Iterator[None]:
    import ctypes  # not needed where there are timer signals, and slow to load

    target = ctypes.c_ulong(threading.get_ident())
    lock = threading.Lock()
    is_over = False

    def overrun() -> None:
        with lock:
            if not is_over:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(target, ctypes.py_object(Overrun))

    timer = threading.Timer(seconds, overrun)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            is_over = True
            ctypes.pythonapi.PyThreadState_SetAsyncExc(target, None)  # one that is still on its way
        timer.cancel()
