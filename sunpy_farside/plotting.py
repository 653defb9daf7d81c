"""
Pictures of sequences and detections, alone and on top of other maps.
"""

from itertools import cycle

import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.dates import ConciseDateFormatter
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, MultipleLocator

import astropy.units as u
from astropy.table import Table
from astropy.time import Time

from sunpy.coordinates import propagate_with_solar_surface
from sunpy.map import GenericMap

from sunpy_farside.detection import FarsideDetection, region_names, region_outlines
from sunpy_farside.drawing import (
    COLORS,
    PHASE_SCALE,
    PROBABILITY_SCALE,
    STYLE,
    Artists,
    draw_regions,
    draw_rim,
    halo,
    label_axes,
    own_axes,
    spread_labels,
)
from sunpy_farside.geometry import (
    FIRST_LATITUDE,
    WINDOW_ROWS,
    carrington_drift,
    carrington_header,
    disk_coordinates,
    far_side_center,
    far_side_central_meridian,
    window_longitudes,
)

__all__ = [
    "animate_sequence",
    "overplot_regions",
    "plot_sequence",
    "plot_tracks",
    "synchronic_view",
]

# Pixels in a degree of a synchronic view.
_FINE = 2
# Cosine of the distance from disk centre beyond which the near side is a smear.
_RIM = np.cos(np.deg2rad(85))
_WEAK_TRACK = {"ls": "--", "lw": 1, "marker": ".", "ms": 3}
# Share of the time that a picture of tracks keeps free after the last arrival, for names.
_MARGIN = 0.22
# Longitudes between the marked ones of a small panel, and the least distance from its edges,
# within which the numbers of two panels would touch.
_PANEL_STEP, _PANEL_EDGE = 60, 12


def overplot_regions(regions, axes, *, date=None, color=COLORS["first"], hidden=False):
    """
    Draw detected regions on any solar map, where differential rotation has brought them.

    Significant regions have solid outlines and a cross, weaker ones dashed outlines and a point.
    What is behind the limb is left out.

    Parameters
    ----------
    regions : `~sunpy_farside.detection.result.FarsideDetection` or `~astropy.table.Table`
        A detection, or a table of regions with a column ``centroid``
        (`~astropy.coordinates.SkyCoord`), which has no outlines. Regions are named by their
        ``label`` or ``designation``, and all of them are strong where there is no ``significant``.
    axes : `~astropy.visualization.wcsaxes.WCSAxes` or `~sunpy.map.GenericMap`
        Helioprojective or heliographic. A map is drawn first, in the current figure.
    date : {parse_time_types}, optional
        Date to which rotation carries the regions: the picture's by default. At another date
        they stand at their Carrington (in other than Carrington pictures: Stonyhurst)
        coordinates of that date.
    color : color, optional
    hidden : `bool`, optional
        Dot the parts of outlines behind the limb instead of leaving them out.

    Returns
    -------
    `~sunpy_farside.drawing.Artists`

    Raises
    ------
    TypeError
        ``regions`` is something else.
    ValueError
        The axes know no solar coordinates, or there is no date.

    Notes
    -----
    The rotation is that of `sunpy.coordinates.propagate_with_solar_surface`: after two weeks it
    is 0.8 degrees less than the rotation that arrivals at the limb are computed with. Detections
    are some degrees wide.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import sunpy_farside
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=2).sequence
    >>> detection = sunpy_farside.detect_farside(sequence, device="cpu")
    >>> drawn = sunpy_farside.overplot_regions(detection, sequence.maps[-1])
    >>> len(drawn.outlines) == len(detection.regions)
    True
    >>> plt.close()
    """
    if isinstance(regions, FarsideDetection):
        table, outlines = regions.regions, region_outlines(regions)
        names = region_names(table)
    elif isinstance(regions, Table):
        table, outlines = regions, [[] for _ in regions]
        column = "label" if "label" in table.colnames else "designation"
        names = [str(name) for name in table[column]]
    else:
        msg = f"Expected a FarsideDetection or a table, found {type(regions).__name__}."
        raise TypeError(msg)
    images = []
    if isinstance(axes, GenericMap):
        near_map, axes = axes, own_axes(axes)
        images.append(near_map.plot(axes=axes))
    significant = (
        table["significant"] if "significant" in table.colnames else np.ones(len(table), dtype=bool)
    )
    drawn = draw_regions(
        axes,
        outlines,
        table["centroid"],
        names,
        significant,
        color=color,
        date=date,
        hidden=hidden,
    )
    drawn.images.extend(images)
    return drawn


def plot_sequence(sequence, *, detection=None, figure=None):
    """
    Draw the eleven maps of a sequence, each in its own window.

    Parameters
    ----------
    sequence : `~sunpy_farside.sequence.FarsideSequence`
    detection : `~sunpy_farside.detection.result.FarsideDetection`, optional
        Outlines its significant regions.
    figure : `~matplotlib.figure.Figure`, optional
        The current figure by default.

    Returns
    -------
    `~sunpy_farside.drawing.Artists`
        ``axes`` is the list of the eleven.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import sunpy_farside
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=2).sequence
    >>> len(sunpy_farside.plot_sequence(sequence).axes)
    11
    >>> plt.close()
    """
    import matplotlib.pyplot as plt

    figure = plt.gcf() if figure is None else figure
    drawn = Artists([])
    with plt.style.context(STYLE):
        grid = figure.subplots(2, 6, sharey=True)
        *panels, spare = grid.flat
        spare.axis("off")
        for panel, phases, time in zip(panels, sequence.data, sequence.times, strict=True):
            first = _unwrapped_start(time, sequence.width, sequence.date)
            drawn.images.append(panel.imshow(phases, **_window(first, sequence.width)))
            panel.set_title(
                time.isot[5:16].replace("T", " "),
                fontsize="small",
                fontweight="bold" if time == sequence.date else "normal",
            )
            _degree_ticks(panel, "small")
            _panel_ticks(panel)
            drawn.outlines.extend(_outline_significant(panel, detection))
        figure.supxlabel("Carrington longitude [deg]", fontsize="medium")
        figure.supylabel("Latitude [deg]", fontsize="medium")
        outlined = (
            "" if detection is None else f"; outlined: significant regions ({detection.model})"
        )
        figure.suptitle(
            f"Far-side phase shifts about {sequence.date.isot[:16].replace('T', ' ')} UT{outlined}",
            fontsize="medium",
        )
        figure.colorbar(
            drawn.images[0], ax=spare, label="Phase shift [rad]", fraction=0.6, aspect=12
        )
    drawn.axes.extend(panels)
    return drawn


def animate_sequence(sequence, *, detection=None, figure=None, interval=300):
    """
    Show the eleven maps of a sequence one after the other, with the Sun at rest.

    Parameters
    ----------
    sequence : `~sunpy_farside.sequence.FarsideSequence`
    detection : `~sunpy_farside.detection.result.FarsideDetection`, optional
        Outlines its significant regions.
    figure : `~matplotlib.figure.Figure`, optional
        The current figure by default.
    interval : `float`, optional
        Milliseconds from map to map.

    Returns
    -------
    `~matplotlib.animation.FuncAnimation`
        To be kept, shown or saved.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import sunpy_farside
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=2).sequence
    >>> animation = sunpy_farside.animate_sequence(sequence)
    >>> _ = animation.to_jshtml()
    >>> plt.close()
    """
    import matplotlib.pyplot as plt

    figure = plt.gcf() if figure is None else figure
    frames, times = sequence.comoving_data, sequence.times
    first = _unwrapped_start(sequence.date, sequence.width, sequence.date)
    with plt.style.context(STYLE):
        axes = figure.subplots()
        image = axes.imshow(frames[0], **_window(first, sequence.width))
        _degree_ticks(axes, "medium")
        axes.set_xlabel("Carrington longitude [deg]")
        axes.set_ylabel("Latitude [deg]")
        figure.colorbar(image, ax=axes, label="Phase shift [rad]", shrink=0.8)
    _outline_significant(axes, detection)
    title = axes.set_title("")

    def show(number):
        image.set_data(frames[number])
        title.set_text(f"Far side {times[number].isot[:16].replace('T', ' ')} UT")
        return image, title

    return FuncAnimation(figure, show, frames=len(frames), interval=interval)


def plot_tracks(tracks, *, axes=None):
    """
    Draw the longitudes of regions against time, until they come round the east limb.

    In Carrington longitude regions nearly stand still, and the far side, the grey band, passes over
    them. Persistent tracks are solid and named; a dotted line leads on from the last detection to
    the arrival at the limb, a triangle with its uncertainty. Others are thin and dashed.

    Parameters
    ----------
    tracks : `~sunpy_farside.detection.tracking.RegionTracks`
    axes : `~matplotlib.axes.Axes`, optional
        Made in the current figure by default.

    Returns
    -------
    `~sunpy_farside.drawing.Artists`
        ``outlines`` are the tracks, ``markers`` the arrivals and ``labels`` the names of the
        persistent ones, ``lines`` the limbs.

    Raises
    ------
    ValueError
        There are no tracks.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import sunpy_farside
    >>> maps = sunpy_farside.simulate_maps("2022-05-01", 14, seed=1).maps
    >>> detections = sunpy_farside.detect_seismic_strength(sunpy_farside.find_sequences(maps))
    >>> tracks = sunpy_farside.track_regions(detections)
    >>> drawn = sunpy_farside.plot_tracks(tracks)
    >>> len(drawn.outlines) == len(tracks.tracks)
    True
    >>> plt.close()
    """
    import matplotlib.pyplot as plt

    table, members = tracks.tracks, tracks.members
    if len(table) == 0:
        msg = "Expected tracks to draw, found none."
        raise ValueError(msg)
    with plt.style.context(STYLE):
        axes = plt.gca() if axes is None else axes
        colors = cycle(item["color"] for item in plt.rcParams["axes.prop_cycle"])
    persistent = np.asarray(table["persistent"])
    ends = [members["date"].mjd.min(), members["date"].mjd.max()]
    ends[1] = np.max([ends[1], *table["east_limb_arrival"].mjd[persistent]])
    after = max(1, _MARGIN * (ends[1] - ends[0]))
    band = _FarSideBand(Time(np.arange(ends[0] - 0.5, ends[1] + after, 0.25), format="mjd"))
    drawn = Artists(axes, lines=band.draw(axes))
    for row in table:
        mine = members[members["designation"] == row["designation"]]
        strong = bool(row["persistent"])
        style = {"ls": "-", "lw": 2, "marker": "o", "ms": 4} if strong else _WEAK_TRACK
        color = next(colors) if strong else "0.45"
        path = mine["date"].plot_date, band.unwrapped(mine["centroid"].lon.deg, mine["date"])
        drawn.outlines.append(axes.plot(*path, color=color, **style)[0])
        if strong:
            _draw_arrival(drawn, row, path, color)
    spread_labels(axes, drawn.labels)
    axes.xaxis_date()
    axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator()))
    axes.yaxis.set_major_locator(MultipleLocator(30))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value % 360:.0f}"))
    axes.set_xlabel("Date [UT]")
    axes.set_ylabel("Carrington longitude [deg]")
    return drawn


@u.quantity_input
def synchronic_view(near_map, detection, *, axes=None, field: u.G = 200 * u.G):
    """
    Draw the whole Sun: a near-side map, and the far side's probability.

    The far side is the left half, the near side the right one, and the east limb, at which
    regions come round, in the middle.

    Parameters
    ----------
    near_map : `~sunpy.map.GenericMap`
        Full disk, rotated to the date of the detection, or heliographic, taken as it is.
    detection : `~sunpy_farside.detection.result.FarsideDetection`
    axes : `~astropy.visualization.wcsaxes.WCSAxes`, optional
        A Carrington picture of the whole Sun; made in the current figure by default.
    field : `~astropy.units.Quantity`, optional
        Magnetic field of either sign that is shown as white or black. Maps in other units than
        gauss are shown with their own ``plot_settings``.

    Returns
    -------
    `~sunpy_farside.drawing.Artists`
        The images are the near side's and the far side's.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> import sunpy.map
    >>> import sunpy_farside
    >>> from sunpy_farside.geometry import carrington_header
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=2).sequence
    >>> detection = sunpy_farside.detect_farside(sequence, device="cpu")
    >>> header = carrington_header(
    ...     "2022-05-05", (181, 361), first_longitude=0, first_latitude=-90
    ... )
    >>> near_map = sunpy.map.Map(np.zeros((181, 361)), header)
    >>> len(sunpy_farside.synchronic_view(near_map, detection).images)
    2
    >>> plt.close()
    """
    from astropy.wcs import WCS

    date = detection.date
    header, shape = _synchronic_header(date)
    target = WCS(header)
    target.array_shape = shape
    axes = own_axes(target) if axes is None else axes
    near = _near_side(near_map, target, date)
    magnetic = near_map.unit is not None and near_map.unit.is_equivalent(u.G)
    settings = near_map.plot_settings
    limit = field.to_value(near_map.unit) if magnetic else None
    scale = (
        {"cmap": "gray", "vmin": -limit, "vmax": limit}
        if magnetic
        else {"cmap": settings["cmap"], "norm": settings["norm"]}
    )
    axes.set_facecolor("0.75")
    images = [axes.imshow(near, origin="lower", **scale)]
    probability = detection.probability
    images.append(
        axes.imshow(
            probability.data,
            origin="lower",
            extent=_extent(probability, target),
            **(PHASE_SCALE if probability.unit == u.rad else PROBABILITY_SCALE),
        )
    )
    axes.set(xlim=(-0.5, shape[1] - 0.5), ylim=(-0.5, shape[0] - 0.5))
    drawn = overplot_regions(detection, axes, date=date, color="white")
    drawn.images.extend(images)
    drawn.lines.append(draw_rim(axes, date))
    _explain_synchronic(axes, near_map, detection, images)
    return drawn


def _synchronic_header(date):
    """
    Header and shape of a Carrington map of the whole Sun with the east limb in its middle.
    """
    limb = int(np.floor(far_side_central_meridian(date).deg + 90))
    header = carrington_header(date, (181, 361), first_longitude=limb - 180, first_latitude=-90)
    rows, columns = 180 * _FINE, 360 * _FINE
    header |= {
        "cdelt1": 1 / _FINE,
        "cdelt2": 1 / _FINE,
        "crpix1": (columns + 1) / 2,
        "crpix2": (rows + 1) / 2,
        "naxis1": columns,
        "naxis2": rows,
    }
    return header, (rows, columns)


def _near_side(near_map, target, date):
    """
    Near half of a map on the grid of a synchronic view, NaN elsewhere.
    """
    # It is slow to load.
    from reproject import reproject_interp

    data, wcs = np.asarray(near_map.data, dtype=float), near_map.wcs
    if not wcs.wcs.ctype[0].startswith("HPLN"):
        # What it shows is of many dates, or of the right one: its longitudes stand.
        wcs = wcs.deepcopy()
        wcs.wcs.dateobs = wcs.wcs.dateavg = date.utc.isot
        # The first meridian closes a map that goes round the Sun.
        data = np.concatenate([data, data[:, :1]], axis=1)
    with propagate_with_solar_surface():
        near, _ = reproject_interp((data, wcs), target, shape_out=target.array_shape)
    rows, columns = np.indices(target.array_shape)
    longitude, latitude = target.wcs_pix2world(columns, rows, 0)
    center = far_side_center(date)
    toward = disk_coordinates(longitude, latitude, center.lon.deg, center.lat.deg)[2]
    return np.where(toward < -_RIM, near, np.nan)


def _extent(window, target):
    """
    Where the edges of a window lie in a synchronic view, in pixels.
    """
    rows, columns = window.data.shape
    longitude, latitude = window.wcs.wcs_pix2world([0, 0], [0, rows - 1], 0)
    x, _ = target.wcs_world2pix(longitude, latitude, 0)
    _, y = target.wcs_world2pix([0, 0], latitude, 0)
    half = _FINE / 2
    left = x[0] - half
    return left, left + columns * _FINE, y[0] - half, y[1] + half


def _explain_synchronic(axes, near_map, detection, images):
    label_axes(axes)
    figure = axes.figure
    unit = f" [{near_map.unit}]" if near_map.unit is not None else ""
    phase = detection.probability.unit == u.rad
    for image, label in zip(
        images,
        (f"Near side{unit}", "Far side: " + ("phase [rad]" if phase else "probability")),
        strict=True,
    ):
        figure.colorbar(image, ax=axes, label=label, shrink=0.5, pad=0.02)
    names = ("west limb", "far side", "east limb", "near side", "west limb")
    sides = ("left", "center", "center", "center", "right")
    for number, (name, side) in enumerate(zip(names, sides, strict=True)):
        where = number / (len(names) - 1)
        axes.text(where, 1.02, name, transform=axes.transAxes, ha=side, fontsize="small")
    axes.set_title(f"{detection.date.isot[:16].replace('T', ' ')} UT, {detection.model}", pad=20)


class _FarSideBand:
    """
    The far side's longitudes as time goes by, without a jump at the seam.
    """

    def __init__(self, times):
        self._times = times
        meridians = far_side_central_meridian(times).deg
        self._meridians = np.unwrap(meridians, period=360)

    def unwrapped(self, longitude, times):
        """
        Longitudes of points of the far side on the scale of the band.
        """
        meridian = np.interp(times.mjd, self._times.mjd, self._meridians)
        return meridian + (longitude - meridian + 180) % 360 - 180

    def draw(self, axes):
        """
        Draw the band and its limbs.
        """
        day, east, west = self._times.plot_date, self._meridians + 90, self._meridians - 90
        axes.fill_between(day, west, east, color="0.9", lw=0, zorder=0)
        lines = [
            axes.plot(day, limb, color="black", lw=1, ls=style)[0]
            for limb, style in ((east, "-"), (west, ":"))
        ]
        style = {"textcoords": "offset points", "fontsize": "small"}
        axes.annotate("east limb", (day[0], east[0]), xytext=(15, 3), **style)
        below = {"ha": "right", "va": "top"}
        axes.annotate("west limb", (day[-1], west[-1]), xytext=(-15, -3), **below, **style)
        return lines


def _draw_arrival(drawn, row, path, color):
    """
    Lead a track on from its last detection to the limb, and name it.
    """
    arrival, latitude = row["east_limb_arrival"], row["latest_position"].lat.deg
    days = arrival.plot_date - path[0][-1]
    longitude = path[1][-1] + carrington_drift(latitude) * days
    axes = drawn.axes
    axes.plot([path[0][-1], arrival.plot_date], [path[1][-1], longitude], color=color, ls=":")
    (marker, *_) = axes.errorbar(
        arrival.plot_date,
        longitude,
        xerr=row["arrival_uncertainty"].to_value(u.day),
        color=color,
        marker="^",
        ms=7,
    )
    drawn.markers.append(marker)
    label = axes.annotate(
        f"{row['designation']}\n{arrival.isot[5:13].replace('T', ' ')} UT",
        # Beyond the limb there is nothing that it could cover.
        (arrival.plot_date, longitude),
        xytext=(0, 0),
        textcoords="offset points",
        ha="left",
        va="bottom",
        fontsize="small",
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )
    label.set_in_layout(False)
    drawn.labels.append(label)


def _unwrapped_start(time, width, near):
    """
    First longitude of a window, without a jump at the seam near a date.
    """
    start = float(window_longitudes(time, width)[0].value)
    return start + 360 * np.round((far_side_central_meridian(near).deg - width / 2 - start) / 360)


def _window(first, width):
    extent = (
        first - 0.5,
        first + width - 0.5,
        FIRST_LATITUDE - 0.5,
        FIRST_LATITUDE + WINDOW_ROWS - 0.5,
    )
    return {"extent": extent, "origin": "lower", **PHASE_SCALE}


def _degree_ticks(axes, size):
    axes.xaxis.set_major_locator(MultipleLocator(30))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value % 360:.0f}"))
    axes.yaxis.set_major_locator(MultipleLocator(30))
    axes.tick_params(labelsize=size)


def _panel_ticks(panel):
    left, right = panel.get_xlim()
    marks = np.arange(np.ceil(left / _PANEL_STEP), right / _PANEL_STEP) * _PANEL_STEP
    inside = (marks - left >= _PANEL_EDGE) & (right - marks >= _PANEL_EDGE)
    panel.xaxis.set_major_locator(FixedLocator(marks[inside]))


def _outline_significant(axes, detection):
    """
    Outline significant regions on axes in plain degrees.
    """
    if detection is None:
        return []
    lines = []
    left, right = axes.get_xlim()
    strong = zip(region_outlines(detection), detection.regions["significant"], strict=True)
    for ring in (ring for rings, significant in strong if significant for ring in rings):
        turns = np.round(((left + right) / 2 - ring[:, 0].mean()) / 360)
        style = {"color": COLORS["first"], "lw": 1.2, "path_effects": halo(1.2)}
        line = Line2D(ring[:, 0] + 360 * turns, ring[:, 1], **style)
        lines.append(axes.add_artist(line))
    return lines
