"""
Far-side phase maps as a `sunpy.map.Map` source.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import Normalize

import astropy.units as u
from astropy.coordinates import Longitude

from sunpy.map import GenericMap

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.maps.gong_disk import is_gong_disk, read_gong_cards, unfilled
from sunpy_farside.maps.headers import CONTENT, PHASE_MAP_SHAPE, phase_map_header
from sunpy_farside.maps.time_distance_header import corrected_header, is_time_distance
from sunpy_farside.products import product_of

__all__ = ["PHASE_MAP_SHAPE", "FarsidePhaseMap", "phase_map_header"]


class FarsidePhaseMap(GenericMap):
    """
    Far-side phase map from helioseismic holography (Lindsey & Braun 2000) or by time-distance.

    Acoustic waves reflected in strong magnetic fields return early: an active region has a
    *negative* phase shift. Values are in radian, and NaN where data are missing, as on the near
    side. JSOC's holographic maps are on whole degrees of Carrington longitude and latitude; maps of
    other products keep their own grid.

    JSOC's files have no usable header: open them with
    `~sunpy_farside.io.phase_maps.read_phase_map`, or fetch them with
    `~sunpy.net.Fido`, which completes their headers. Saved maps open with
    `sunpy.map.Map`, as do JSOC's time-distance maps, whose wrong cards are corrected
    (`~sunpy_farside.maps.time_distance_header.corrected_header`).

    Parameters
    ----------
    data : array, shape (181, 361)
        Phase shifts in rad, southernmost row first. Submaps have other shapes.
    header : `dict` or `~sunpy.util.MetaDict`
        Header from `~sunpy_farside.maps.headers.phase_map_header`, or the raw header of a
        time-distance map.
    **kwargs
        Passed to `~sunpy.map.GenericMap`.

    References
    ----------
    * Lindsey & Braun 2000, Science 287, 1799
    * `HMI far-side imaging <http://jsoc.stanford.edu/data/farside/>`__

    Examples
    --------
    >>> import sunpy_farside
    >>> phase_map = sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence.maps[5]
    >>> phase_map.unit, phase_map.data.shape
    (Unit("rad"), (181, 361))
    """

    def __init__(self, data, header, **kwargs):
        if is_gong_disk(header):
            data, header = unfilled(data), read_gong_cards(header) | {"content": CONTENT}
        if is_time_distance(header):
            header = corrected_header(header, data.shape) | {"content": CONTENT}
        super().__init__(data, header, **kwargs)
        self._nickname = "Far side"
        # Negative phase shifts (active regions) are dark, also in print.
        self.plot_settings["cmap"] = "gray"
        self.plot_settings["norm"] = Normalize(-0.2, 0.2)

    @classmethod
    def is_datasource_for(cls, data: np.ndarray, header: Mapping, **kwargs) -> bool:
        """
        Return whether a header is that of a far-side phase map.

        Parameters
        ----------
        data : array
            Not used.
        header : `dict` or `~sunpy.util.MetaDict`
        **kwargs
            Not used.

        Returns
        -------
        `bool`
        """
        return (
            str(header.get("content", "")).lower() == CONTENT
            or is_gong_disk(header)
            or is_time_distance(header)
        )

    @property
    def measurement(self) -> str:
        """
        Mapped quantity, which is ``"phase shift"``.
        """
        return "phase shift"

    @property
    def instrument(self) -> str:
        """
        Instrument that observed the Doppler data of the map.
        """
        return self.meta.get("instrume", self.meta.get("detector", ""))

    @property
    def product(self) -> str:
        """
        Name of the product that the map belongs to, such as ``"phase_map"`` (24 hours of data).
        """
        return product_of(self.meta)

    @property
    def central_meridian(self) -> Longitude:
        """
        Carrington longitude of the far-side central meridian at the date of the map.
        """
        return far_side_central_meridian(self.date)

    @property
    def coverage(self) -> u.Quantity:
        """
        Fraction of the pixels of the map that have data.
        """
        return np.isfinite(self.data).mean() * u.dimensionless_unscaled
