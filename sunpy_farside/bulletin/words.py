"""
Words for the content of a bulletin, on its page and in its text.
"""

from sunpy_farside.detection.flux import flux_text
from sunpy_farside.detection.methods import METHODS
from sunpy_farside.utils.text import some

__all__ = [
    "arrival",
    "count",
    "flux",
    "gone",
    "headline",
    "history",
    "latitude",
    "listed",
    "longitude",
    "missing",
    "old",
    "percent",
    "strength",
    "title",
    "trend",
    "when",
]

_MINUTES = 16
# Days after its date at which a detection is expected at the latest: the last map of its sequence
# is two and a half days younger.
_EXPECTED_AGE = 3.0
_TREND_ARROWS = {"growing": "↑", "steady": "→", "fading": "↓"}
# Missing maps that are named.
_MOST_NAMED = 6


def when(moment):
    """
    Return a date of the document for readers.

    Parameters
    ----------
    moment : `str`

    Returns
    -------
    `str`

    Examples
    --------
    >>> from sunpy_farside.bulletin import words
    >>> words.when("2022-05-05T12:00:00Z")
    '2022-05-05 12:00'
    """
    return moment[:_MINUTES].replace("T", " ")


def percent(share):
    """
    Return a probability in percent, from 1 to 99.

    Parameters
    ----------
    share : `float` or None

    Returns
    -------
    `str`

    Examples
    --------
    >>> from sunpy_farside.bulletin import words
    >>> words.percent(0.953), words.percent(0.999), words.percent(None)
    ('95 %', '> 99 %', 'not known')
    """
    if share is None:
        return "not known"
    if share > 0.99:
        return "> 99 %"
    return "< 1 %" if share < 0.01 else f"{100 * share:.0f} %"


def latitude(degrees):
    """
    Return a latitude as astronomers of the Sun write it.

    Parameters
    ----------
    degrees : `float`

    Returns
    -------
    `str`

    Examples
    --------
    >>> from sunpy_farside.bulletin import words
    >>> words.latitude(-19.2), words.longitude(-131.6)
    ('S19', 'E132')
    """
    return f"{'S' if degrees < 0 else 'N'}{abs(round(degrees)):02d}"


def longitude(degrees):
    """
    Return a Stonyhurst longitude as astronomers of the Sun write it.

    Parameters
    ----------
    degrees : `float`

    Returns
    -------
    `str`
    """
    return f"{'E' if degrees < 0 else 'W'}{abs(round(degrees)):02d}"


def count(number, noun):
    """
    Return a number with a noun in singular or plural.

    Parameters
    ----------
    number : `int`
    noun : `str`

    Returns
    -------
    `str`

    Examples
    --------
    >>> from sunpy_farside.bulletin import words
    >>> words.count(0, "region"), words.count(1, "region")
    ('no regions', '1 region')
    """
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def arrival(region):
    """
    Return the date and uncertainty of an arrival at the east limb.

    Parameters
    ----------
    region : `~sunpy_farside.bulletin.schema.Region`

    Returns
    -------
    `str`
    """
    error = region.arrival.uncertainty
    return when(region.arrival.date) + ("" if error is None else f" ± {error:.1f} d")


def strength(measurement):
    """
    Return the strength of a region by a method, with its trend.

    Parameters
    ----------
    measurement : `~sunpy_farside.bulletin.schema.Measurement`

    Returns
    -------
    `str`
    """
    item = measurement.strength
    symbol = METHODS[measurement.method].symbol
    return f"{symbol} {item.value:.0f} {item.unit} {trend(item)}".rstrip()


def flux(item):
    """
    Return a magnetic flux with its interval in 1e21 Mx.

    Parameters
    ----------
    item : `~sunpy_farside.bulletin.schema.Flux`

    Returns
    -------
    `str`

    Examples
    --------
    >>> from sunpy_farside.bulletin import words
    >>> from sunpy_farside.bulletin.schema import Flux
    >>> item = Flux(value=5.3e21, lower=2.8e21, upper=7.6e21, unit="Mx", change=None, trend=None)
    >>> words.flux(item)
    '5.3 (2.8-7.6)'
    """
    return flux_text(item.value, item.lower, item.upper)


def history(measurement):
    """
    Return the history of a region in words.

    Parameters
    ----------
    measurement : `~sunpy_farside.bulletin.schema.Measurement`

    Returns
    -------
    `str`
    """
    states = [entry.state for entry in measurement.history]
    found = [entry.strength for entry in measurement.history if entry.state == "detected"]
    hidden = len(states) - states.count("near_side")
    text = f"Detected on {len(found)} of {count(hidden, 'date')} on the far side"
    if found:
        text += f", strength {min(found):.0f} to {max(found):.0f} {measurement.strength.unit}"
    lost = states.count("no_map")
    return text + (f"; {count(lost, 'date')} without a map." if lost else ".")


def gone(item):
    """
    Return why a region is not in a bulletin any more.

    Parameters
    ----------
    item : `~sunpy_farside.bulletin.schema.Gone`

    Returns
    -------
    `str`
    """
    if item.reason == "arrived":
        return f"predicted to have come round the east limb on {when(item.arrival)}"
    if item.reason == "merged":
        return f"merged with {item.merged_into}"
    return {"not_detected": "no longer detected", "not_tracked": "no longer tracked"}[item.reason]


def listed(item):
    """
    Return which region of the bulletin is at the place of a published one.

    Parameters
    ----------
    item : `~sunpy_farside.bulletin.schema.ListedRegion`

    Returns
    -------
    `str`
    """
    if item.region is None:
        return "no region here"
    return f"{item.region}, {item.separation:.0f} deg away"


def missing(source):
    """
    Return which maps of a product are missing.

    Parameters
    ----------
    source : `~sunpy_farside.bulletin.schema.Source`

    Returns
    -------
    `str`
    """
    return some([when(moment) for moment in source.missing], _MOST_NAMED) or "none"


def old(detection):
    """
    Return whether a detection is missing, or older than it should be.

    Parameters
    ----------
    detection : `~sunpy_farside.bulletin.schema.Detection`

    Returns
    -------
    `bool`
    """
    return detection.age is None or detection.age > _EXPECTED_AGE


def title(document):
    """
    Return the title of a bulletin.

    Parameters
    ----------
    document : `~sunpy_farside.bulletin.schema.Bulletin`

    Returns
    -------
    `str`
    """
    return f"The far side of the Sun on {when(document.date)} UT"


def headline(document):
    """
    Return the most important sentences of a bulletin.

    Parameters
    ----------
    document : `~sunpy_farside.bulletin.schema.Bulletin`

    Returns
    -------
    `list` of `str`
    """
    if all(detection.date is None for detection in document.detections):
        return ["There are no maps, so that nothing is known of the far side."]
    regions = [region for region in document.regions if region.confirmed]
    sentences = [f"{count(len(regions), 'active region')} on the far side.".capitalize()]
    if regions:
        first = min(regions, key=lambda region: region.arrival.days)
        sentences.append(
            f"{first.name} comes round the east limb first, on {arrival(first)} "
            f"(in {first.arrival.days:.1f} days)."
        )
    if any(region.new is not None for region in document.regions) or document.gone:
        new = [region.name for region in regions if region.new]
        lost = [item.name for item in document.gone if item.confirmed]
        sentences.append(f"New since the bulletin before: {some(new) or 'none'}.")
        sentences.append(f"Gone since then: {some(lost) or 'none'}.")
    return sentences


def trend(item):
    """
    Return the trend of a strength or a flux.

    Parameters
    ----------
    item : `~sunpy_farside.bulletin.schema.Strength` or `~sunpy_farside.bulletin.schema.Flux`

    Returns
    -------
    `str`
        Empty where it is not known.
    """
    return f"{_TREND_ARROWS[item.trend]} {item.trend}" if item.trend else ""
