"""
The bulletin as text of 80 columns, for terminals and mails.
"""

from textwrap import wrap

from sunpy_farside.bulletin import words

__all__ = ["bulletin_text"]

_WIDTH = 80


def bulletin_text(document):
    """
    Return a bulletin as text.

    Parameters
    ----------
    document : `~sunpy_farside.bulletin.schema.Bulletin`

    Returns
    -------
    `str`
        Lines of at most 80 characters.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.bulletin import Day, Series, bulletin_document, bulletin_text
    >>> from sunpy_farside.catalog.tracking import no_tracks
    >>> day = Day(Time("2022-05-05"), (Series("phase_map", no_tracks("seismic_strength")),))
    >>> print(bulletin_text(bulletin_document(day)).splitlines()[0])
    THE FAR SIDE OF THE SUN ON 2022-05-05 00:00 UT
    """
    heading = words.title(document).upper()
    lines = [heading, "=" * len(heading), ""]
    for sentence in words.headline(document):
        lines += _wrapped(sentence)
    confirmed = [region for region in document.regions if region.confirmed]
    others = [region for region in document.regions if not region.confirmed]
    lines += _table("Regions", confirmed)
    lines += _table("Uncertain regions", others)
    lines += _section("Gone", [_gone(item) for item in document.gone if item.confirmed])
    for name, found in (("JSOC", document.jsoc), ("NOAA", document.noaa)):
        if found is not None:
            items = [_listed(item) for item in found.regions] or ["no region"]
            lines += _section(f"{name}, list of {words.when(found.date)}", items)
    lines += _section("Data", _data(document))
    return "\n".join(_plain(line).rstrip() for line in lines) + "\n"


def _wrapped(text, first="", indent=""):
    return wrap(_plain(text), _WIDTH, initial_indent=first, subsequent_indent=indent)


def _section(title, items):
    if not items:
        return []
    lines = ["", title, "-" * len(title)]
    for item in items:
        lines += _wrapped(item, "- ", "  ")
    return lines


def _table(title, regions):
    if not regions:
        return []
    lines = ["", title, "-" * len(title)]
    lines.append(f"{'#':>2}  {'Carr.':>5}  {'Lat':3}  {'Long':4}  {'Reliab.':>9}  East limb (UT)")
    for region in regions:
        place = region.position
        lines.append(
            f"{region.number:>2}  {place.carrington_longitude:5.0f}  "
            f"{words.latitude(place.latitude):3}  {words.longitude(place.stonyhurst_longitude):4}  "
            f"{words.percent(region.reliability):>9}  "
            f"{words.arrival(region)}, in {region.arrival.days:.1f} d"
        )
        lines += _wrapped(_details(region), "    ", "    ")
    return lines


def _details(region):
    parts = [region.name + (" (new)" if region.new else "")]
    if region.flux is not None:
        flux = region.flux
        parts.append(f"flux {words.flux(flux)} 1e21 Mx {words.trend(flux)}".rstrip())
    parts += [words.strength(item) for item in region.measurements]
    if not region.detected:
        parts.append("not detected on the latest date")
    if region.jsoc is not None:
        parts.append(f"JSOC {region.jsoc}")
    if region.noaa is not None:
        parts.append(f"NOAA {region.noaa}")
    return "; ".join(parts)


def _gone(item):
    return f"{item.name}: {words.gone(item)}"


def _listed(item):
    place = item.position
    section = f", section {item.section}" if item.section else ""
    value = "" if item.strength is None else f", strength {item.strength:.0f}"
    return (
        f"{item.designation}{section}: {words.latitude(place.latitude)} at Carrington longitude "
        f"{place.carrington_longitude:.0f}{value}: {words.listed(item)}"
    )


def _data(document):
    for item in document.detections:
        date = "none" if item.date is None else f"{words.when(item.date)}, {item.age:.1f} days old"
        yield f"Latest detection ({item.method}, {item.product}): {date}"
    for source in document.sources:
        used = source.used
        span = f", {words.when(used[0])} to {words.when(used[-1])}" if used else ""
        yield (f"Maps used ({source.product}): {len(used)}{span}; missing: {words.missing(source)}")
    yield from document.notes
    yield f"Longitudes and latitudes of the date above; sunpy_farside {document.software}."


def _plain(text):
    """
    Return text without control characters, which a terminal might obey.
    """
    return "".join(char if char.isprintable() else " " for char in text)
