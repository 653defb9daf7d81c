"""
Masks of active regions from magnetograms and other maps, as the target of the training.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

import astropy.units as u
from astropy.wcs import WCS

from sunpy.time import parse_time

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import (
    FIRST_LATITUDE,
    WINDOW_ROWS,
    carrington_header,
    window_header,
    window_longitudes,
    window_start,
)
from sunpy_farside.maps.orientation import turn_to, upright, whole_degree_nodes
from sunpy_farside.maps.resampling import values_of
from sunpy_farside.maps.sources import Map
from sunpy_farside.utils.moved import moved_names

__all__ = [
    "PUBLISHED_MASK",
    "active_mask",
    "mask_from_map",
    "mask_in_window",
]

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.datasets.fields": ["near_side_field"],
    },
)

# [Felipe & Asensio Ramos 2019, A&A 632, A82, section 2.3]
PUBLISHED_MASK = {
    "box": (15, 12) * u.deg,
    "smoothing": 3 * u.deg,
    "threshold": 30 * u.G,
    "unsigned": True,
}


@u.quantity_input
def active_mask(
    field,
    regions=None,
    *,
    box: u.deg = PUBLISHED_MASK["box"],
    smoothing: u.deg = PUBLISHED_MASK["smoothing"],
    threshold: u.G = PUBLISHED_MASK["threshold"],
    unsigned=PUBLISHED_MASK["unsigned"],
):
    """
    Compute the mask of active pixels from a magnetogram, by smoothing and a threshold.

    Parameters
    ----------
    field : `~sunpy.map.GenericMap`
        Magnetic field from `~sunpy_farside.datasets.fields.near_side_field`, in gauss.
    regions : `~astropy.coordinates.SkyCoord`, optional
        Carrington positions of regions to leave out: those that emerged on the near side and
        hence are not in far-side maps (`~sunpy_farside.io.noaa_regions.first_appearances`,
        `~sunpy_farside.io.noaa_regions.positions_at`).
    box : `~astropy.units.Quantity`, optional
        Extents in longitude and latitude of the box around each of these regions in which the
        field is set to zero.
    smoothing : `~astropy.units.Quantity`, optional
        Standard deviation of the Gaussian that smooths the field, in degrees of longitude and
        latitude.
    threshold : `~astropy.units.Quantity`, optional
        Smoothed field (gauss, Mx cm^-2) above which a pixel is active.
    unsigned : `bool`, optional
        If True, take the absolute value before the smoothing, so that the two polarities of a
        region add up; otherwise after it.

    Returns
    -------
    `~sunpy.map.GenericMap`
        1 in active pixels, else 0; NaN where the field is missing.

    Notes
    -----
    The defaults are those of the published network [Felipe & Asensio Ramos 2019, A&A 632, A82,
    section 2.3]. The publication does not specify whether polarities cancel; the unsigned field is
    also the one smoothed in `~sunpy_farside.simulation.realization.simulate_sequence`.

    Missing pixels are excluded from the mean, so that the mask does not fade at the edge of the
    observed area.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy.map import Map
    >>> from sunpy_farside.coordinates.window import carrington_header
    >>> from sunpy_farside.datasets.masks import active_mask
    >>> data = np.zeros((144, 120))
    >>> data[80:90, 50:60] = 200
    >>> header = carrington_header(
    ...     "2014-05-05", data.shape, first_longitude=0, first_latitude=-72
    ... )
    >>> int(active_mask(Map(data, header)).data.sum())
    208
    """
    data, longitude, latitude = _nodes(field)
    known = np.isfinite(data)
    data = np.where(known, data, 0).astype(float)
    if regions is not None:
        half = box.to_value(u.deg) / 2
        for lon, lat in zip(np.ravel(regions.lon.deg), np.ravel(regions.lat.deg), strict=True):
            rows = np.abs(latitude - lat) <= half[1]
            columns = np.abs((longitude - lon + 180) % 360 - 180) <= half[0]
            data[np.ix_(rows, columns)] = 0
    if unsigned:
        data = np.abs(data)
    smooth = _smoothed(data, known, smoothing.to_value(u.deg))
    active = np.where(known, np.abs(smooth) > threshold.to_value(u.G), np.nan)
    header = carrington_header(
        field.date,
        data.shape,
        first_longitude=int(longitude[0]),
        first_latitude=int(latitude[0]),
    )
    return Map(active.astype(np.float32), header)


def _smoothed(data, known, sigma):
    """
    Smooth an array with a Gaussian over its valid pixels; missing pixels have to be zero.
    """
    if not sigma:
        return data
    weight = gaussian_filter(known.astype(float), sigma, mode="constant")
    smooth = gaussian_filter(data, sigma, mode="constant")
    return np.divide(smooth, weight, out=np.zeros_like(smooth), where=known)


def _nodes(item):
    """
    Return the values, longitudes and latitudes of a map on whole degrees.
    """
    data, wcs = upright(values_of(item), item.wcs)
    first = whole_degree_nodes(wcs, data.shape)
    if first is None:
        msg = (
            "Expected a map on whole degrees of Carrington longitude and latitude, found "
            f"{', '.join(item.wcs.wcs.ctype)} on another grid. Make such maps with "
            "near_side_field or mask_from_map."
        )
        raise ValueError(msg)
    rows, columns = data.shape
    return data, (first[0] + np.arange(columns)) % 360, first[1] + np.arange(rows)


def mask_in_window(mask, date, *, width=120):
    """
    Shift a mask to the far-side window of a date, by index.

    Parameters
    ----------
    mask : `~sunpy.map.GenericMap`
        Mask from `active_mask`, with the 144 latitudes of the window.
    date : `~astropy.time.Time`, `str` or `~datetime.datetime`
        Date of the middle map of a sequence.
    width : `int`, optional
        Number of columns of the window.

    Returns
    -------
    `~sunpy.map.GenericMap`, 144 x ``width`` pixels
        Mask with the coordinates of the window, as in detection images. NaN outside the input
        mask.

    Notes
    -----
    The mask is not interpolated, as both grids are on whole degrees of Carrington longitude. The
    drift of regions in Carrington longitude, up to a few degrees in half a rotation, is not
    corrected, as in the publication.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy.map import Map
    >>> from sunpy_farside.coordinates.window import carrington_header
    >>> from sunpy_farside.datasets.masks import mask_in_window
    >>> header = carrington_header(
    ...     "2022-05-18T12:00", (144, 120), first_longitude=70, first_latitude=-72
    ... )
    >>> mask = mask_in_window(Map(np.zeros((144, 120)), header), "2022-05-05")
    >>> [int(column) for column in np.flatnonzero(np.isnan(mask.data).any(axis=0))]
    [0, 1]
    """
    values, longitude, latitude = _nodes(mask)
    if len(latitude) != WINDOW_ROWS or latitude[0] != FIRST_LATITUDE:
        msg = (
            f"Expected a mask of the {WINDOW_ROWS} latitudes from {FIRST_LATITUDE} deg, found "
            f"{len(latitude)} from {latitude[0]:g} deg."
        )
        raise ValueError(msg)
    header = window_header(date, width)
    start = int(window_longitudes(date, width)[0].value)
    column = (start + np.arange(width) - int(longitude[0])) % 360
    inside = column < len(longitude)
    data = np.full((WINDOW_ROWS, width), np.nan, dtype=np.float32)
    data[:, inside] = values[:, column[inside]]
    return Map(data, header)


@u.quantity_input
def mask_from_map(source, date, threshold, *, smoothing: u.deg = 0 * u.deg, width=120):
    """
    Compute a mask of active pixels from any map that observes the far side directly.

    Parameters
    ----------
    source : `~sunpy.map.GenericMap`
        A magnetogram of Solar Orbiter/PHI, an image of STEREO/EUVI, or any other map with solar
        coordinates.
    date : `~astropy.time.Time`, `str` or `~datetime.datetime`
        Date of the sequence to compare with, within hours of the date of the map. It sets the
        window.
    threshold : `float` or `~astropy.units.Quantity`
        Value above which a pixel is active; a number is in the unit of the map.
    smoothing : `~astropy.units.Quantity`, optional
        Standard deviation of a Gaussian that smooths the map before the threshold, in degrees of
        longitude and latitude. The masks for the training of the network use 3 degrees and 30 G.
    width : `int`, optional
        Number of columns of the window.

    Returns
    -------
    `~sunpy.map.GenericMap`, 144 x ``width`` pixels
        1 where the absolute value of the map is above the threshold, else 0; NaN where the map
        has no data. The coordinates are those of detection images.

    Notes
    -----
    The map is resampled at its own date, because Carrington frames of different dates are
    different frames in astropy. Each pixel of the window is a mean over the pixels of the map in
    it.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.datasets.masks import mask_from_map
    >>> source = sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence.maps[5]
    >>> mask = mask_from_map(source, "2022-05-05", 0.1)
    >>> mask.data.shape
    (144, 120)
    """
    unit = source.unit or u.dimensionless_unscaled
    threshold = u.Quantity(threshold, unit if np.isscalar(threshold) else None).to_value(unit)
    # Slow to import, and needed only here.
    from reproject import reproject_adaptive

    meridian = far_side_central_meridian(date).deg
    start = int(window_start(meridian, width))
    shape = (WINDOW_ROWS, width)
    target = carrington_header(
        source.date, shape, first_longitude=start, first_latitude=FIRST_LATITUDE
    )
    values, wcs = upright(values_of(source), source.wcs)
    data, _ = reproject_adaptive(
        turn_to(values, wcs, meridian),
        WCS(target),
        shape_out=shape,
        bad_value_mode="ignore",
    )
    known = np.isfinite(data)
    if not known.any():
        msg = (
            f"Expected a map that shows some of the far side of {parse_time(date).isot[:16]}, "
            f"found none of its window in the map of {source.date.isot[:16]}."
        )
        raise ValueError(msg)
    smooth = _smoothed(np.abs(np.where(known, data, 0)), known, smoothing.to_value(u.deg))
    mask = np.where(known, smooth > threshold, np.nan)
    return Map(mask.astype(np.float32), window_header(date, width))
