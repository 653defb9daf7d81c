"""
What a detection gives back, and how it is kept.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import astropy.units as u
from astropy.io import fits
from astropy.table import QTable

from sunpy.map import GenericMap, Map

from sunpy_farside.detection.outlines import region_names, region_outlines
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.phase_maps import read_images
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.files import whole_files
from sunpy_farside.visualization.artists import (
    PHASE_SCALE,
    PROBABILITY_SCALE,
    draw_regions,
    draw_rim,
    label_axes,
    own_axes,
)

__all__ = ["FarsideDetection"]

_PROBABILITY, _REGIONS, _MAPS = "probability.fits", "regions.ecsv", "maps.fits"
# What the two measures of strength, and their units, are called in a picture.
_SYMBOLS = {
    "integrated_probability": ("$P_i$", r"$\mathrm{deg^{2}}$"),
    # In full, for the unit of the column leaves out the hemisphere, which is a number.
    "seismic_strength": ("$S$", "µhem rad"),
}


@dataclass(frozen=True, eq=False)
class FarsideDetection:
    """
    Active regions on the far side at one date.

    Attributes
    ----------
    probability : `~sunpy.map.GenericMap`
        Probability of an active region in the window of the middle map. Of the standard method,
        which knows no probability, the mean phase in rad
        (`~sunpy_farside.maps.phase_map.FarsidePhaseMap`).
    regions : `~astropy.table.QTable`
        One row per region, the strongest first, with the columns of
        `sunpy_farside.detection.regions.COLUMNS`.
    sequence : `~sunpy_farside.sequence.FarsideSequence` or `~sunpy.map.GenericMap`
        The maps that it was made from, or the one 5-day map.
    model : `str`
        Name of the network or method.

    Examples
    --------
    >>> import sunpy_farside
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=4).sequence
    >>> detection = sunpy_farside.detect_farside(sequence, device="cpu")
    >>> detection.date.isot
    '2022-05-05T00:00:00.000'
    """

    probability: GenericMap
    regions: QTable
    sequence: FarsideSequence | GenericMap
    model: str

    def __repr__(self):
        number = int(np.sum(self.regions["significant"]))
        return (
            f"<FarsideDetection: {self.date.isot[:16]}, {self.model}: {len(self.regions)} regions, "
            f"{number} significant>"
        )

    @property
    def date(self):
        """
        Date of the middle map, to which positions belong.
        """
        return self.probability.date

    @property
    def segments(self):
        """
        Labels of the regions, pixel by pixel; 0 outside.
        """
        from sunpy_farside.detection.outlines import region_segments

        return region_segments(self)

    def write(self, folder):
        """
        Write the detection to a folder.

        Parameters
        ----------
        folder : path-like
            Made when it is not there; an earlier detection in it is replaced. It gets
            ``probability.fits``, ``regions.ecsv``, and ``maps.fits`` with the phase maps.
        """
        with whole_files(folder) as partial:
            self.probability.save(partial / _PROBABILITY)
            _write_maps(self.sequence, partial / _MAPS)
            self.regions.write(partial / _REGIONS)

    @classmethod
    def read(cls, folder):
        """
        Read a detection that `write` wrote.

        Parameters
        ----------
        folder : path-like

        Returns
        -------
        `FarsideDetection`
            Equal to what was written.

        Raises
        ------
        FileNotFoundError
            The folder holds no detection.
        FileFormatError
            A file in it is damaged.
        """
        folder = Path(folder)
        for name in (_PROBABILITY, _REGIONS, _MAPS):
            if not (folder / name).exists():
                msg = f"{folder}: expected a detection, found no {name} in it."
                raise FileNotFoundError(msg)
        try:
            regions = QTable.read(folder / _REGIONS)
            (probability,) = _read_maps(folder / _PROBABILITY)
            maps = _read_maps(folder / _MAPS)
            width = probability.data.shape[1]
            source = FarsideSequence(maps, width=width) if len(maps) > 1 else maps[0]
            return cls(probability, regions, source, regions.meta["model"])
        # The readers of three formats raise whatever the damage brings about.
        except Exception as error:
            msg = (
                f"{folder}: expected a detection written by FarsideDetection.write, found one that "
                f"does not read ({error}). Run the detection again."
            )
            raise FileFormatError(msg) from error

    def plot(self, axes=None):
        """
        Draw the probability, or the mean phase, with the regions outlined and numbered.

        Regions that are significant have solid outlines and a cross, weaker ones dashed outlines
        and a point. The numbers are the labels of the table; of weak regions those that find room.
        The dash-dotted line is the rim of the far side, where the window reaches it.

        Parameters
        ----------
        axes : `~astropy.visualization.wcsaxes.WCSAxes`, optional
            In Carrington coordinates; made in the current figure by default.

        Returns
        -------
        `~sunpy_farside.visualization.artists.Artists`

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> import sunpy_farside
        >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=2).sequence
        >>> detection = sunpy_farside.detect_farside(sequence, device="cpu")
        >>> drawn = detection.plot()
        >>> drawn.axes.get_title()[:26]
        'Far side 2022-05-05 00:00 '
        >>> plt.close()
        """
        axes = own_axes(self.probability) if axes is None else axes
        phase = self.probability.unit == u.rad
        scale = PHASE_SCALE if phase else PROBABILITY_SCALE
        image = self.probability.plot(axes=axes, title=False, **scale)
        label = "Mean phase shift [rad]" if phase else "Probability of an active region"
        axes.figure.colorbar(image, ax=axes, label=label, shrink=0.8)
        label_axes(axes)
        regions = self.regions
        symbol, unit = _SYMBOLS[regions.meta["strength"]]
        threshold = u.Quantity(regions.meta["threshold"]).value
        drawn = draw_regions(
            axes,
            region_outlines(self),
            regions["centroid"],
            region_names(regions),
            regions["significant"],
            color="white",
        )
        drawn.images.append(image)
        drawn.lines.append(draw_rim(axes, self.date))
        axes.set_title(
            f"Far side {self.date.isot[:16].replace('T', ' ')} UT, {self.model}\n"
            f"solid: {symbol} ≥ {threshold:g} {unit}; dashed: weaker"
        )
        return drawn

    def peek(self):
        """
        Draw the detection in a figure of its own and show it.
        """
        import matplotlib.pyplot as plt

        plt.figure(layout="constrained")
        self.plot()
        plt.show()


def _write_maps(source, path):
    maps = source.maps if isinstance(source, FarsideSequence) else [source]
    hdus = [fits.ImageHDU(item.data, item.fits_header) for item in maps]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)


def _read_maps(path):
    return [Map(data, header) for data, header in read_images(path)]
