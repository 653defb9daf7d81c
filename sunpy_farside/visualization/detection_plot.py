"""
Plots of detections.
"""

from sunpy_farside.visualization.artists import draw_limb, draw_regions, label_axes
from sunpy_farside.visualization.labels import name_in_title
from sunpy_farside.visualization.style import styled_axes

__all__ = ["plot_detection", "region_names"]

# Regions weaker than this fraction of the significance threshold are outlined without a label.
_NAMELESS = 0.01


def plot_detection(detection, axes=None):
    """
    Draw a detection image with the outlines of its regions.

    Parameters
    ----------
    detection : `~sunpy_farside.detection.result.FarsideDetection`
        Detection to draw.
    axes : `~astropy.visualization.wcsaxes.WCSAxes`, optional
        As for `FarsideDetection.plot <sunpy_farside.detection.result.FarsideDetection.plot>`.

    Returns
    -------
    `~sunpy_farside.visualization.artists.Artists`
    """
    with styled_axes(axes, detection.image) as axes:
        return _draw_detection(detection, axes)


def region_names(detection):
    """
    Return the names drawn next to the regions of a detection.

    Parameters
    ----------
    detection : `~sunpy_farside.detection.result.FarsideDetection`

    Returns
    -------
    `list` of `str`
        Labels of the regions; empty for the weakest ones.
    """
    regions = detection.regions
    threshold = detection.settings.significance_threshold
    worth = regions[detection.method.strength] >= _NAMELESS * threshold
    return [str(label) if say else "" for label, say in zip(regions["label"], worth, strict=True)]


def _draw_detection(detection, axes):
    method, regions = detection.method, detection.regions
    image = detection.image.plot(axes=axes, title=False, **method.scale)
    axes.figure.colorbar(image, ax=axes, label=method.image, shrink=0.8)
    label_axes(axes)
    drawn = draw_regions(
        axes,
        detection.outlines,
        regions["centroid"],
        region_names(detection),
        regions["significant"],
        color="white",
    )
    drawn.images.append(image)
    drawn.lines.append(draw_limb(axes, detection.date))
    cut, threshold = detection.settings.reliability_cut, detection.settings.significance_threshold
    unit = method.unit_symbol.replace("deg2", "deg²")
    rule = f"${method.symbol}$ ≥ {threshold.value:g} {unit}; dashed: weaker"
    if cut is not None:
        rule = f"reliability ≥ {cut:.2f}; dashed: less"
    axes.set_title(
        f"Far side {detection.date.isot[:16].replace('T', ' ')} UT, "
        f"{name_in_title(detection.model)}\n"
        f"solid: {rule}"
    )
    return drawn
