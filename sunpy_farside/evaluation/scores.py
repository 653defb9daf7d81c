"""
How many regions a method finds, and how many of its detections are false.

The rules are the same for every method:

- A *true region* is an active region with an unsigned flux of 2e21 Mx or more whose centre lies
  in the middle map's window on the middle map's date. Whether waves or a network can see it
  plays no part. The limit is well inside what van Driel-Gesztelyi & Green (2015, LRSP 12, 1,
  table 1) call small active regions (1e20 to 5e21 Mx).
- A *detection* is every region in a method's table, whatever its strength. It stands at its
  centroid.
- The two match one to one within ten degrees on the sphere, about the size of a large region
  and twice the resolution of the maps. A second detection of the same region is false.
- At a threshold, the detections at or above it are matched: as many pairs as there can be.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from astropy.table import Table

from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.coordinates.window import FIRST_LATITUDE

__all__ = ["DISTANCE", "FLUX", "Scores", "judge", "match_by_strength", "regions_of_mask"]

# Degrees on the sphere within which a detection and a region match.
DISTANCE = 10.0
# Unsigned flux in Mx of the smallest true region of a simulation.
FLUX = 2e21
# Smallest patch of a mask that is a region, as both methods ask of a detection.
_N_PIXELS = 5


@dataclass(frozen=True)
class Scores:
    """
    What a method found in a set of sequences.

    Attributes
    ----------
    name : `str`
        The method.
    threshold : `float`
        The strength from which it calls a region significant.
    detections : `~astropy.table.Table`
        One row per detection, the strongest first: ``sequence``, ``strength``, ``longitude``,
        ``latitude`` (degrees) and whether it is ``true``: at a threshold of its own strength it
        matches a region that the stronger ones leave.
    regions : `~astropy.table.Table`
        One row per true region: ``sequence``, ``longitude``, ``latitude``, what else is known of
        it, and ``found_at``,
        the largest threshold at which it is found, ``-inf`` where it never is.
    n_sequences : `int`
    """

    name: str
    threshold: float
    detections: Table
    regions: Table
    n_sequences: int

    def counts(self, threshold, weights=None):
        """
        True and false detections at or above a threshold.

        Parameters
        ----------
        threshold : `float`
        weights : array, shape (n_sequences,), optional
            How often each sequence counts.

        Returns
        -------
        true, false : `float`
        """
        strong = np.asarray(self.detections["strength"]) >= threshold
        weight = self._weights(weights)[strong]
        true = np.asarray(self.detections["true"])[strong]
        return float(weight[true].sum()), float(weight[~true].sum())

    def curve(self, weights=None):
        """
        True-positive rate and false-discovery rate at every threshold.

        Parameters
        ----------
        weights : array, shape (n_sequences,), optional
            How often each sequence counts.

        Returns
        -------
        `~astropy.table.Table`
            ``threshold`` from the largest to the smallest, ``true`` and ``false`` detections,
            ``true_positive_rate`` (the share of the true regions that are found) and
            ``false_discovery_rate`` (the share of the detections that are false).
        """
        strength = np.asarray(self.detections["strength"])
        weight = self._weights(weights)
        flags = np.asarray(self.detections["true"])
        true, false = np.cumsum(weight * flags), np.cumsum(weight * ~flags)
        # Detections of one strength come together.
        last = np.append(strength[1:] != strength[:-1], True)[: len(strength)]
        true, false = true[last], false[last]
        known = len(self.regions)
        if weights is not None:
            known = np.asarray(weights)[np.asarray(self.regions["sequence"])].sum()
        table = Table()
        table["threshold"] = strength[last]
        table["true"], table["false"] = true, false
        table["true_positive_rate"] = true / max(known, 1)
        table["false_discovery_rate"] = false / np.maximum(true + false, 1e-9)
        return table

    def best(self, false_discovery_rate, weights=None):
        """
        The threshold that finds most regions without exceeding a false-discovery rate.

        Parameters
        ----------
        false_discovery_rate : `float`
        weights : array, shape (n_sequences,), optional
            How often each sequence counts.

        Returns
        -------
        threshold, true : `float`
            Infinity and 0 where no threshold keeps to the rate.
        """
        curve = self.curve(weights)
        allowed = np.flatnonzero(curve["false_discovery_rate"] <= false_discovery_rate + 1e-12)
        if not len(allowed):
            return np.inf, 0.0
        return float(curve["threshold"][allowed[-1]]), float(curve["true"][allowed[-1]])

    def _weights(self, weights):
        weights = np.ones(self.n_sequences) if weights is None else np.asarray(weights)
        return weights[np.asarray(self.detections["sequence"], dtype=int)]


def judge(name, threshold, detected, known):
    """
    Hold the detections of a method against the true regions of the same sequences.

    Parameters
    ----------
    name : `str`
    threshold : `float`
    detected : sequence of arrays, each of shape (n, 3)
        Of every sequence: strength, longitude and latitude (degrees) of the detections.
    known : sequence of `~astropy.table.Table`
        Of every sequence: ``longitude`` and ``latitude`` of its true regions in degrees, and
        whatever columns more.

    Returns
    -------
    `Scores`

    Examples
    --------
    >>> import numpy as np
    >>> from astropy.table import Table
    >>> from sunpy_farside.evaluation.scores import judge
    >>> known = Table({"longitude": [154.0], "latitude": [2.0]})
    >>> detected = np.array([[120.0, 155.0, 3.0], [30.0, 200.0, -20.0]])
    >>> scores = judge("mine", 100.0, [detected], [known])
    >>> scores.counts(100), scores.counts(0)
    ((1.0, 0.0), (1.0, 1.0))
    """
    flags, found = [], []
    for rows, regions in zip(detected, known, strict=True):
        apart = separations(
            rows[:, 1, None], rows[:, 2, None], regions["longitude"], regions["latitude"]
        )
        flag, at = match_by_strength(rows[:, 0], apart <= DISTANCE)
        flags.append(flag)
        found.append(at)
    detections = Table(np.concatenate(detected), names=("strength", "longitude", "latitude"))
    detections["true"] = np.concatenate(flags)
    detections["sequence"] = np.repeat(np.arange(len(detected)), [len(rows) for rows in detected])
    detections = detections[np.argsort(-detections["strength"], kind="stable")]
    regions = Table()
    for column in known[0].colnames:
        regions[column] = np.concatenate([table[column] for table in known])
    regions["found_at"] = np.concatenate(found)
    regions["sequence"] = np.repeat(np.arange(len(known)), [len(table) for table in known])
    return Scores(name, threshold, detections, regions, len(known))


def match_by_strength(strength, allowed):
    """
    Match detections with regions one to one, at every threshold at once.

    Parameters
    ----------
    strength : array, shape (n,)
    allowed : array of `bool`, shape (n, m)
        Which detection may match which region.

    Returns
    -------
    true : array of `bool`, shape (n,)
        At any threshold, the number of pairs is that of the true detections at or above it.
    found_at : array, shape (m,)
        The largest threshold at which each region is found, ``-inf`` where it never is.

    Notes
    -----
    Detections are added from the strongest down, each along an augmenting path [Kuhn 1955,
    Naval Research Logistics Quarterly 2, 83]: a region once found stays found, and no threshold
    could have more pairs.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.evaluation.scores import match_by_strength
    >>> allowed = np.array([[True, False], [True, True], [False, True]])
    >>> true, found_at = match_by_strength(np.array([3.0, 2.0, 1.0]), allowed)
    >>> true.tolist(), found_at.tolist()
    ([True, True, False], [3.0, 2.0])
    """
    n_detections, n_regions = allowed.shape
    owner = np.full(n_regions, -1)
    true = np.zeros(n_detections, dtype=bool)
    found_at = np.full(n_regions, -np.inf)

    def augment(detection, seen):
        """
        Find a region for a detection, moving others to their alternatives.
        """
        for region in np.flatnonzero(allowed[detection] & ~seen):
            if seen[region]:
                continue
            seen[region] = True
            if owner[region] < 0 or augment(owner[region], seen):
                owner[region] = detection
                return True
        return False

    for detection in np.argsort(-np.asarray(strength), kind="stable"):
        free = owner < 0
        true[detection] = augment(detection, np.zeros(n_regions, dtype=bool))
        found_at[free & (owner >= 0)] = strength[detection]
    return true, found_at


def regions_of_mask(mask, longitudes, *, first_latitude=FIRST_LATITUDE):
    """
    The true regions of a mask: connected patches, corners included, of five pixels or more.

    Parameters
    ----------
    mask : array, shape (rows, columns)
        Above zero where the Sun is active, one degree by one degree; NaN where that is not known.
    longitudes : array, shape (columns,)
        Carrington longitudes in degrees.
    first_latitude : `int`, optional
        Latitude of the first row in degrees.

    Returns
    -------
    `~astropy.table.Table`
        ``longitude`` and ``latitude`` of the mean pixel in degrees, and ``area`` on the Sun in
        square degrees.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.evaluation.scores import regions_of_mask
    >>> mask = np.zeros((144, 120))
    >>> mask[72:75, 58:61] = 1
    >>> regions_of_mask(mask, np.arange(301, 421) % 360)["longitude", "latitude"]
    <Table length=1>
    longitude latitude
     float64  float64
    --------- --------
          0.0      1.0
    """
    labels, number = ndimage.label(np.nan_to_num(mask) > 0, np.ones((3, 3)))
    index = np.arange(1, number + 1)
    ones = np.ones(mask.shape)
    sphere = ones * np.cos(np.deg2rad(first_latitude + np.arange(len(mask))))[:, np.newaxis]
    pixels = ndimage.sum_labels(ones, labels, index)
    place = np.array(ndimage.center_of_mass(ones, labels, index)).reshape(-1, 2)
    table = Table()
    # Neighbouring columns are neighbouring degrees, also across the seam.
    table["longitude"] = (longitudes[0] + place[:, 1]) % 360
    table["latitude"] = first_latitude + place[:, 0]
    table["area"] = ndimage.sum_labels(sphere, labels, index)
    return table[pixels >= _N_PIXELS]
