"""
Simulated active regions: their positions, evolution and phase-shift signatures.
"""

from dataclasses import dataclass, fields

import numpy as np

from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.coordinates.rotation import carrington_drift

__all__ = [
    "ACTIVE_FIELD",
    "DEG2_CM2",
    "Regions",
    "target_mask",
    "sample_regions",
    "unsigned_field",
]

# Smoothed unsigned field in gauss above which a pixel counts as active
# [Felipe & Asensio Ramos 2019, section 2.3].
ACTIVE_FIELD = 30.0

# Square centimeters in a square degree of the solar surface (R = 695.7 Mm).
DEG2_CM2 = (np.pi / 180 * 6.957e10) ** 2
# Mean field of an active region before its decay, in gauss: a choice between 100 for young regions
# and the 17 measured for 859 regions at the resolution of the waves (7.84e21 Mx on 4.48e10 km2)
# [Yang et al. 2024, arXiv:2411.18701].
_MEAN_FIELD = 50.0
# Diffusion of decaying flux by random walk: 250 km^2/s, in square degrees per day.
_SPREAD = 0.29
# Spatial variance of the flux in the compact western (leading) polarity and in the dispersed
# eastern one [van Driel-Gesztelyi & Green 2015, LRSP 12, 1], relative to their mean. A choice.
_COMPACTNESS = (0.6, 1.4)


@dataclass(frozen=True)
class Regions:
    """
    Active regions of one realization of the Sun.

    Attributes
    ----------
    longitude, latitude : array
        Carrington position on day 0 in degrees.
    flux : array
        Largest unsigned flux in Mx.
    emergence : array
        Day of emergence of the first flux; day 0 is the reference date.
    rise, decay : array
        Duration of the linear growth and e-folding time of the subsequent decay in days.
    separation, tilt : array
        Distance between the two polarities and inclination of their axis to the equator in
        degrees, with the western (leading) polarity closer to the equator.
    efficiency : array
        Factor by which the phase shift deviates from its mean relation to the flux.
    """

    longitude: np.ndarray
    latitude: np.ndarray
    flux: np.ndarray
    emergence: np.ndarray
    rise: np.ndarray
    decay: np.ndarray
    separation: np.ndarray
    tilt: np.ndarray
    efficiency: np.ndarray

    # Lobes are few, and as large as the point-spread function of the waves.
    dense = False

    def __len__(self):
        return len(self.longitude)

    def __getitem__(self, index):
        return Regions(*(getattr(self, field.name)[index] for field in fields(self)))

    def longitude_on(self, day):
        """
        Return the Carrington longitudes on a day, after differential rotation.
        """
        return self.longitude + carrington_drift(self.latitude) * day

    def flux_on(self, day):
        """
        Return the unsigned fluxes on a day in Mx.
        """
        age = day - self.emergence
        growth = np.clip(age / self.rise, 0, 1)
        decline = np.exp(-np.maximum(age - self.rise, 0) / self.decay)
        return self.flux * growth * decline

    def spread_on(self, day):
        """
        Return the spatial variance of the flux in one polarity on a day in square degrees.
        """
        # A uniform disk with the area of the region has a variance of area / (4 pi), shared by
        # two polarities.
        area = self.flux / (_MEAN_FIELD * DEG2_CM2)
        return area / (8 * np.pi) + _SPREAD * np.maximum(day - self.emergence, 0)

    def lobes(self, day):
        """
        Return the Gaussian concentrations of flux on a day: two polarities of every region.

        Parameters
        ----------
        day : `float`
            Day relative to the reference date.

        Returns
        -------
        `dict` of `str` to array
            ``longitude`` and ``latitude`` in degrees, ``flux`` in Mx, spatial ``variance`` in
            square degrees, and ``efficiency``; the leading polarities first.
        """
        tilt = np.deg2rad(self.tilt)
        east = np.array([[0.5], [-0.5]]) * self.separation
        shrink = np.cos(np.deg2rad(self.latitude))
        longitude = self.longitude_on(day) + east * np.cos(tilt) / shrink
        latitude = self.latitude - east * np.sin(tilt) * np.sign(self.latitude)
        return {
            "longitude": longitude.ravel(),
            "latitude": latitude.ravel(),
            "flux": np.tile(self.flux_on(day) / 2, 2),
            "variance": (np.array(_COMPACTNESS)[:, None] * self.spread_on(day)).ravel(),
            "efficiency": np.tile(self.efficiency, 2),
        }


def sample_regions(rng, activity, days, *, scatter=0.25):
    """
    Sample the active regions of the whole Sun at random.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    activity : `float`
        Level of activity: 0 for no regions, 1 for the maximum of a strong cycle with about ten
        regions of more than 5e21 Mx at any time.
    days : (`float`, `float`)
        First and last day of the series; day 0 is the reference date.
    scatter : `float`, optional
        Scatter of the phase shift around its mean relation to the flux (natural logarithm).

    Returns
    -------
    `Regions`

    Notes
    -----
    Fluxes are log-normal with a median of 5e21 Mx [the shape after Munoz-Jaramillo et al. 2015,
    ApJ 800, 48; the median is a choice]. Larger regions live longer, and the separation of their
    polarities is proportional to the square root of the flux, like the extent of a region of given
    mean field [a choice between the powers 0.27 of Otsuji et al. 2011, PASJ 63, 1047, and 1 / 1.3
    of Wang & Sheeley 1989, Sol. Phys. 124, 81]. The activity belts are 27 degrees from the equator
    at the start of a cycle and 8 at its end, and 6 degrees wide [Hathaway 2015, LRSP 12, 4].
    Tilts follow Joy's law, half a degree per degree of latitude, with a scatter of 20
    degrees [Wang & Sheeley 1989]. Three regions in ten emerge in a nest next to another one [a
    choice after the nests of Castenmiller et al. 1986, Sol. Phys. 105, 237].
    """
    first, last = days
    memory = 60.0
    # This rate of emergence gives about ten regions above 5e21 Mx at solar maximum.
    number = rng.poisson(1.8 * activity * (memory + last - first))
    flux = np.exp(rng.normal(np.log(5e21), 0.95, number)).clip(5e20, 6e22)
    zone = rng.uniform(8, 27)
    latitude = (rng.normal(zone, 6, number) * rng.choice([-1, 1], number)).clip(-50, 50)
    longitude = rng.uniform(0, 360, number)
    for index in range(1, number):
        if rng.random() < 0.3:
            parent = rng.integers(index)
            longitude[index] = longitude[parent] + rng.normal(0, 7)
            latitude[index] = latitude[parent] + rng.normal(0, 4)
    size = np.sqrt(flux / 1e22)
    regions = Regions(
        longitude=longitude,
        latitude=latitude,
        flux=flux,
        emergence=rng.uniform(first - memory, last, number),
        rise=rng.uniform(1, 4, number),
        decay=14 * size * np.exp(rng.normal(0, 0.4, number)),
        separation=6 * size * np.exp(rng.normal(0, 0.25, number)),
        tilt=0.5 * np.abs(latitude) + rng.normal(0, 20, number),
        efficiency=np.exp(rng.normal(0, scatter, number)),
    )
    # Regions that never exceed a tenth of the median flux leave no trace in the maps.
    ever = np.maximum(regions.flux_on(first), regions.flux_on(last))
    peak = regions.emergence + regions.rise
    ever = np.where((peak > first) & (peak < last), regions.flux, ever)
    return regions[ever > 5e20]


def unsigned_field(regions, day, longitudes, latitudes, *, smoothing=3.0):
    """
    Compute the smoothed unsigned magnetic field, from which the ground truth is derived.

    Parameters
    ----------
    regions : `Regions`
    day : `float`
        Day relative to the reference date.
    longitudes, latitudes : array
        Nodes of the map in degrees.
    smoothing : `float`
        Standard deviation of the Gaussian in degrees [Felipe & Asensio Ramos 2019,
        section 2.3: 3 degrees; the smoothed field above 30 G is active].

    Returns
    -------
    array, shape (latitudes, longitudes)
        Field in gauss.
    """
    field = np.zeros((len(latitudes), len(longitudes)))
    lobes = regions.lobes(day)
    shrink = np.cos(np.deg2rad(lobes["latitude"]))
    var_lon = smoothing**2 + lobes["variance"] / shrink**2
    var_lat = smoothing**2 + lobes["variance"]
    peak = lobes["flux"] / (shrink * DEG2_CM2 * 2 * np.pi * np.sqrt(var_lon * var_lat))
    for i in np.flatnonzero(peak > 1):
        dlon = (longitudes - lobes["longitude"][i] + 180) % 360 - 180
        dlat = latitudes - lobes["latitude"][i]
        field += peak[i] * np.outer(
            np.exp(-(dlat**2) / (2 * var_lat[i])), np.exp(-(dlon**2) / (2 * var_lon[i]))
        )
    return field


def target_mask(target, regions, day, longitudes, latitudes):
    """
    Return the mask of active pixels for a definition of activity.

    Parameters
    ----------
    target : `dict`
        Definition of active pixels. ``{"kind": "field", "level": G}``: the smoothed unsigned field
        (`unsigned_field`) is above a level in gauss.
        ``{"kind": "centers", "radius": deg, "flux": Mx}``: the pixel is within a radius of the
        center of a region with at least this unsigned flux.
    regions : `Regions`
    day : `float`
        Day relative to the reference date.
    longitudes, latitudes : array
        Nodes of the map in degrees.

    Returns
    -------
    array of `bool`, shape (latitudes, longitudes)
    """
    if target["kind"] == "field":
        return unsigned_field(regions, day, longitudes, latitudes) > target["level"]
    radius, strong = target["radius"], regions[regions.flux_on(day) >= target["flux"]]
    near = np.zeros((len(latitudes), len(longitudes)), dtype=bool)
    for center in zip(strong.longitude_on(day), strong.latitude, strict=True):
        rows = np.abs(latitudes - center[1]) <= radius
        near[rows] |= separations(longitudes, latitudes[rows, np.newaxis], *center) <= radius
    return near
