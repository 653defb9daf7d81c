"""
Printed output and output folders of the commands.
"""

import io
import sys
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from sunpy_farside.utils.files import remove_partial, whole_files

__all__ = [
    "check_writable",
    "complain",
    "detection_text",
    "print_rows",
    "printed_detections",
    "write_detection_files",
]


def complain(message):
    """
    Print a line on the standard error, above a progress bar.

    Parameters
    ----------
    message : `str` or `Exception`
    """
    tqdm.write(f"sunpy-farside: {' '.join(str(message).split())}", file=sys.stderr)


def detection_text(detection, form):
    """
    Return one detection as text.

    Parameters
    ----------
    detection : `~sunpy_farside.detection.result.FarsideDetection`
    form : {"table", "json", "csv"}

    Returns
    -------
    `str`
    """
    from sunpy_farside.detection.export import to_csv, to_json, to_text

    if form == "table":
        return to_text(detection)
    return {"json": to_json, "csv": to_csv}[form]([detection])


def write_detection_files(detection, output):
    """
    Write a detection, its regions as CSV and JSON, and its picture to a folder of its date.

    Parameters
    ----------
    detection : `~sunpy_farside.detection.result.FarsideDetection`
    output : path-like
        Parent of the folder.

    Returns
    -------
    `pathlib.Path`
        The folder.
    """
    from matplotlib.figure import Figure

    from sunpy_farside.detection.export import to_csv, to_json

    folder = Path(output) / detection.date.utc.strftime("%Y%m%d_%H%M")
    detection.write(folder)
    with whole_files(folder) as partial:
        (partial / "regions.csv").write_text(to_csv([detection]) + "\n")
        (partial / "regions.json").write_text(to_json([detection]) + "\n")
        figure = Figure(figsize=(6.4, 6), layout="constrained")
        detection.plot(figure.add_subplot(projection=detection.image))
        figure.savefig(partial / "detection.png", dpi=110)
    return folder


@contextmanager
def printed_detections(form):
    """
    Print detections one after the other, above a progress bar.

    Parameters
    ----------
    form : {"table", "json", "csv"}
        All detections together are one JSON list or one CSV table.

    Yields
    ------
    callable
        Takes the text of a detection (`detection_text`).
    """
    number = 0

    def add(text):
        nonlocal number
        if form == "json":
            # The list is opened with the first detection and closed after the last.
            text = text.removeprefix("[").removesuffix("\n]")
            tqdm.write(("," if number else "[") + text, end="")
        elif form == "csv":
            heading, *rows = text.split("\n")
            if lines := rows if number else [heading, *rows]:
                tqdm.write("\n".join(lines))
        else:
            tqdm.write(("\n" if number else "") + text)
        sys.stdout.flush()
        number += 1

    try:
        yield add
    finally:
        if form == "json" and number:
            tqdm.write("\n]")


def print_rows(table, form):
    """
    Print a table for programs.

    Parameters
    ----------
    table : `~astropy.table.Table`
        Any table of this package.
    form : {"json", "csv"}
        The content of the file that ``export`` writes in this format.
    """
    from sunpy_farside.catalog.catalog_export import table_to_json
    from sunpy_farside.utils.tables import plain_table

    if form == "json":
        print(table_to_json(table))
        return
    text = io.StringIO()
    plain_table(table).write(text, format="ascii.csv")
    print(text.getvalue(), end="")


def check_writable(folder):
    """
    Raise an error before the work if a folder cannot be created or written.

    Parameters
    ----------
    folder : path-like

    Raises
    ------
    OSError
        The folder cannot be created or written.
    """
    folder = Path(folder)
    there = folder.exists()
    # Remove incomplete output of killed runs, also for other dates.
    remove_partial(folder)
    with whole_files(folder):
        pass
    if not there:
        # If the work fails, no empty folder remains.
        folder.rmdir()
