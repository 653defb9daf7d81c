"""
The methods of detection: quantity, unit, names and colors of each.
"""

from dataclasses import dataclass

import numpy as np

import astropy.units as u

__all__ = ["DEG2_PER_UHEM", "METHODS", "NETWORK", "SAR", "STRENGTH_UNIT", "Method", "method_of"]

# Seismic strength is phase in rad times area in millionths of a hemisphere, the area being a share
# and so without a dimension. Written "uHem rad" for readers.
STRENGTH_UNIT = u.urad
# Square degrees in a millionth of a hemisphere.
DEG2_PER_UHEM = (2 * np.pi * u.sr).to_value(u.deg**2) * 1e-6


@dataclass(frozen=True)
class Method:
    """
    One way to detect active regions.

    Attributes
    ----------
    name : `str`
        ``"network"`` or ``"sar"``, the strong-active-region discriminator.
    title : `str`
        Title in headings.
    strength : `str`
        Column by which regions are significant.
    unit : `~astropy.units.Unit`
        Unit of that column.
    symbol, unit_symbol : `str`
        Symbols of the strength and of its unit in figures and tables.
    prefix : `str`
        Beginning of designations, as in published lists.
    image : `str`
        Label of the detection image.
    image_unit : `~astropy.units.Unit`
        Unit of the detection image and of the threshold that cuts out its regions.
    scale : `dict`
        Colors of the detection image, for `~matplotlib.axes.Axes.imshow`.
    threshold : `~astropy.units.Quantity`
        Published strength from which a region is significant, the default.
    position_error : `tuple` of `float`
        Error of the position that a single detection gives in degrees, and error of the mean
        position of a track in units of the scatter.
    """

    name: str
    title: str
    strength: str
    unit: u.UnitBase
    symbol: str
    unit_symbol: str
    prefix: str
    image: str
    image_unit: u.UnitBase
    scale: dict
    threshold: u.Quantity
    position_error: tuple[float, float]

    def __repr__(self):
        return f"<Method: {self.name}>"

    @property
    def of_phases(self) -> bool:
        """
        True if regions are minima of the image, as in phase maps.
        """
        return self.image_unit == u.rad


NETWORK = Method(
    name="network",
    title="network",
    strength="integrated_probability",
    unit=u.deg**2,
    symbol="P_i",
    unit_symbol="deg2",
    prefix="NN",
    image="Probability of an active region",
    image_unit=u.dimensionless_unscaled,
    scale={"cmap": "cividis", "norm": None, "vmin": 0, "vmax": 1},
    # Felipe & Asensio Ramos 2019, section 4.1.
    threshold=100 * u.deg**2,
    # Fitted to simulated tracks with benchmarks/calibrate_tracks.py, as below.
    position_error=(3.2, 1.2),
)
SAR = Method(
    name="sar",
    title="SAR method",
    strength="seismic_strength",
    unit=STRENGTH_UNIT,
    symbol="S",
    unit_symbol="uHem rad",
    prefix="FS",
    image="Mean phase shift [rad]",
    image_unit=u.rad,
    scale={"cmap": "gray", "norm": None, "vmin": -0.2, "vmax": 0.2},
    # HMI Science Nugget 160.
    threshold=400 * STRENGTH_UNIT,
    position_error=(4.9, 0.95),
)
METHODS = {method.name: method for method in (NETWORK, SAR)}


def method_of(table):
    """
    Return the method that a table of regions comes from.

    Parameters
    ----------
    table : `~astropy.table.Table`
        Table of one or more detections or of tracks, with the column in ``meta["strength"]``.

    Returns
    -------
    `Method`

    Raises
    ------
    ValueError
        The table names no column, or an unknown one.
    """
    strength = table.meta.get("strength")
    for method in METHODS.values():
        if method.strength == strength:
            return method
    known = ", ".join(method.strength for method in METHODS.values())
    msg = f"Expected a table ranked by one of {known}, found one by {strength}."
    raise ValueError(msg)
