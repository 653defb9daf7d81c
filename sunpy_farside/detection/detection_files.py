"""
Detections on disk.

Format 2: the settings are cards of ``image.fits``, the segments a file of their own, and one stamp
ties the files together. Format 1, of earlier releases, had ``probability.fits`` and cut the
segments anew.
"""

import numpy as np

import astropy.units as u
from astropy.io import fits
from astropy.table import QTable

from sunpy_farside.detection.former import complete_regions
from sunpy_farside.detection.methods import method_of
from sunpy_farside.detection.segmentation import segment_image
from sunpy_farside.detection.settings import DetectionSettings
from sunpy_farside.errors import FileFormatError, NewerFormatError
from sunpy_farside.io.images import read_images
from sunpy_farside.io.table_files import check_format
from sunpy_farside.maps.resampling import values_of
from sunpy_farside.maps.sources import Map
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.digests import digest
from sunpy_farside.utils.files import whole_files

__all__ = ["read_detection", "write_detection"]

_IMAGE, _SEGMENTS, _REGIONS, _MAPS = "image.fits", "segments.fits", "regions.ecsv", "maps.fits"
_FORMER_IMAGE = "probability.fits"
_FORMAT = 2


def write_detection(detection, folder):
    """
    Write a detection to a folder.

    Parameters
    ----------
    detection : `~sunpy_farside.detection.result.FarsideDetection`
    folder : path-like
        As for `FarsideDetection.write <sunpy_farside.detection.result.FarsideDetection.write>`.
    """
    image, segments, regions = detection.image, detection.segments, detection.regions
    stamp = _stamp(image, segments, regions, detection.settings, detection.model)
    header = image.fits_header
    source = detection.sequence
    maps = source.maps if isinstance(source, FarsideSequence) else [source]
    regions = regions.copy(copy_data=False)
    regions.meta |= {"format": _FORMAT, "stamp": stamp}
    with whole_files(folder) as partial:
        # An image alone is the primary one, which other programs look at.
        _write(partial / _IMAGE, [fits.PrimaryHDU(image.data, header)], stamp)
        _write(partial / _SEGMENTS, [fits.PrimaryHDU(segments, header)], stamp)
        hdus = [fits.ImageHDU(values_of(item), item.fits_header) for item in maps]
        _write(partial / _MAPS, [fits.PrimaryHDU(), *hdus], stamp)
        regions.write(partial / _REGIONS)
    (user_path(folder) / _FORMER_IMAGE).unlink(missing_ok=True)


def read_detection(folder):
    """
    Read what `write_detection` wrote.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    `dict`
        The attributes of a `~sunpy_farside.detection.result.FarsideDetection`.

    Raises
    ------
    FileNotFoundError
        The folder holds no detection.
    FileFormatError
        A file in it is damaged or changed, or the files are of two detections.
    """
    folder = user_path(folder)
    former = not (folder / _IMAGE).exists() and (folder / _FORMER_IMAGE).exists()
    names = [_FORMER_IMAGE if former else _IMAGE, _REGIONS, _MAPS]
    names += [] if former else [_SEGMENTS]
    for name in names:
        if not (folder / name).exists():
            msg = f"{folder}: expected a detection, found no {name} in it."
            raise FileNotFoundError(msg)
    try:
        regions = QTable.read(folder / _REGIONS)
        (image,) = _read(folder / names[0])
        maps = _read(folder / _MAPS)
        check_format(folder / _REGIONS, regions.meta.pop("format", 1), _FORMAT)
        stamps = {
            _REGIONS: {regions.meta.pop("stamp", None)},
            names[0]: _take_stamps([image]),
            _MAPS: _take_stamps(maps),
        }
        if former:
            settings = _former_settings(regions)
            segments = _former_segments(image, regions, settings)
            regions.meta["method"] = settings.method.name
        else:
            settings = DetectionSettings.from_header(image.meta)
            ((segments, header),) = read_images(folder / _SEGMENTS)
            stamps[_SEGMENTS] = {header.get("FSSTAMP")}
            # Rows may be lost and pixels changed in files that read well.
            model = regions.meta["model"]
            stamps["contents"] = {_stamp(image, segments, regions, settings, model)}
        regions = complete_regions(regions, folder / _REGIONS)
        width = image.data.shape[1]
        source = maps[0]
        if len(maps) > 1:
            absent = len(regions.meta.get("missing_maps", []))
            source = FarsideSequence(maps, width=width, missing=absent)
    except NewerFormatError:
        raise
    # Damaged files raise many kinds of errors.
    except Exception as error:
        msg = (
            f"{folder}: expected a detection written by FarsideDetection.write, found one that "
            f"does not read ({error}). Run the detection again."
        )
        raise FileFormatError(msg) from error
    _check_stamps(folder, stamps)
    return {
        "image": image,
        "segments": segments,
        "regions": regions,
        "sequence": source,
        "settings": settings,
        "model": regions.meta["model"],
    }


def _write(path, hdus, stamp):
    for hdu in hdus:
        hdu.header["FSFORMAT"] = _FORMAT
        hdu.header["FSSTAMP"] = stamp
    fits.HDUList(hdus).writeto(path)


def _read(path):
    return [Map(data, header) for data, header in read_images(path)]


def _stamp(image, segments, regions, settings, model):
    """
    Return a digest of a detection, which is the same whenever the detection is written.
    """
    described = (model, image.date.isot, sorted(settings.to_header().items()))
    columns = (np.asarray(regions[name]).tolist() for name in ("label", "area", "significant"))
    return digest(
        image.data.tobytes(), segments.tobytes(), *map(repr, described), *map(repr, columns)
    )


def _take_stamps(maps):
    """
    Remove the stamps from the headers of maps, and return them.
    """
    stamps = set()
    for item in maps:
        stamps.add(item.meta.pop("fsstamp", None))
        item.meta.pop("fsformat", None)
    return stamps


def _check_stamps(folder, stamps):
    if len(set.union(*stamps.values())) > 1:
        found = "; ".join(
            f"{name}: {', '.join(sorted(map(str, items)))}" for name, items in stamps.items()
        )
        msg = (
            f"{folder}: expected the files of one detection as they were written, found files of "
            f"several, or changed ones ({found}). "
            "Run the detection again."
        )
        raise FileFormatError(msg)


def _former_settings(regions):
    """
    Return the settings of format 1, which only the table records.
    """
    meta, method = regions.meta, method_of(regions)
    level = u.Quantity(meta["phase" if method.of_phases else "level"])
    return DetectionSettings(
        method, level, meta["n_pixels"], meta.get("deblend", False), u.Quantity(meta["threshold"])
    )


def _former_segments(image, regions, settings):
    """
    Return the segments of format 1, cut again and numbered as the regions over them.
    """
    found = segment_image(image.data, settings)
    column, row = image.wcs.world_to_pixel(regions["centroid"]) if len(regions) else ((), ())
    segments = np.zeros_like(found)
    for label in range(1, found.max() + 1):
        rows, columns = np.nonzero(found == label)
        near = np.argmin(np.hypot(row - rows.mean(), column - columns.mean()))
        segments[rows, columns] = regions["label"][near]
    return segments
