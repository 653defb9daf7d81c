"""
Phase maps written to files, and contents of FITS files.
"""

import io

import numpy as np

from astropy.io import fits

SAVED_NAME = "PHASE_MAP_%Y.%m.%d_%H_%M_%S.fits"


def fits_bytes(*hdus):
    """
    Return the content of a FITS file.
    """
    file = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(file)
    return file.getvalue()


def published_name(date):
    return date.strftime("PHASE_MAP_%Y.%m.%d_%H:%M:%S.fits")


def publish_maps(folder, maps):
    """
    Write maps to files as JSOC publishes them, with structural cards alone.
    """
    for item in maps:
        fits.PrimaryHDU(item.data).writeto(folder / published_name(item.date))


def save_map(folder, item, factor=1, name=SAVED_NAME):
    """
    Save a map with its whole header, its values multiplied by a factor.
    """
    scaled = item._new_instance(item.data * np.float32(factor), item.meta)
    scaled.save(folder / item.date.strftime(name), overwrite=True)


def saved_path(folder, item):
    return folder / item.date.strftime(SAVED_NAME)


def save_maps(folder, maps):
    for item in maps:
        save_map(folder, item)


def stand_in_picture(detections, folder):
    name = detections[0].date.isot[:16].replace(":", "")
    (folder / f"{name}.png").write_text("a picture")
