"""
The result of a detection.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from astropy.table import QTable
from astropy.time import Time

from sunpy.util.exceptions import warn_deprecated

from sunpy_farside.detection.methods import Method
from sunpy_farside.detection.outlines import region_outlines
from sunpy_farside.detection.ranked import RankedRegions
from sunpy_farside.detection.settings import DetectionSettings
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.text import counted
from sunpy_farside.utils.typing import PathLike

if TYPE_CHECKING:
    from astropy.visualization.wcsaxes import WCSAxes

    from sunpy.map import GenericMap

    from sunpy_farside.visualization.artists import Artists

__all__ = ["FarsideDetection"]


@dataclass(frozen=True, eq=False)
class FarsideDetection:
    """
    Active regions on the far side at one date.

    Attributes
    ----------
    image : `~sunpy.map.GenericMap`
        Detection image in the window of the middle map: the probability of an active region
        (network) or the mean phase shift in rad (SAR method).
    segments : array of `int`, of the image's shape
        The pixels of every region: its label in ``regions``, 0 elsewhere.
    regions : `~astropy.table.QTable`
        One row per region, the most reliable first, with the columns of
        ``sunpy_farside.detection.columns.COLUMNS``.
    sequence : `~sunpy_farside.sequence.FarsideSequence` or `~sunpy.map.GenericMap`
        The maps that it was made from, or the one 5-day map.
    settings : `~sunpy_farside.detection.settings.DetectionSettings`
        How the regions were cut out, and which are significant.
    model : `str`
        Name of the network, or ``"seismic_strength"``.

    Examples
    --------
    >>> import sunpy_farside
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=4).sequence
    >>> detection = sunpy_farside.detect_farside(sequence, device="cpu")
    >>> detection.date.isot, detection.method
    ('2022-05-05T00:00:00.000', <Method: network>)
    """

    image: "GenericMap"
    segments: np.ndarray
    regions: QTable
    sequence: "FarsideSequence | GenericMap"
    settings: DetectionSettings
    model: str

    @classmethod
    def from_numbers(
        cls,
        make_image: "Callable[[], GenericMap]",
        segments: np.ndarray,
        numbers: RankedRegions,
        sequence: FarsideSequence,
        settings: DetectionSettings,
        model: str,
    ) -> "FarsideDetection":
        """
        Create a detection whose map and table are made on access.

        Both take longer to make than to measure, and commands print numbers.

        Parameters
        ----------
        make_image : callable
            Returns the detection image.
        numbers : `~sunpy_farside.detection.ranked.RankedRegions`
            The regions.
        segments, sequence, settings, model
            Attributes of the detection.

        Returns
        -------
        `FarsideDetection`
        """
        detection = cls.__new__(cls)
        vars(detection).update(
            segments=segments,
            sequence=sequence,
            settings=settings,
            model=model,
            numbers=numbers,
            # The date in the header of the image.
            date=Time(sequence.date.utc.isot, format="isot", scale="utc"),
            _make_image=make_image,
        )
        return detection

    def __getattr__(self, name: str) -> Any:
        # Called for attributes that are not set yet.
        if name == "image":
            made = self._make_image()
        elif name == "regions":
            made = self.numbers.table(self.sequence.date)
        else:
            msg = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(msg)
        vars(self)[name] = made
        return made

    def __repr__(self):
        significant = self.numbers.columns["significant"]
        return (
            f"<FarsideDetection: {self.date.isot[:16]}, {self.model}: "
            f"{counted(len(significant), 'region')}, {np.sum(significant)} significant>"
        )

    def _repr_html_(self):
        from sunpy_farside.visualization.html import html_with_picture

        return html_with_picture(
            self, lambda figure: self.plot(figure.add_subplot(projection=self.image))
        )

    @cached_property
    def date(self) -> Time:
        """
        Date of the middle map, to which positions belong.
        """
        return self.image.date

    @property
    def method(self) -> Method:
        """
        The method by which the regions were found (`~sunpy_farside.detection.methods.Method`).
        """
        return self.settings.method

    @property
    def probability(self) -> "GenericMap":
        """
        Former name of `image`.
        """
        warn_deprecated("FarsideDetection.probability is deprecated. Use FarsideDetection.image.")
        return self.image

    @cached_property
    def numbers(self) -> RankedRegions:
        """
        Regions as plain numbers (`~sunpy_farside.detection.ranked.RankedRegions`).
        """
        return RankedRegions.of(self.regions)

    @cached_property
    def outlines(self) -> list:
        """
        Outlines of the regions (`~sunpy_farside.detection.outlines.region_outlines`).
        """
        return region_outlines(self)

    def write(self, folder: PathLike) -> None:
        """
        Write the detection to a folder.

        Parameters
        ----------
        folder : path-like
            Created if it does not exist; an earlier detection in it is replaced. It gets
            ``image.fits``, ``segments.fits``, ``regions.ecsv``, and ``maps.fits`` with the phase
            maps.
        """
        from sunpy_farside.detection.detection_files import write_detection

        write_detection(self, folder)

    @classmethod
    def read(cls, folder: PathLike) -> "FarsideDetection":
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
            A file in it is damaged, or the files are of two detections.
        """
        from sunpy_farside.detection.detection_files import read_detection

        return cls(**read_detection(folder))

    def plot(self, axes: "WCSAxes | None" = None) -> "Artists":
        """
        Draw the detection image with the regions outlined and numbered.

        Regions that are significant have solid outlines and a cross, weaker ones dashed outlines
        and a point. The numbers are the labels of the table; those of weak regions are omitted
        where they would overlap. The dash-dotted line is the limb of the far side, where the window
        reaches it.

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
        from sunpy_farside.visualization.detection_plot import plot_detection

        return plot_detection(self, axes)

    def peek(self) -> None:
        """
        Draw the detection in a figure of its own and show it.
        """
        import matplotlib.pyplot as plt

        plt.figure(layout="constrained")
        self.plot()
        plt.show()
