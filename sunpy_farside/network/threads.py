"""
Threads that compute batches of a network.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits

__all__ = ["batch_threads"]


@contextmanager
def batch_threads(device: torch.device) -> Iterator[ThreadPoolExecutor]:
    """
    Start the threads that compute batches of a network, two at the same time on a CPU.

    The images of a network are small: two batches, each computed with half of the threads of
    PyTorch, take less time than one after the other with all the threads.

    Parameters
    ----------
    device : `torch.device`
        Device of the network.

    Yields
    ------
    `~concurrent.futures.ThreadPoolExecutor`
        Together, the batches have as many threads of PyTorch as the calling thread has, whose own
        number does not change. At the end, batches that have not begun are canceled.
    """
    threads = torch.get_num_threads()
    number = 2 if device.type == "cpu" and threads > 1 else 1
    pool = ThreadPoolExecutor(number, initializer=_take, initargs=(threads // number,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _take(threads):
    """
    Set the number of threads that PyTorch has in the current thread.
    """
    # Its first use sets the number, too.
    torch.get_num_threads()
    # Unlike torch.set_num_threads, this does not change the number in threads that start later.
    threadpool_limits(threads, user_api="openmp")
