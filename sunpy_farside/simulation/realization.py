"""
Simulation of phase maps with known active regions, as sunpy maps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington
from sunpy.map import GenericMap

from sunpy_farside.cadence import MIDDLE, N_MAPS, add_steps
from sunpy_farside.coordinates.far_side import disk_center_latitude, far_side_central_meridian
from sunpy_farside.coordinates.window import (
    FIRST_LATITUDE,
    WINDOW_ROWS,
    window_header,
    window_longitudes,
)
from sunpy_farside.errors import FarsideError
from sunpy_farside.maps import FarsidePhaseMap, phase_map_header
from sunpy_farside.maps.sources import Map
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.simulation.active_regions import (
    ACTIVE_FIELD,
    Regions,
    target_mask,
    unsigned_field,
)
from sunpy_farside.simulation.magnetograms import MagneticRegions
from sunpy_farside.simulation.phases import View, half_days, simulate_phases
from sunpy_farside.simulation.signature import FORMER, Signature
from sunpy_farside.simulation.suns import DRAWN, MOST_ACTIVE, SunModel
from sunpy_farside.utils.inputs import check_range, check_type, check_whole, user_time
from sunpy_farside.utils.text import counted, described
from sunpy_farside.utils.typing import TimeLike

__all__ = ["SimulatedMaps", "SimulatedSequence", "simulate_maps", "simulate_sequence", "view_of"]


@dataclass(frozen=True, eq=False)
class SimulatedMaps:
    """
    Simulated phase maps with their active regions.

    Attributes
    ----------
    maps : `list` of `~sunpy_farside.maps.phase_map.FarsidePhaseMap`
        Simulated maps, in order of time.
    sun : `~sunpy_farside.simulation.active_regions.Regions` or \
            `~sunpy_farside.simulation.magnetograms.MagneticRegions`
        Active regions; day 0 is the date of ``maps[len(maps) // 2]``.
    """

    maps: list
    sun: Regions | MagneticRegions

    def __repr__(self):
        first, last = (self.maps[end].date.isot[:16] for end in (0, -1))
        return f"<SimulatedMaps: {counted(len(self.maps), 'map')}, {first} to {last}>"

    def regions(self, date: TimeLike) -> QTable:
        """
        Return the table of active regions on the whole Sun on a date.

        Parameters
        ----------
        date : `~astropy.time.Time`, `str` or `~datetime.datetime`

        Returns
        -------
        `~astropy.table.QTable`
            Columns ``name`` (the same for a region on all dates), ``centroid``
            (`~astropy.coordinates.SkyCoord`), unsigned ``flux``, ``extent`` (separation of the
            two polarities) and ``age`` since emergence, in order of decreasing flux.
        """
        date = user_time(date)
        day = self._day(date)
        flux = self.sun.flux_on(day)
        table = QTable()
        table["name"] = np.arange(len(self.sun))
        table["centroid"] = SkyCoord(
            self.sun.longitude_on(day) % 360 * u.deg,
            self.sun.latitude * u.deg,
            frame=HeliographicCarrington(obstime=date, observer="earth"),
        )
        table["flux"] = flux * u.Mx
        table["extent"] = self.sun.separation * u.deg
        table["age"] = (day - self.sun.emergence) * u.day
        table = table[flux > 0]
        return table[np.argsort(-table["flux"])]

    def field(self, date: TimeLike, *, width: int = 120) -> GenericMap:
        """
        Return the smoothed unsigned magnetic field in the far-side window of a date.

        Parameters
        ----------
        date : `~astropy.time.Time`, `str` or `~datetime.datetime`
        width : `int`, optional

        Returns
        -------
        `~sunpy.map.GenericMap`
            In gauss, smoothed with a Gaussian of 3 degrees.
        """
        date = user_time(date)
        header = window_header(date, width)
        header["bunit"] = "G"
        longitudes = window_longitudes(date, width).to_value(u.deg)
        latitudes = FIRST_LATITUDE + np.arange(WINDOW_ROWS, dtype=float)
        field = unsigned_field(self.sun, self._day(date), longitudes, latitudes)
        return Map(field.astype(np.float32), header)

    def truth(self, date: TimeLike, *, width: int = 120) -> GenericMap:
        """
        Return the mask of active pixels in the far-side window of a date.

        Parameters
        ----------
        date : `~astropy.time.Time`, `str` or `~datetime.datetime`
        width : `int`, optional

        Returns
        -------
        `~sunpy.map.GenericMap`
            1 where the smoothed unsigned field is above 30 G, else 0, as in the training of the
            published network [Felipe & Asensio Ramos 2019, section 2.3].
        """
        return _active(self.field(date, width=width))

    def _day(self, date):
        return (date - self.maps[len(self.maps) // 2].date).to_value(u.day)


@dataclass(frozen=True, eq=False)
class SimulatedSequence:
    """
    Simulated sequence with its ground truth.

    Attributes
    ----------
    sequence : `~sunpy_farside.sequence.FarsideSequence`
    field : `~sunpy.map.GenericMap`
        Smoothed unsigned magnetic field in the window of the middle map, in gauss.
    regions : `~astropy.table.QTable`
        Active regions on the whole Sun at the date of the middle map, in order of decreasing
        flux.
    sun : `~sunpy_farside.simulation.active_regions.Regions` or \
            `~sunpy_farside.simulation.magnetograms.MagneticRegions`
        Parameters of the active regions; day 0 is the date of the middle map.
    signature : `~sunpy_farside.simulation.signature.Signature`
        Relation between magnetic field and phase shift.
    """

    sequence: FarsideSequence
    field: GenericMap
    regions: QTable
    sun: Regions | MagneticRegions
    signature: Signature = FORMER

    def __repr__(self):
        date = self.sequence.date.isot[:16]
        return (
            f"<SimulatedSequence: {date}, {counted(len(self.regions), 'region')} on the whole Sun>"
        )

    def active(self, target: dict) -> np.ndarray:
        """
        Return the mask of active pixels in the window of the middle map.

        Parameters
        ----------
        target : `dict`
            Definition of active pixels, as in
            `~sunpy_farside.simulation.active_regions.target_mask`.

        Returns
        -------
        array of `bool`, shape (144, width)
        """
        longitudes = window_longitudes(self.sequence.date, self.sequence.width).to_value(u.deg)
        latitudes = FIRST_LATITUDE + np.arange(WINDOW_ROWS, dtype=float)
        return target_mask(target, self.sun, 0, longitudes, latitudes)

    def signatures(self, *, width: int | None = None) -> np.ndarray:
        """
        Compute the phase shifts of the active regions, without noise.

        Parameters
        ----------
        width : `int`, optional
            Number of columns; by default, that of the sequence.

        Returns
        -------
        array of `numpy.float32`, shape (11, 144, width)
            In rad, zero or negative, all in the window of the middle map, also where data are
            missing from the maps.
        """
        date, width = self.sequence.date, width or self.sequence.width
        latitudes = FIRST_LATITUDE + np.arange(WINDOW_ROWS, dtype=float)
        longitudes = window_longitudes(date, width).to_value(u.deg)
        return view_of(date, N_MAPS, longitudes, latitudes).signatures(self.sun, self.signature)

    @property
    def truth(self) -> GenericMap:
        """
        Mask of active pixels, 1 where the field is above 30 G, else 0 (`~sunpy.map.GenericMap`).
        """
        return _active(self.field)


def simulate_maps(
    start: TimeLike,
    n_maps: int,
    *,
    seed: int | Sequence[int],
    activity: float = 0.6,
    noise_seed: int | Sequence[int] | None = None,
    sun: SunModel = DRAWN,
    scheduler: str | None = None,
) -> SimulatedMaps:
    """
    Simulate consecutive phase maps with known active regions.

    Parameters
    ----------
    start : `~astropy.time.Time`, `str` or `~datetime.datetime`
        Date of the first map.
    n_maps : `int`
        Number of maps, 12 hours apart.
    seed : `int` or sequence of `int`
        The same seed gives the same maps.
    activity : `float`, optional
        Level of activity: 0 for no active regions, 1 for the maximum of a strong cycle, 1.2 at
        most.
    noise_seed : `int` or sequence of `int`, optional
        Seed of the noise alone: the same active regions with another realization of the noise, as
        another instrument would map them.
    sun : `~sunpy_farside.simulation.suns.SunModel`, optional
        Model of the Sun (`~sunpy_farside.simulation.suns.load_sun`).
    scheduler : `str`, optional
        Address of a scheduler of Dask, whose workers simulate the parts of a series of more than 40
        maps: the same maps.

    Returns
    -------
    `SimulatedMaps`

    Raises
    ------
    SchedulerError
        The scheduler or its workers cannot do the work.

    Notes
    -----
    The maps have the statistics of observed ones, which are made with helioseismic holography
    (Lindsey & Braun 2000): a standard deviation of 0.05 rad, grains of constant size on the
    far-side disk, and 12 of the 24 hours of each map in common with the next. Active regions
    emerge, drift with the differential rotation and decay; their negative phase shifts are
    proportional to their flux until they saturate. See `sunpy_farside.simulation.noise` and
    `sunpy_farside.simulation.active_regions`.

    Examples
    --------
    >>> from sunpy_farside.simulation import simulate_maps
    >>> simulated = simulate_maps("2022-05-01", 3, seed=1)
    >>> [phase_map.date.isot[:13] for phase_map in simulated.maps]
    ['2022-05-01T00', '2022-05-01T12', '2022-05-02T00']
    """
    check_whole(n_maps, "a number of maps")
    check_range(activity, "an activity", 0, MOST_ACTIVE)
    check_type(sun, SunModel, "a SunModel", "Get one from load_sun.")
    rng = _generator(seed)
    times = add_steps(user_time(start), np.arange(n_maps))
    view = view_of(times[n_maps // 2], n_maps, np.arange(361.0), np.arange(-90.0, 91.0))
    regions = sun.sample_regions(rng, activity, (view.days[0], view.days[-1]))
    if noise_seed is not None:
        rng = _generator(noise_seed)
    noise = sun.noise.sample(rng)
    phases = simulate_phases(rng, regions, noise, view, sun.signature, scheduler=scheduler)
    # The first and the last column are the same meridian.
    phases[:, :, 360] = phases[:, :, 0]
    maps = [
        FarsidePhaseMap(data, phase_map_header(time))
        for data, time in zip(phases, times, strict=True)
    ]
    return SimulatedMaps(maps, regions)


def _generator(seed):
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        msg = (
            f"Expected a seed of whole numbers of 0 or more, found {described(seed)}. Give one or "
            "a list of them."
        )
        raise (TypeError if isinstance(error, TypeError) else FarsideError)(msg) from error


def simulate_sequence(
    date: TimeLike,
    *,
    seed: int | Sequence[int],
    activity: float = 0.6,
    width: int = 120,
    noise_seed: int | Sequence[int] | None = None,
    sun: SunModel = DRAWN,
) -> SimulatedSequence:
    """
    Simulate a sequence of eleven phase maps with known active regions.

    Parameters
    ----------
    date : `~astropy.time.Time`, `str` or `~datetime.datetime`
        Date of the middle map.
    seed : `int` or sequence of `int`
        The same seed gives the same sequence.
    activity : `float`, optional
        Level of activity: 0 for no active regions, 1 for the maximum of a strong cycle, 1.2 at
        most.
    width : `int`, optional
        Columns of the windows.
    noise_seed : `int` or sequence of `int`, optional
        Seed of the noise alone: the same active regions with another realization of the noise, as
        another instrument would map them.
    sun : `~sunpy_farside.simulation.suns.SunModel`, optional
        Model of the Sun (`~sunpy_farside.simulation.suns.load_sun`).

    Returns
    -------
    `SimulatedSequence`

    See Also
    --------
    simulate_maps : Simulate longer series; the notes describe the simulation.

    Examples
    --------
    >>> import sunpy_farside
    >>> simulated = sunpy_farside.simulate_sequence("2022-05-05", seed=1)
    >>> simulated.truth.data.shape
    (144, 120)
    """
    date = user_time(date)
    start = add_steps(date, -MIDDLE)
    simulated = simulate_maps(
        start, N_MAPS, seed=seed, activity=activity, noise_seed=noise_seed, sun=sun
    )
    sequence = FarsideSequence(simulated.maps, width=width)
    return SimulatedSequence(
        sequence,
        simulated.field(date, width=width),
        simulated.regions(date),
        simulated.sun,
        sun.signature,
    )


def view_of(middle: Time, n_maps: int, longitudes: np.ndarray, latitudes: np.ndarray) -> View:
    """
    Return the viewing geometry of consecutive maps.

    Parameters
    ----------
    middle : `~astropy.time.Time`
        Date of map ``n_maps // 2``.
    n_maps : `int`
        Number of maps, 12 hours apart.
    longitudes, latitudes : array
        Nodes of the maps in degrees.

    Returns
    -------
    `~sunpy_farside.simulation.phases.View`
    """
    days = half_days(n_maps)
    centers = np.unwrap(far_side_central_meridian(middle + days * u.day).deg, period=360)
    return View(days, centers, -disk_center_latitude(middle).deg, longitudes, latitudes)


def _active(field):
    header = {key: value for key, value in field.meta.items() if key != "bunit"}
    return Map((field.data > ACTIVE_FIELD).astype(np.float32), header)
