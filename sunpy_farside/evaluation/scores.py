"""
Completeness and false-discovery rate of a method.

The rules are the same for every method and every kind of reference regions:

- A *reference region* counts when it has an unsigned flux of 2e21 Mx or more (of masks: five pixels
  or more) and its center lies in the middle map's window on the middle map's date. Its
  visibility to waves or a network is no criterion.
- A region that does not count but is there - smaller, down to half of the limit, or beyond the
  edge of the window - is *ignored*: detections over it are neither true nor false.
- Reference regions that touch form one *complex*, which is what counts as found, once.
- A *detection* is every region in a method's table. It *covers* every reference region whose center
  lies within its outline, or within ten degrees of its centroid; where a published region is
  larger than that, one whose radius reaches the centroid.
- From the strongest down, a detection is *true* when it covers a complex that no stronger one
  covers, *repeated* when stronger ones cover all of its complexes already, *ignored* when it covers
  only what does not count, and *false* when it covers nothing.
- The *false-discovery rate* is the number of false detections over that of true and false ones.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from astropy.table import Table

from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.utils.moved import moved_names

__all__ = [
    "DISTANCE",
    "OUTCOMES",
    "Counts",
    "Scores",
    "cover",
    "judge",
]

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.evaluation.reference_regions": [
            "FLUX",
            "IGNORED_FLUX",
            "find_complexes",
            "move_regions",
            "regions_of_mask",
        ],
    },
)

# Degrees on the sphere within which a detection covers a region: about the size of a large region
# and twice the resolution of the maps.
DISTANCE = 10.0
OUTCOMES = ("true", "repeated", "ignored", "false")


class Counts(NamedTuple):
    """
    Numbers of a method at a threshold.

    Attributes
    ----------
    found : `float`
        Complexes.
    true, repeated, ignored, false : `float`
        Detections.
    """

    found: float
    true: float
    repeated: float
    ignored: float
    false: float

    @property
    def false_discovery_rate(self):
        """
        Share of the detections that are false, repeated and ignored ones left out.
        """
        return self.false / max(self.true + self.false, 1e-9)


@dataclass(frozen=True)
class Scores:
    """
    Detections of a method in a set of sequences, compared with the reference regions.

    Attributes
    ----------
    name : `str`
        The method.
    threshold : `float`
        The strength from which it calls a region significant.
    detections : `~astropy.table.Table`
        One row per detection, the strongest first: ``sequence``, ``strength``, ``outcome`` (one of
        `OUTCOMES`) and how many complexes it is the first to cover, ``finds``.
    regions : `~astropy.table.Table`
        One row per reference region that counts: ``sequence``, what is known of it, and
        ``found_at``, the largest strength of a detection that covers it, ``-inf`` where there is
        none.
    complexes : `~astropy.table.Table`
        One row per complex: ``sequence``, ``found_at``.
    n_sequences : `int`
    """

    name: str
    threshold: float
    detections: Table
    regions: Table
    complexes: Table
    n_sequences: int

    def counts(self, threshold, weights=None):
        """
        Return the numbers at or above a threshold.

        Parameters
        ----------
        threshold : `float`
        weights : array, shape (n_sequences,), optional
            How often each sequence counts.

        Returns
        -------
        `Counts`
        """
        strong = np.asarray(self.detections["strength"]) >= threshold
        weight = self._weights(weights)[strong]
        outcome = np.asarray(self.detections["outcome"])[strong]
        found = weight @ np.asarray(self.detections["finds"])[strong]
        return Counts(float(found), *(float(weight[outcome == name].sum()) for name in OUTCOMES))

    def curve(self, weights=None):
        """
        Return completeness and false-discovery rate at every threshold.

        Parameters
        ----------
        weights : array, shape (n_sequences,), optional
            How often each sequence counts.

        Returns
        -------
        `~astropy.table.Table`
            ``threshold`` from the largest to the smallest, ``detections`` (ignored ones left out),
            ``found`` complexes, ``true`` and ``false`` detections, ``completeness`` (the share
            of the complexes that are found) and ``false_discovery_rate``.
        """
        strength = np.asarray(self.detections["strength"], dtype=float)
        weight = self._weights(weights)
        outcome = np.asarray(self.detections["outcome"])
        # Detections of one strength come together.
        last = np.append(strength[1:] != strength[:-1], True)[: len(strength)]
        table = Table()
        table["threshold"] = strength[last]
        table["detections"] = np.cumsum(weight * (outcome != "ignored"))[last]
        table["found"] = np.cumsum(weight * np.asarray(self.detections["finds"]))[last]
        table["true"] = true = np.cumsum(weight * (outcome == "true"))[last]
        table["false"] = false = np.cumsum(weight * (outcome == "false"))[last]
        table["completeness"] = table["found"] / max(self.known(weights), 1)
        table["false_discovery_rate"] = false / np.maximum(true + false, 1e-9)
        return table

    def best(self, false_discovery_rate, weights=None):
        """
        Return the lowest threshold that does not exceed a false-discovery rate.

        Parameters
        ----------
        false_discovery_rate : `float`
        weights : array, shape (n_sequences,), optional
            How often each sequence counts.

        Returns
        -------
        `float`
            Infinity where no threshold keeps to the rate.
        """
        curve = self.curve(weights)
        allowed = np.flatnonzero(curve["false_discovery_rate"] <= false_discovery_rate + 1e-12)
        return float(curve["threshold"][allowed[-1]]) if len(allowed) else np.inf

    def at_rate(self, false_discovery_rate, weights=None):
        """
        Return the numbers at the lowest threshold that keeps to a false-discovery rate.

        Parameters
        ----------
        false_discovery_rate : `float`
        weights : array, shape (n_sequences,), optional
            How often each sequence counts.

        Returns
        -------
        `Counts`
        """
        return self.counts(self.best(false_discovery_rate, weights), weights)

    def known(self, weights=None):
        """
        Return the number of complexes.

        Parameters
        ----------
        weights : array, shape (n_sequences,), optional
            How often each sequence counts.

        Returns
        -------
        `float`
        """
        if weights is None:
            return float(len(self.complexes))
        return float(np.asarray(weights)[np.asarray(self.complexes["sequence"], dtype=int)].sum())

    def _weights(self, weights):
        weights = np.ones(self.n_sequences) if weights is None else np.asarray(weights)
        return weights[np.asarray(self.detections["sequence"], dtype=int)]


def cover(longitude, latitude, known, outline=None):
    """
    Return which detections cover which reference regions.

    Parameters
    ----------
    longitude, latitude : array, shape (n,)
        Centroids of the detections in degrees.
    known : `~astropy.table.Table`
        ``longitude`` and ``latitude`` of the m reference regions in degrees; their ``radius``, if
        there is such a column, replaces the ten degrees where it is larger.
    outline : array of `int`, shape (m,), optional
        Which detection's outline the center of each region lies in, counted from 1; 0 for none.

    Returns
    -------
    array of `bool`, shape (n, m)

    Examples
    --------
    >>> from astropy.table import Table
    >>> from sunpy_farside.evaluation.scores import cover
    >>> known = Table({"longitude": [2.0, 40.0], "latitude": [0.0, 0.0]})
    >>> cover([355.0, 20.0], [0.0, 0.0], known, outline=[0, 2]).tolist()
    [[True, False], [False, True]]
    """
    longitude, latitude = (np.asarray(item, dtype=float)[:, None] for item in (longitude, latitude))
    reach = DISTANCE
    if "radius" in known.colnames:
        reach = np.maximum(np.asarray(known["radius"]), DISTANCE)
    covers = separations(longitude, latitude, known["longitude"], known["latitude"]) <= reach
    if outline is not None:
        covers |= np.arange(1, len(longitude) + 1)[:, None] == np.asarray(outline)
    return covers


def judge(name, threshold, strengths, covers, known):
    """
    Hold the detections of a method against the reference regions of the same sequences.

    Parameters
    ----------
    name : `str`
    threshold : `float`
    strengths : sequence of arrays, each of shape (n,)
        Of every sequence: strengths of the detections.
    covers : sequence of arrays of `bool`, each of shape (n, m)
        Of every sequence: which detections cover which reference regions (`cover`).
    known : sequence of `~astropy.table.Table`
        Of every sequence its m reference regions: their ``complex``, -1 for those that do not
        count, and whatever columns more.

    Returns
    -------
    `Scores`

    Examples
    --------
    >>> import numpy as np
    >>> from astropy.table import Table
    >>> from sunpy_farside.evaluation.scores import cover, judge
    >>> known = Table({"longitude": [154.0], "latitude": [2.0], "complex": [0]})
    >>> covers = cover([155.0, 200.0], [3.0, -20.0], known)
    >>> scores = judge("mine", 100.0, [np.array([120.0, 30.0])], [covers], [known])
    >>> scores.counts(100)
    Counts(found=1.0, true=1.0, repeated=0.0, ignored=0.0, false=0.0)
    >>> scores.counts(0).false_discovery_rate
    0.5
    """
    parts = [_judge(*item) for item in zip(strengths, covers, known, strict=True)]
    outcomes, finds, region_at, complex_at = zip(*parts, strict=True)
    counting = [table[np.asarray(table["complex"]) >= 0] for table in known]
    detections = Table()
    detections["sequence"] = _owners(strengths)
    detections["strength"] = np.concatenate(strengths)
    detections["outcome"] = np.concatenate(outcomes)
    detections["finds"] = np.concatenate(finds)
    detections = detections[np.argsort(-detections["strength"], kind="stable")]
    regions = Table()
    regions["sequence"] = _owners(counting)
    for column in counting[0].colnames:
        regions[column] = np.concatenate([table[column] for table in counting])
    regions["found_at"] = np.concatenate(region_at)
    complexes = Table()
    complexes["sequence"] = _owners(complex_at)
    complexes["found_at"] = np.concatenate(complex_at)
    return Scores(name, threshold, detections, regions, complexes, len(known))


def _judge(strength, covers, known):
    """
    Return outcomes and finds of the detections of a sequence, and `_best` of its regions.
    """
    group = np.asarray(known["complex"], dtype=int)
    counts = group >= 0
    n_complexes = len(np.unique(group[counts]))
    # Which detection covers which complex.
    complexes = np.zeros((len(strength), n_complexes), dtype=bool)
    for index, number in enumerate(np.unique(group[counts])):
        complexes[:, index] = covers[:, group == number].any(axis=1)
    outcome = np.full(len(strength), "false", dtype="U8")
    outcome[covers.any(axis=1)] = "ignored"
    outcome[complexes.any(axis=1)] = "repeated"
    finds = np.zeros(len(strength), dtype=int)
    free = np.ones(n_complexes, dtype=bool)
    for detection in np.argsort(-np.asarray(strength), kind="stable"):
        finds[detection] = np.sum(complexes[detection] & free)
        free &= ~complexes[detection]
    outcome[finds > 0] = "true"
    return outcome, finds, _best(strength, covers[:, counts]), _best(strength, complexes)


def _best(strength, covers):
    """
    Return the largest strength that covers each column.
    """
    values = np.where(covers, np.asarray(strength, dtype=float)[:, None], -np.inf)
    return values.max(axis=0, initial=-np.inf)


def _owners(parts):
    return np.repeat(np.arange(len(parts)), [len(part) for part in parts])
