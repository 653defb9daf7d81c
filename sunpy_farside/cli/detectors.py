"""
The methods of the command ``detect``.
"""

from functools import partial

__all__ = ["detector"]


def detector(method, model, device, threshold, width=None):
    """
    Return the function that detects active regions with a method.

    Parameters
    ----------
    method : {"network", "sar"}
    model, device : `str`
        Name or path of the network, and where it runs.
    threshold : `float` or None
        Strength from which a region is significant; None for the method's own rule.
    width : `int`, optional
        Columns of the windows of 5-day maps.

    Returns
    -------
    callable
        Takes an iterator of sequences, or with the SAR method also of 5-day maps, and yields their
        detections.

    Raises
    ------
    ValueError
        There is no such device.
    WeightsError
        There is no such model, or its weights are unusable.
    """
    if method == "sar":
        return partial(_detect_sar, threshold=threshold, width=width)
    from sunpy_farside.detection import detect_farside
    from sunpy_farside.network import load_model

    model = load_model(model, device=device)
    return partial(detect_farside, model=model, threshold=threshold)


def _detect_sar(maps, threshold, width):
    """
    Yield detections one by one, so that the memory does not grow with their number.
    """
    from sunpy_farside.detection import detect_seismic_strength
    from sunpy_farside.detection.caveats import caveats_once

    given = {"threshold": threshold, "width": width}
    given = {name: value for name, value in given.items() if value is not None}
    with caveats_once():
        for item in maps:
            yield detect_seismic_strength(item, **given)
