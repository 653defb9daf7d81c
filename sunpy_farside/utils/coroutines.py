"""
Coroutines run from code that is not asynchronous.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

__all__ = ["run_coroutine"]


def run_coroutine(coroutine):
    """
    Run a coroutine to its end, also where a loop is running, as in Jupyter.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(coroutine)
        return
    started = []

    async def note_and_run():
        started.extend((asyncio.get_running_loop(), asyncio.current_task()))
        await coroutine

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(asyncio.run, note_and_run())
        try:
            future.result()
        except KeyboardInterrupt:
            # The signal came to this thread, not to that of the loop.
            if started:
                started[0].call_soon_threadsafe(started[1].cancel)
            raise
