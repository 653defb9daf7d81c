"""
Columns of tables of regions: unit, meaning, and format in text.

Tables, their files, the catalog and its database, and the documentation have the columns of this
list, in its order.
"""

from dataclasses import dataclass

import astropy.units as u

from sunpy_farside.detection.flux import FLUX_DECIMALS
from sunpy_farside.detection.methods import STRENGTH_UNIT

__all__ = ["COLUMNS", "REGION_COLUMNS", "Column"]


@dataclass(frozen=True)
class Column:
    """
    One column of tables of regions.

    Attributes
    ----------
    description : `str`
        Meaning of the values.
    unit : `~astropy.units.Unit`, optional
        None for plain numbers, positions and times.
    decimals : `int`, optional
        Number of decimals in CSV, JSON and text; None where values are not rounded.
    heading : `str`, optional
        Heading in the text table for readers, with the unit; None of columns that are not in it.
    """

    description: str
    unit: u.UnitBase | None = None
    decimals: int | None = None
    heading: str | None = None


REGION_COLUMNS = {
    "label": Column("rank by reliability, or by strength where there is none", heading="#"),
    "centroid": Column("Carrington position, weighted by probability (or phase)"),
    "reliability": Column(
        "probability that an active region of 2e21 Mx or more lies within ten degrees",
        decimals=3,
        heading="reliability",
    ),
    "flux": Column(
        "estimated total unsigned magnetic flux, if an active region is there",
        u.Mx,
        FLUX_DECIMALS,
        "flux [1e21 Mx]",
    ),
    "flux_lower": Column("lower bound of the 68 % interval of the flux", u.Mx, FLUX_DECIMALS),
    "flux_upper": Column("upper bound of that interval", u.Mx, FLUX_DECIMALS),
    "integrated_probability": Column(
        "sum of the probability over the region's pixels", u.deg**2, 1, "P_i [deg2]"
    ),
    "peak_probability": Column("largest probability in the region", decimals=3, heading="peak"),
    "area": Column("area on the Sun", u.deg**2, 1),
    "area_uhem": Column(
        "area on the Sun in millionths of a solar hemisphere", decimals=0, heading="area [uHem]"
    ),
    "longitude_extent": Column("largest extent in longitude", u.deg, 1),
    "latitude_extent": Column("largest extent in latitude", u.deg, 1),
    "mean_phase": Column("mean phase shift of the eleven maps", u.rad, 4, "phase [rad]"),
    "seismic_strength": Column(
        "negative phase integrated over the area, uHem rad", STRENGTH_UNIT, 0, "S [uHem rad]"
    ),
    "depth": Column(
        "mean depth of the phase within six degrees, in units of the map's noise", decimals=2
    ),
    "coverage": Column("share of the eleven maps with data, averaged over the pixels", decimals=2),
    "complex": Column("number of the group of touching regions that it belongs to"),
    "east_limb_arrival": Column(
        "when rotation brings the centroid round the east limb", heading="east limb"
    ),
    "significant": Column(
        "reliable enough, or strong enough, to be called an active region", heading="significant"
    ),
}

# Descriptions by name.
COLUMNS = {name: column.description for name, column in REGION_COLUMNS.items()}
