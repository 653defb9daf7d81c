"""
Detection in files of maps with the workers of a scheduler of Dask.
"""

from contextlib import suppress
from pathlib import Path

from sunpy_farside.cli.detectors import detector
from sunpy_farside.cli.output import detection_text, write_detection_files
from sunpy_farside.errors import SchedulerError
from sunpy_farside.network.weights import absolute_name
from sunpy_farside.utils.scheduling import named_errors, scheduled, worker_address

__all__ = ["detect_scheduled"]

# Sequences that a worker computes together: five batches of the network. The ten maps that two
# parts share are read twice.
_SIZE = 40


def detect_scheduled(files, options):
    """
    Detect active regions in files with the workers of a scheduler.

    Parameters
    ----------
    files : `~sunpy_farside.cli.maps.MapFiles`
        Every worker can read them by their paths.
    options : `argparse.Namespace`
        Those of the command ``detect``. Workers write the files of ``--output``.

    Yields
    ------
    `str`
        Text of each detection, in order of date.

    Raises
    ------
    SchedulerError
        The scheduler or its workers cannot do the work.
    SequenceError
        There is no sequence; raised at the end.
    """
    parts, output = files.parts(_SIZE), options.output and options.output.absolute()
    arguments = (
        options.method,
        absolute_name(options.model),
        options.device,
        options.threshold,
        options.format,
        output,
    )
    names = [f"maps of {part.dates}" for part in parts]
    if output:
        output.mkdir(parents=True, exist_ok=True)
    try:
        for texts, folders, rest, worker in scheduled(
            options.scheduler, _detect, arguments, parts, names
        ):
            files.add_part(rest, worker)
            for folder in folders:
                _check_written(folder, worker)
            yield from texts
    finally:
        if output:
            # Without results, no folder remains.
            with suppress(OSError):
                output.rmdir()
    files.check_found()


def _detect(method, name, device, threshold, form, output):
    """
    Return the function that detects in a part of the files, on a worker.
    """
    if output and not output.is_dir():
        msg = f"{output}: expected the folder of --output, which all machines must share."
        raise FileNotFoundError(msg)
    detect = detector(method, name, device, threshold)

    def detect_part(part):
        sequences, rest = part.read_part()
        texts, folders = [], []
        for detection in detect(iter(sequences)):
            with named_errors(f"sequence of {detection.date.isot[:16]}"):
                if output:
                    folders.append(write_detection_files(detection, output))
                texts.append(detection_text(detection, form))
        return texts, folders, rest, worker_address()

    return detect_part


def _check_written(folder, worker):
    if not Path(folder).is_dir():
        msg = (
            f"Expected {folder}, which the worker {worker} has written, found no such folder. Give "
            "an --output that all machines share, under the same path."
        )
        raise SchedulerError(msg)
