"""
Work of a command on several machines, by a scheduler of Dask.
"""

import logging
import sys
import warnings
from collections import deque
from contextlib import ExitStack, contextmanager
from functools import partial

from sunpy_farside.errors import SchedulerError

__all__ = ["named_errors", "scheduled", "worker_address"]

# Seconds in which a scheduler must answer and have a worker.
_PATIENCE = 10.0


def scheduled(address, prepare, arguments, items, names, *, size=1):
    """
    Compute a function of many items with the workers of a scheduler, in order.

    Parameters
    ----------
    address : `str`
        Address of the scheduler, such as ``"tcp://host:8786"``.
    prepare : callable
        Function of a module of this package that returns the function of an item. Workers call it
        once for every piece of the work.
    arguments : `tuple`
        Arguments of ``prepare``. Paths must be absolute.
    items : sequence
    names : sequence of `str`
        Names of the items for messages.
    size : `int`, optional
        Number of items in a piece.

    Yields
    ------
    object
        Result of every item, in the order of the items. Warnings of the workers are emitted here,
        equal ones once.

    Raises
    ------
    ImportError
        Dask's ``distributed`` is not installed.
    SchedulerError
        The scheduler does not answer, has no workers or workers with another version of this
        package, or the computation of an item fails. The message names the item and the worker.

    Notes
    -----
    If a worker ends, its pieces go to the others. When the iteration ends early, as by Ctrl-C, the
    remaining pieces are canceled.
    """
    pieces = range(0, len(items), size)
    with _connected(address) as client:
        with warnings.catch_warnings():
            # The state of a long simulation has tens of megabytes.
            warnings.filterwarnings("ignore", "Sending large graph")
            futures = client.map(
                partial(_compute, prepare, arguments),
                [items[first : first + size] for first in pieces],
                [names[first : first + size] for first in pieces],
                # The same files may have changed since the last run.
                pure=False,
            )
        waiting, warned = deque(zip(futures, pieces, strict=True)), set()
        del futures
        try:
            while waiting:
                future, first = waiting[0]
                results, found = _result(future, names[first : first + size])
                # Every piece warns of what it has in common with the others.
                for category, text in dict.fromkeys(found):
                    if (category, text) not in warned:
                        warnings.warn(text, category, stacklevel=2)
                warned.update(found)
                waiting.popleft()
                yield from results
        finally:
            client.cancel([future for future, _ in waiting])


@contextmanager
def named_errors(name):
    """
    Add the name of what is computed, and of the worker, to the message of any error.

    Parameters
    ----------
    name : `str`

    Raises
    ------
    SchedulerError
        Any error was raised in the ``with`` block.
    """
    try:
        yield
    except SchedulerError:
        # It has the name already.
        raise
    except Exception as error:
        text = str(error) or type(error).__name__
        msg = f"{name}, on the worker {worker_address()}: {text}"
        raise SchedulerError(msg) from error


def worker_address():
    """
    Return the address of the worker that runs this process.

    Returns
    -------
    `str`
    """
    from distributed import get_worker

    return get_worker().address


def _compute(prepare, arguments, items, names):
    """
    Return the results of items, with the warnings, on a worker.
    """
    with warnings.catch_warnings(record=True) as caught:
        with named_errors(names[0]):
            function = prepare(*arguments)
        results = []
        for item, name in zip(items, names, strict=True):
            with named_errors(name):
                results.append(function(item))
    return results, [(item.category, str(item.message)) for item in caught]


def _result(future, names):
    """
    Wait for a piece, and explain why there is no result.
    """
    from distributed import KilledWorker

    try:
        return future.result()
    except SchedulerError:
        raise
    except KilledWorker as error:
        where = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        msg = (
            f"{where}: every worker that computed it died, {error.allowed_failures + 1} in all, "
            f"the last one {error.last_worker.address}. Too little memory is the most frequent "
            "reason; the logs of the workers tell more."
        )
        raise SchedulerError(msg) from error
    # Dask raises many kinds of errors for what it cannot send or has lost.
    except Exception as error:
        msg = f"{names[0]}: Dask lost the computation ({error or type(error).__name__})."
        raise SchedulerError(msg) from error


@contextmanager
def _connected(address):
    """
    Connect to a scheduler, whose workers must be able to do the work.
    """
    try:
        from distributed import Client
    except ImportError as error:
        msg = (
            "Work on several machines needs Dask. Install it with: "
            "pip install 'sunpy_farside[distributed]'"
        )
        raise ImportError(msg) from error
    with ExitStack() as stack:
        stack.enter_context(_quiet_logs())
        client = stack.enter_context(_client(Client, address))
        _check_workers(client, address)
        yield client


def _client(kind, address):
    try:
        return kind(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        msg = (
            f"Expected a scheduler of Dask at {address}, found none that answers within "
            f"{_PATIENCE:.0f} s. Start one with 'dask scheduler', and give the address that it "
            "prints, such as tcp://host:8786."
        )
        raise SchedulerError(msg) from error


@contextmanager
def _quiet_logs():
    """
    Suppress the log of Dask in this process: errors are raised, and workers have their own.
    """
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _check_workers(client, address):
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError as error:
        msg = (
            f"Expected workers at the scheduler {address}, found none. Start some with "
            f"'dask worker {address} --nworkers auto --nthreads 1'."
        )
        raise SchedulerError(msg) from error
    threads = {name: number for name, number in client.nthreads().items() if number != 1}
    if threads:
        name, number = next(iter(threads.items()))
        msg = (
            f"Expected workers with one thread each, found {number} threads in {name}"
            f"{_others(threads)}. Start them with --nthreads 1."
        )
        raise SchedulerError(msg)
    version = _version()
    found = client.run(_version, on_error="return")
    wrong = {name: other for name, other in found.items() if other != version}
    if wrong:
        name, other = next(iter(wrong.items()))
        other = "none that can be imported" if isinstance(other, Exception) else other
        msg = (
            f"Expected sunpy_farside {version} on every worker, found {other} on {name}"
            f"{_others(wrong)}. Install the same version everywhere, and start the workers anew."
        )
        raise SchedulerError(msg)


def _others(names):
    return f" and {len(names) - 1} others" if len(names) > 1 else ""


def _version():
    # This module cannot import the package, which imports all the others.
    return sys.modules["sunpy_farside"].__version__
