"""
The SAR method on maps with other noise than the holographic ones.
"""

import numpy as np
import pytest

import astropy.units as u

from sunpy_farside import (
    FarsideDetection,
    FarsidePhaseMap,
    FarsideSequence,
    detect_farside,
    detect_seismic_strength,
    find_regions,
)
from sunpy_farside.detection.noise_scale import HOLOGRAPHIC_MIDDLE, HOLOGRAPHIC_NOISE
from sunpy_farside.detection.phase_statistics import mean_phase, noise_level
from sunpy_farside.detection.seismic_strength import PHASE
from sunpy_farside.errors import SequenceError
from sunpy_farside.maps import phase_map_header

# Every detection in these maps warns of their false detections (tests/test_caveats.py).
pytestmark = pytest.mark.filterwarnings("ignore:The rate of false detections in time-distance")


def scaled(sequence, factor, offset, product):
    maps = [
        FarsidePhaseMap(factor * item.data + offset, phase_map_header(item.date, product))
        for item in sequence.maps
    ]
    return FarsideSequence(maps)


@pytest.fixture(scope="module")
def holographic(simulated):
    """
    Holographic maps whose mean has the middle and the noise of quiet ones.
    """
    middle, level = noise_level(mean_phase(simulated.sequence.comoving_data))
    factor = HOLOGRAPHIC_NOISE / level
    offset = HOLOGRAPHIC_MIDDLE - factor * middle
    return scaled(simulated.sequence, factor, offset, "phase_map")


@pytest.fixture(scope="module")
def weaker(holographic):
    """
    The same maps with a third of the phase shifts.
    """
    return scaled(holographic, 1 / 3, 0, "time_distance")


def test_phases_of_another_size_give_the_same_regions(holographic, weaker):
    expected, found = (detect_seismic_strength(item) for item in (holographic, weaker))
    assert len(expected.regions) > 2
    assert expected.regions["significant"].any()
    assert not expected.regions["significant"].all()
    assert np.array_equal(found.segments > 0, expected.segments > 0)
    for column in ("significant", "area", "coverage"):
        assert np.array_equal(found.regions[column], expected.regions[column])
    assert np.allclose(found.regions["flux"], expected.regions["flux"], rtol=2e-3)
    for column in ("reliability", "depth"):
        assert np.allclose(found.regions[column], expected.regions[column], atol=0.02)
    # What is measured is that of the maps.
    for column in ("mean_phase", "seismic_strength"):
        assert np.allclose(3 * found.regions[column], expected.regions[column], rtol=1e-3)
    assert found.settings.significance_threshold.value == pytest.approx(400 / 3, rel=1e-3)
    assert found.settings.segmentation_threshold.value == pytest.approx(-0.085 / 3, rel=1e-3)


def test_a_constant_phase_changes_no_region(holographic, weaker):
    moved = detect_seismic_strength(scaled(holographic, 1 / 3, 0.005, "time_distance"))
    found = detect_seismic_strength(weaker)
    assert np.array_equal(moved.segments > 0, found.segments > 0)
    assert np.allclose(moved.regions["reliability"], found.regions["reliability"], atol=0.03)
    assert np.array_equal(moved.regions["significant"], found.regions["significant"])


def test_holographic_and_unknown_maps_are_cut_as_published(holographic):
    for product in ("phase_map", "of my own"):
        settings = detect_seismic_strength(scaled(holographic, 1 / 3, 0, product)).settings
        assert settings.segmentation_threshold == PHASE
        assert settings.significance_threshold.value == 400


def test_thresholds_are_on_the_holographic_scale(weaker):
    settings = detect_seismic_strength(weaker, phase=-0.06 * u.rad, threshold=300).settings
    assert settings.segmentation_threshold.value == pytest.approx(-0.02, rel=1e-3)
    assert settings.significance_threshold.value == pytest.approx(100, rel=1e-3)
    assert settings.reliability is None


def test_image_and_sequence_give_the_table_again(weaker, tmp_path):
    detection = detect_seismic_strength(weaker)
    again = find_regions(detection.image, sequence=weaker)
    for column in ("label", "reliability", "flux", "seismic_strength", "significant"):
        assert np.array_equal(again[column], detection.regions[column])
    detection.write(tmp_path)
    assert FarsideDetection.read(tmp_path).settings == detection.settings


def test_the_network_needs_no_conversion(holographic, weaker):
    expected, found = (detect_farside(item, device="cpu") for item in (holographic, weaker))
    assert np.allclose(found.image.data, expected.image.data, atol=1e-3)
    assert np.array_equal(found.regions["significant"], expected.regions["significant"])


def test_phases_far_above_zero_are_refused(holographic):
    with pytest.raises(SequenceError, match=r"phases around zero, found a median of 0\.09"):
        detect_seismic_strength(scaled(holographic, 1 / 3, 0.1, "time_distance"))
