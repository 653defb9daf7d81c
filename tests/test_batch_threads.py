"""
Threads in which the network computes the batches of many sequences.
"""

import threading

import numpy as np
import pytest
import torch
from commands import LONGEST
from test_detection import equal_columns

from sunpy_farside import detect_farside, find_sequences
from sunpy_farside.detection import neural
from sunpy_farside.network import FarsideModel
from sunpy_farside.network.threads import batch_threads


def in_a_new_thread(function, *arguments):
    """
    Return the result of a function in a thread that has not used PyTorch before.
    """
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)))
    thread.start()
    thread.join()
    return results[0]


def numbers_of_threads():
    """
    Return the numbers of threads that PyTorch has in this thread and in those that start later.
    """
    return torch.get_num_threads(), in_a_new_thread(torch.get_num_threads)


@pytest.fixture
def set_threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def sequences(maps, monkeypatch):
    """
    Return five sequences, each of which is a batch.
    """
    monkeypatch.setattr(neural, "_BATCH", 1)
    return find_sequences(maps, missing=1)


@pytest.fixture
def computed(monkeypatch):
    """
    Record the threads of Python that compute batches, and their numbers of threads of PyTorch.
    """
    predict, found = FarsideModel.predict, []

    def recorded(self, stack, **options):
        found.append((threading.get_ident(), torch.get_num_threads()))
        return predict(self, stack, **options)

    monkeypatch.setattr(FarsideModel, "predict", recorded)
    return found


@pytest.mark.parametrize(
    ("threads", "number", "each"), [(1, 1, 1), (2, 2, 1), (3, 2, 1), (4, 2, 2)]
)
def test_batches_share_the_threads(threads, number, each, set_threads):
    set_threads(threads)
    with batch_threads(torch.device("cpu")) as pool:
        together = threading.Barrier(number)

        def compute(_):
            # Fails unless as many batches as expected are computed at the same time.
            together.wait(LONGEST)
            torch.ones(100_000).sin()
            return threading.get_ident(), torch.get_num_threads()

        found = list(pool.map(compute, range(4 * number)))
    assert len({ident for ident, _ in found}) == number
    assert {count for _, count in found} == {each}


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_other_devices_compute_one_batch_at_a_time(device, set_threads):
    set_threads(4)
    with batch_threads(torch.device(device)) as pool:
        found = list(pool.map(lambda _: (threading.get_ident(), torch.get_num_threads()), range(9)))
    assert len(set(found)) == 1
    assert found[0][1] == 4


def test_results_do_not_depend_on_the_number_of_threads(sequences, set_threads):
    found = []
    for threads in (1, 2, 4):
        set_threads(threads)
        found.append(detect_farside(sequences, device="cpu"))
    assert len(sequences) == 5
    for one, *others in zip(*found, strict=True):
        for other in others:
            assert np.array_equal(one.image.data, other.image.data)
            assert np.array_equal(one.segments, other.segments)
            equal_columns(one.regions, other.regions)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_numbers_of_threads_of_others_stay(threads, sequences, computed, set_threads):
    set_threads(threads)
    # A thread keeps its number when another one sets that of the threads that start later.
    in_a_new_thread(torch.set_num_threads, 3)
    assert numbers_of_threads() == (threads, 3)
    found = detect_farside(iter(sequences), device="cpu")
    next(found)
    assert numbers_of_threads() == (threads, 3)
    assert len(list(found)) == len(sequences) - 1
    assert numbers_of_threads() == (threads, 3)
    assert {number for _, number in computed} == {max(threads // 2, 1)}


def fail(*_arguments, **_options):
    msg = "no memory left"
    raise MemoryError(msg)


def interrupted(sequences):
    yield from sequences
    raise KeyboardInterrupt


@pytest.mark.parametrize("end", ["closed", "interrupted", "failed"])
def test_an_early_end_leaves_nothing(end, sequences, set_threads, monkeypatch):
    set_threads(2)
    running = threading.active_count()
    found = detect_farside(interrupted(sequences * 2), device="cpu")
    next(found)
    if end == "closed":
        found.close()
    elif end == "interrupted":
        with pytest.raises(KeyboardInterrupt):
            list(found)
    else:
        monkeypatch.setattr(FarsideModel, "predict", fail)
        with pytest.raises(MemoryError, match="no memory left"):
            list(found)
    assert threading.active_count() == running
    assert numbers_of_threads() == (2, 2)


def test_waiting_batches_are_canceled(set_threads):
    set_threads(2)
    begun, canceled = threading.Semaphore(0), threading.Event()

    def compute():
        begun.release()
        return canceled.wait(LONGEST)

    with batch_threads(torch.device("cpu")) as pool:
        futures = [pool.submit(compute) for _ in range(4)]
        futures[-1].add_done_callback(lambda _: canceled.set())
        assert begun.acquire(timeout=LONGEST)
        assert begun.acquire(timeout=LONGEST)
    assert [future.cancelled() for future in futures] == [False, False, True, True]
    assert all(future.result() for future in futures[:2])
