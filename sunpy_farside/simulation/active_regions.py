"""
Simulated active regions: their positions, evolution and phase-shift signatures.
"""

from dataclasses import dataclass, fields

import numpy as np

from sunpy_farside.coordinates.far_side import disk_coordinates, separations
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.simulation.noise import compress_limb

__all__ = [
    "ACTIVE_FIELD",
    "Regions",
    "target_mask",
    "add_signatures",
    "sample_regions",
    "saturate",
    "unsigned_field",
]

# Smoothed unsigned field in gauss above which a pixel counts as active
# [Felipe & Asensio Ramos 2019, section 2.3].
ACTIVE_FIELD = 30.0

# Square centimeters in a square degree of the solar surface (R = 695.7 Mm).
_DEG2_CM2 = (np.pi / 180 * 6.957e10) ** 2
# Mean field of an active region before its decay, in gauss: a choice between 100 for young regions
# and the 17 measured for 859 regions at the resolution of the waves (7.84e21 Mx on 4.48e10 km2)
# [Yang et al. 2024, arXiv:2411.18701].
_MEAN_FIELD = 50.0
# Diffusion of decaying flux by random walk: 250 km^2/s, in square degrees per day.
_SPREAD = 0.29
# Phase shift integrated over a region of 1e22 Mx in the absence of saturation, in rad deg^2: a
# choice for which, as in observed maps, most of the correlation between maps two steps apart comes
# from active regions.
_PHASE_PER_FLUX = 35.0
# Phase shift in rad above which the signal increases only with the logarithm of the field, so that
# large regions are wide rather than deep. A choice: the signal of the very large NOAA 12192 was 2.4
# times that of a medium-sized region [Yang et al. 2023, A&A 669, A89, figure 4].
_SATURATION = 0.2
# Spatial variance of the flux in the compact western (leading) polarity and in the dispersed
# eastern one [van Driel-Gesztelyi & Green 2015, LRSP 12, 1], relative to their mean. A choice.
_COMPACTNESS = (0.6, 1.4)
# Standard deviation of the point-spread function of the waves, in solar radii on the disk: that of
# the finest grains of the noise.
_RESOLUTION = 0.04


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
        area = self.flux / (_MEAN_FIELD * _DEG2_CM2)
        return area / (8 * np.pi) + _SPREAD * np.maximum(day - self.emergence, 0)


def sample_regions(rng, activity, days):
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
        efficiency=np.exp(rng.normal(0, 0.25, number)),
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
    lobes = _polarities(regions, day)
    shrink = np.cos(np.deg2rad(lobes["latitude"]))
    var_lon = smoothing**2 + lobes["variance"] / shrink**2
    var_lat = smoothing**2 + lobes["variance"]
    peak = lobes["flux"] / (shrink * _DEG2_CM2 * 2 * np.pi * np.sqrt(var_lon * var_lat))
    for i in np.flatnonzero(peak > 1):
        dlon = (longitudes - lobes["longitude"][i] + 180) % 360 - 180
        dlat = latitudes - lobes["latitude"][i]
        field += peak[i] * np.outer(
            np.exp(-(dlat**2) / (2 * var_lat[i])), np.exp(-(dlon**2) / (2 * var_lon[i]))
        )
    return field


def _polarities(regions, day):
    """
    Return the two polarities of every region on a day, the leading ones first.
    """
    tilt = np.deg2rad(regions.tilt)
    east = np.array([[0.5], [-0.5]]) * regions.separation
    shrink = np.cos(np.deg2rad(regions.latitude))
    longitude = regions.longitude_on(day) + east * np.cos(tilt) / shrink
    latitude = regions.latitude - east * np.sin(tilt) * np.sign(regions.latitude)
    return {
        "longitude": longitude.ravel(),
        "latitude": latitude.ravel(),
        "flux": np.tile(regions.flux_on(day) / 2, 2),
        "variance": (np.array(_COMPACTNESS)[:, None] * regions.spread_on(day)).ravel(),
        "efficiency": np.tile(regions.efficiency, 2),
    }


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


def add_signatures(half, regions, day, center, longitudes, latitudes, disk):
    """
    Add the phase shifts of active regions to the map of a 12-hour half, in place.

    The phase shift is proportional to the unsigned flux density of both polarities (`saturate`
    applies the saturation), convolved with a point-spread function of constant size on the disk:
    toward the limb, the signature of a region is stretched along the radius and fades.

    Parameters
    ----------
    half : array, shape (latitudes, longitudes)
    regions : `Regions`
    day : `float`
        Day relative to the reference date.
    center : (`float`, `float`)
        Longitude and latitude of the far-side disk center in degrees.
    longitudes, latitudes : array
        Nodes of the map in degrees.
    disk : (x, y) arrays, shape (latitudes, longitudes)
        Positions of the nodes on the disk.
    """
    if not len(regions):
        return
    lobes = _polarities(regions, day)
    lon0, lat0 = lobes["longitude"], lobes["latitude"]
    offset = 0.5  # degrees, over which the projection is nearly linear
    here = disk_coordinates(lon0, lat0, *center)
    west = disk_coordinates(lon0 + offset / np.cos(np.deg2rad(lat0)), lat0, *center)
    north = disk_coordinates(lon0, lat0 + offset, *center)
    distance = np.arctan2(np.hypot(here[0], here[1]), here[2])
    here, west, north = (np.stack(compress_limb(*point)) for point in (here, west, north))
    jacobian = np.stack([west - here, north - here], axis=-1).transpose(1, 0, 2) / offset

    covariance = lobes["variance"][:, None, None] * (jacobian @ jacobian.transpose(0, 2, 1))
    covariance += np.eye(2) * _RESOLUTION**2
    precision = np.linalg.inv(covariance)

    # The integral over the solar surface does not depend on the position of the region; its
    # visible part decreases by a third from the disk center to the limb (a choice).
    on_sun = np.sqrt(np.linalg.det(covariance)) / np.abs(np.linalg.det(jacobian))
    visible = 1 - (distance / np.pi * 2) ** 2 / 3
    phase = _PHASE_PER_FLUX * lobes["flux"] / 1e22 * lobes["efficiency"]
    depth = phase * visible / (2 * np.pi * on_sun)

    # Add each signature only out to the distance at which it drops below a thousandth of a radian.
    reach = np.sqrt(2 * np.log(np.maximum(depth, 2e-3) / 1e-3))
    inverse = np.linalg.inv(jacobian)
    on_map = inverse @ covariance @ inverse.transpose(0, 2, 1)
    reach_lon = reach * np.sqrt(on_map[:, 0, 0]) / np.cos(np.deg2rad(lat0))
    reach_lat = reach * np.sqrt(on_map[:, 1, 1])
    for i in np.flatnonzero((depth > 2e-3) & (distance < np.deg2rad(100))):
        rows = np.flatnonzero(np.abs(latitudes - lat0[i]) < reach_lat[i])
        columns = np.flatnonzero(np.abs((longitudes - lon0[i] + 180) % 360 - 180) < reach_lon[i])
        near = np.ix_(rows, columns)
        dx, dy = disk[0][near] - here[0, i], disk[1][near] - here[1, i]
        (pxx, pxy), (_, pyy) = precision[i].astype(half.dtype)
        half[near] -= half.dtype.type(depth[i]) * np.exp(
            -0.5 * (pxx * dx * dx + 2 * pxy * dx * dy + pyy * dy * dy)
        )


def saturate(half):
    """
    Saturate large phase shifts to the logarithm of the field, in place.

    Parameters
    ----------
    half : array
        Negative phase shifts in rad, proportional to the field.
    """
    scale = half.dtype.type(_SATURATION)
    np.log1p(half / -scale, out=half)
    half *= -scale
