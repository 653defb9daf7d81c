"""
Completeness and false-discovery rate of a method.

The rules are the same for every method and every kind of reference regions:

- A *reference region* counts when it has an unsigned flux of 2e21 Mx or more (of masks: five pixels
  or more) and its center lies in the middle map's window on the middle map's date, whether or not
  its signature in the maps exceeds the noise.
- Smaller regions, down to half of the limit, and regions outside the window are *ignored*:
  detections that cover only such regions are neither true nor false.
- Touching reference regions form one *complex*. Completeness is the share of the complexes that are
  found.
- Each region in the table of a method is a *detection*. It *covers* the reference regions whose
  centers lie within its outline, or within ten degrees of its centroid. For a published region
  with a radius above ten degrees, the radius replaces the ten degrees.
- Detections are classified in order of decreasing strength. A detection is *true* if it covers a
  complex that no stronger detection covers, *repeated* if stronger detections cover all of its
  complexes, *ignored* if it covers only ignored regions, and *false* if it covers no region.
- The *false-discovery rate* is the number of false detections divided by the number of true and
  false ones.
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
    "score_detections",
]

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.evaluation.scores": {"judge": "score_detections"},
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
    Numbers of complexes and detections of a method at a threshold.

    Attributes
    ----------
    found : `float`
        Number of complexes found.
    true, repeated, ignored, false : `float`
        Numbers of detections of each outcome.
    """

    found: float
    true: float
    repeated: float
    ignored: float
    false: float

    @property
    def false_discovery_rate(self):
        """
        Number of false detections divided by the number of true and false ones.
        """
        return self.false / max(self.true + self.false, 1e-9)


@dataclass(frozen=True)
class Scores:
    """
    Detections of a method in a set of sequences, compared with the reference regions.

    Attributes
    ----------
    name : `str`
        Name of the method.
    threshold : `float`
        Significance threshold of the strength.
    detections : `~astropy.table.Table`
        One row per detection, in order of decreasing strength: number of the ``sequence``,
        ``strength``, ``outcome`` (one of ``OUTCOMES``), and ``finds``, the number of complexes that
        it covers and no stronger detection does.
    regions : `~astropy.table.Table`
        One row per reference region that counts: number of the ``sequence``, the columns of the
        table of reference regions, and ``found_at``, the largest strength of the detections that
        cover it (``-inf`` without one).
    complexes : `~astropy.table.Table`
        One row per complex: number of the ``sequence``, and ``found_at`` as for regions.
    n_sequences : `int`
        Number of sequences.
    """

    name: str
    threshold: float
    detections: Table
    regions: Table
    complexes: Table
    n_sequences: int

    def counts(self, threshold, weights=None):
        """
        Count the complexes and detections at or above a threshold.

        Parameters
        ----------
        threshold : `float`
        weights : array, shape (n_sequences,), optional
            Weight of each sequence, 1 by default.

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
        Compute completeness and false-discovery rate at all thresholds.

        Parameters
        ----------
        weights : array, shape (n_sequences,), optional
            Weight of each sequence, 1 by default.

        Returns
        -------
        `~astropy.table.Table`
            One row per threshold, in decreasing order: ``threshold``; numbers of ``detections``
            (without ignored ones), of ``found`` complexes, and of ``true`` and ``false``
            detections; ``completeness`` (the share of the complexes that are found); and
            ``false_discovery_rate``.
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
            Weight of each sequence, 1 by default.

        Returns
        -------
        `float`
            Infinity if every threshold exceeds the rate.
        """
        curve = self.curve(weights)
        allowed = np.flatnonzero(curve["false_discovery_rate"] <= false_discovery_rate + 1e-12)
        return float(curve["threshold"][allowed[-1]]) if len(allowed) else np.inf

    def at_rate(self, false_discovery_rate, weights=None):
        """
        Count the detections at the lowest threshold that does not exceed a false-discovery rate.

        Parameters
        ----------
        false_discovery_rate : `float`
        weights : array, shape (n_sequences,), optional
            Weight of each sequence, 1 by default.

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
            Weight of each sequence, 1 by default.

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
    Determine which detections cover which reference regions.

    Parameters
    ----------
    longitude, latitude : array, shape (n,)
        Centroids of the detections in degrees.
    known : `~astropy.table.Table`
        The m reference regions, with the columns ``longitude`` and ``latitude`` in degrees. The
        optional column ``radius`` in degrees replaces the ten degrees for larger values.
    outline : array of `int`, shape (m,), optional
        Number, from 1, of the detection whose outline contains the center of each reference
        region; 0 for none.

    Returns
    -------
    array of `bool`, shape (n, m)
        True where a detection covers a reference region.

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


def score_detections(name, threshold, strengths, covers, known):
    """
    Classify the detections of a method by comparison with reference regions.

    Parameters
    ----------
    name : `str`
        Name of the method.
    threshold : `float`
        Significance threshold of the strength.
    strengths : sequence of arrays, each of shape (n,)
        Strengths of the n detections, one array per sequence.
    covers : sequence of arrays of `bool`, each of shape (n, m)
        Result of `cover`, one array per sequence.
    known : sequence of `~astropy.table.Table`
        The m reference regions, one table per sequence. The column ``complex`` is the number of
        the complex, -1 for ignored regions. Other columns are copied to the result.

    Returns
    -------
    `Scores`

    Examples
    --------
    >>> import numpy as np
    >>> from astropy.table import Table
    >>> from sunpy_farside.evaluation.scores import cover, score_detections
    >>> known = Table({"longitude": [154.0], "latitude": [2.0], "complex": [0]})
    >>> covers = cover([155.0, 200.0], [3.0, -20.0], known)
    >>> scores = score_detections("mine", 100.0, [np.array([120.0, 30.0])], [covers], [known])
    >>> scores.counts(100)
    Counts(found=1.0, true=1.0, repeated=0.0, ignored=0.0, false=0.0)
    >>> scores.counts(0).false_discovery_rate
    0.5
    """
    parts = [_classify(*item) for item in zip(strengths, covers, known, strict=True)]
    outcomes, finds, region_at, complex_at = zip(*parts, strict=True)
    counting = [table[np.asarray(table["complex"]) >= 0] for table in known]
    detections = Table()
    detections["sequence"] = _sequence_numbers(strengths)
    detections["strength"] = np.concatenate(strengths)
    detections["outcome"] = np.concatenate(outcomes)
    detections["finds"] = np.concatenate(finds)
    detections = detections[np.argsort(-detections["strength"], kind="stable")]
    regions = Table()
    regions["sequence"] = _sequence_numbers(counting)
    for column in counting[0].colnames:
        regions[column] = np.concatenate([table[column] for table in counting])
    regions["found_at"] = np.concatenate(region_at)
    complexes = Table()
    complexes["sequence"] = _sequence_numbers(complex_at)
    complexes["found_at"] = np.concatenate(complex_at)
    return Scores(name, threshold, detections, regions, complexes, len(known))


def _classify(strength, covers, known):
    """
    Return ``outcome`` and ``finds`` of detections, and ``found_at`` of regions and complexes.
    """
    group = np.asarray(known["complex"], dtype=int)
    counts = group >= 0
    n_complexes = len(np.unique(group[counts]))
    # True where a detection covers a complex.
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
    Return the largest strength of the detections that cover each region or complex.
    """
    values = np.where(covers, np.asarray(strength, dtype=float)[:, None], -np.inf)
    return values.max(axis=0, initial=-np.inf)


def _sequence_numbers(parts):
    return np.repeat(np.arange(len(parts)), [len(part) for part in parts])
