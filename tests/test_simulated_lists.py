import numpy as np
import pytest
from scipy import ndimage

import astropy.units as u
from astropy.table import Table
from astropy.time import Time

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import window_wcs
from sunpy_farside.detection.methods import DEG2_PER_UHEM, SAR
from sunpy_farside.detection.regions import measure_regions, segment_image
from sunpy_farside.detection.seismic_strength import PHASE
from sunpy_farside.detection.settings import DetectionSettings
from sunpy_farside.evaluation.simulated_lists import measure_image, name_regions, simulate_period
from sunpy_farside.io.synoptic_maps import SynopticMaps
from sunpy_farside.simulation.magnetograms import Film
from sunpy_farside.simulation.measured_noise import MeasuredNoise
from sunpy_farside.simulation.signature import Signature

START = Time("2014-01-20")
QUIET = MeasuredNoise(level=0.004, mean_profile=(0.0,) * 6)


@pytest.fixture(scope="module")
def period():
    """
    Simulate six lists of a Sun with one lasting region, with little noise.
    """
    field = np.zeros((4, 180, 360), np.float32)
    longitude = int(far_side_central_meridian(START - 2.5 * u.day).deg)
    field[:, 100:112, longitude - 6 : longitude + 6] = 200
    film = Film(SynopticMaps(np.arange(2144, 2148), field))
    return simulate_period(film, START, 6, seed=1, noise=QUIET), longitude


def test_a_lasting_region_is_in_every_list(period):
    period, longitude = period
    rows = period.rows(Signature(scatter=0.0))
    assert rows["list"].tolist() == list(range(6))
    assert np.abs((rows["longitude"] - longitude + 180) % 360 - 180).max() < 4
    # Rows 100 to 111 of equal sine latitude are at 7 to 14 degrees.
    assert rows["latitude"] == pytest.approx(10.5, abs=1.5)
    assert rows["from_center"][0] == pytest.approx(0, abs=4)
    # The central meridian moves eastward by half a day's rotation.
    assert np.diff(rows["from_center"]) == pytest.approx(6.6, abs=0.7)


def test_strengths_are_those_of_the_sar_method(period):
    period, _ = period
    rows = period.rows(Signature(scatter=0.0))
    # The threshold bounds the mean depth.
    depth = rows["strength"] * DEG2_PER_UHEM / rows["area"]
    assert np.all(depth >= 0.085)
    shallow = period.rows(Signature(scatter=0.0, saturation=0.08))
    assert np.all(shallow["strength"] < rows["strength"])
    shifted = period.rows(Signature(scatter=0.0), mean=-0.01)
    assert np.all(shifted["area"] > rows["area"])


def test_rows_are_the_regions_of_the_sar_method():
    # Smoothed noise, a tenth of it below the threshold.
    rng = np.random.default_rng(4)
    image = ndimage.gaussian_filter(rng.normal(0, 1, (144, 120)), 3)
    image = -0.06 + 0.02 * image / image.std()
    image[:, :5] = np.nan
    date = Time("2014-01-20")
    settings = DetectionSettings(SAR, PHASE, 2, False, 400)
    segments = segment_image(image, settings)
    expected = measure_regions(segments, window_wcs(date, 120), date, phases=image[np.newaxis])
    found = measure_image(image, 0, far_side_central_meridian(date).deg, -60)
    strengths = [row[3] for row in found]
    assert len(found) > 10
    assert strengths == pytest.approx(expected["seismic_strength"].value, rel=0.01)
    assert [row[4] for row in found] == pytest.approx(expected["area"].value, rel=0.01)
    extents = [row[5:7] for row in found]
    for name, values in zip(("longitude", "latitude"), np.transpose(extents), strict=True):
        assert values == pytest.approx(expected[f"{name}_extent"].value)
    latitudes = [row[2] for row in found]
    assert latitudes == pytest.approx(expected["centroid"].lat.deg, abs=0.2)


def test_regions_are_named_at_a_strength_of_400_and_kept():
    rows = Table(
        {
            "longitude": [100.0] * 5 + [200.0] * 3,
            "latitude": [10.0] * 8,
            "strength": [50.0, 410, 90, 500, 20, 399, 300, 100],
        }
    )
    day = np.array([0, 1, 2, 3, 4, 0, 1, 2], float)
    order = np.argsort(day, kind="stable")
    listed = name_regions(rows[order], day[order])
    assert listed["strength"].tolist() == [410, 90, 500, 20]
    assert listed["first"].tolist() == [True, False, False, False]
    assert listed["day"].tolist() == [1, 2, 3, 4]
