"""
Arguments of the wrong type or out of range: the errors of public functions are the package's own.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from sunpy.util.exceptions import SunpyUserWarning

import sunpy_farside as farside
from sunpy_farside.detection import detect_seismic_strength
from sunpy_farside.errors import FarsideError, SequenceError
from sunpy_farside.io import read_noaa_summaries, read_noaa_summary
from sunpy_farside.sequence import FarsideSequence

DATE = "2022-05-05"
# Every public function, and what its arguments may not be.
CALLS = {
    "sequence of": (FarsideSequence, "number text path numbers map detection array thing none"),
    "date of a sequence": (
        lambda value, all_: FarsideSequence(all_["maps"], date=value),
        "number text path numbers map maps detection array thing",
    ),
    "width of a sequence": (
        lambda value, all_: FarsideSequence(all_["maps"], width=value),
        "number text path numbers map maps array thing none",
    ),
    "sequence from files": (
        FarsideSequence.from_files,
        "number text path numbers map maps detection array thing none",
    ),
    "sequence from an array": (
        lambda value: FarsideSequence.from_array(value, DATE),
        "number text path numbers map maps detection table array thing none",
    ),
    "detect_farside": (
        lambda value: farside.detect_farside(value, device="cpu"),
        "number text path numbers texts map maps detection table array thing none",
    ),
    "network of detect_farside": (
        lambda value, all_: farside.detect_farside(all_["sequence"], value, device="cpu"),
        "number text path numbers map maps detection array thing",
    ),
    "threshold of detect_farside": (
        lambda value, all_: farside.detect_farside(all_["sequence"], threshold=value),
        "negative text path numbers map maps detection array thing length",
    ),
    "device of detect_farside": (
        lambda value, all_: farside.detect_farside(all_["sequence"], device=value),
        "number text path numbers map maps detection array thing none",
    ),
    "detect_seismic_strength": (
        detect_seismic_strength,
        "number text path numbers texts map maps detection table array thing none",
    ),
    "threshold of detect_seismic_strength": (
        lambda value, all_: detect_seismic_strength(all_["sequence"], threshold=value),
        "negative text path numbers map maps detection array thing length none",
    ),
    "east_limb_arrival": (
        farside.east_limb_arrival,
        "number text path numbers map maps detection array thing none",
    ),
    "fetch_sequence": (
        farside.fetch_sequence,
        "number text path numbers map maps detection array thing none",
    ),
    "product of fetch_sequence": (
        lambda value: farside.fetch_sequence(DATE, product=value),
        "number text path numbers map maps detection array thing none",
    ),
    "missing of fetch_sequence": (
        lambda value: farside.fetch_sequence(DATE, missing=value),
        "negative text path numbers map maps detection array thing none",
    ),
    "find_regions": (
        farside.find_regions,
        "number text path numbers maps detection table array thing none",
    ),
    "level of find_regions": (
        lambda value, all_: farside.find_regions(all_["image"], level=value),
        "text path texts map maps detection array thing length",
    ),
    "n_pixels of find_regions": (
        lambda value, all_: farside.find_regions(all_["image"], n_pixels=value),
        "negative text path numbers map maps detection array thing",
    ),
    "sequence of find_regions": (
        lambda value, all_: farside.find_regions(all_["image"], sequence=value),
        "number text path numbers map maps detection array thing",
    ),
    "find_sequences": (
        farside.find_sequences,
        "number text path numbers map detection array thing none",
    ),
    "load_model": (farside.load_model, "number text path numbers map maps array thing none"),
    "match_regions": (
        lambda value, all_: farside.match_regions(value, all_["table"]),
        "number text path numbers map maps array thing none",
    ),
    "reference of match_regions": (
        lambda value, all_: farside.match_regions(all_["table"], value),
        "number text path numbers map maps array thing none",
    ),
    "overplot_regions": (
        lambda value, all_: farside.overplot_regions(value, all_["map"]),
        "number text path numbers map maps array thing none",
    ),
    "read_noaa_summaries": (
        read_noaa_summaries,
        "number text path numbers map maps detection array thing none",
    ),
    "read_noaa_summary": (
        read_noaa_summary,
        "number text path numbers map maps detection array thing none",
    ),
    "read_phase_map": (
        farside.read_phase_map,
        "number text path numbers map maps detection array thing none",
    ),
    "read_region_list": (
        farside.read_region_list,
        "number text path numbers map maps detection array thing none",
    ),
    "simulate_sequence": (
        lambda value: farside.simulate_sequence(value, seed=1),
        "number text path numbers map maps detection array thing none",
    ),
    "seed of simulate_sequence": (
        lambda value: farside.simulate_sequence(DATE, seed=value),
        "negative text path texts map maps detection array thing",
    ),
    "activity of simulate_sequence": (
        lambda value: farside.simulate_sequence(DATE, seed=1, activity=value),
        "negative number text path numbers map maps detection array thing none",
    ),
    "sun of simulate_sequence": (
        lambda value: farside.simulate_sequence(DATE, seed=1, sun=value),
        "number text path numbers map maps detection array thing none",
    ),
    "track_regions": (
        farside.track_regions,
        "number text path numbers texts map maps detection table array thing none",
    ),
    "earlier tracks of track_regions": (
        lambda value, all_: farside.track_regions([all_["detection"]], value),
        "number text path numbers map maps detection table array thing",
    ),
    "persistence of track_regions": (
        lambda value, all_: farside.track_regions([all_["detection"]], persistence=value),
        "negative text path numbers map maps detection array thing none",
    ),
    "tracks on disk": (
        farside.RegionTracks.read,
        "number text path numbers map maps detection array thing none",
    ),
    "detection on disk": (
        farside.FarsideDetection.read,
        "number text path numbers map maps detection array thing none",
    ),
}
CASES = [
    pytest.param(call, kind, id=f"{name}: {kind}")
    for name, (call, kinds) in CALLS.items()
    for kind in kinds.split()
]


@pytest.fixture(scope="module")
def values(simulated, detection):
    maps = list(simulated.sequence.maps)
    return {
        "number": 5,
        "negative": -3,
        "text": "nonsense",
        "texts": ["PHASE_MAP_1.fits", "PHASE_MAP_2.fits"],
        "path": Path("/nowhere/PHASE_MAP_1.fits"),
        "numbers": [5.5],
        "map": maps[0],
        "maps": maps,
        "sequence": simulated.sequence,
        "image": detection.image,
        "detection": detection,
        "table": detection.regions,
        "array": np.zeros((2, 2)),
        "thing": object(),
        "length": 3 * np.pi * simulated.regions["age"].unit,
        "none": None,
    }


@pytest.mark.parametrize(("call", "kind"), CASES)
def test_errors_name_what_was_expected_and_found(call, kind, values, only_loopback):
    arguments = [values] if call.__name__ == "<lambda>" and call.__code__.co_argcount == 2 else []
    with pytest.raises((TypeError, ValueError, OSError)) as error:
        call(values[kind], *arguments)
    text = str(error.value)
    assert re.search("[Ee]xpected .*, found|no such file|found none", text, re.DOTALL), text
    assert text.count("\n") == 0
    assert isinstance(error.value, TypeError | FarsideError | OSError) or "Expected" in text


def test_one_map_is_no_sequence(simulated):
    with pytest.raises(TypeError, match=r"a list of sunpy maps, found one map\. Give 11"):
        FarsideSequence(simulated.sequence.maps[0])


def test_files_are_no_sequence():
    for paths in ("maps/*.fits", Path("maps"), ["1.fits", "2.fits"]):
        with pytest.raises(TypeError, match=r"found the (text|path) .*FarsideSequence.from_files"):
            farside.detect_farside(paths)


def test_an_iterator_is_checked_too(simulated):
    with pytest.raises(TypeError, match="Expected a FarsideSequence"):
        next(farside.detect_farside(iter(simulated.sequence.maps), device="cpu"))


def test_one_detection_is_no_series(detection):
    for one in (detection, detection.regions):
        with pytest.raises(TypeError, match=r"a list of detections .* Put one into a list"):
            farside.track_regions(one)
    assert len(farside.track_regions([detection]).tracks) == len(detection.regions)


@pytest.mark.parametrize("activity", [-3, 1.3, np.nan, np.inf])
def test_activities_have_a_range(activity):
    with pytest.raises(FarsideError, match=f"an activity from 0 to 1.2, found {activity}"):
        farside.simulate_sequence(DATE, seed=1, activity=activity)


def test_dates_that_do_not_exist():
    for call in (farside.fetch_sequence, lambda date: farside.simulate_sequence(date, seed=1)):
        with pytest.raises(FarsideError, match="found the text '2022-05-055'") as error:
            call("2022-05-055")
        assert len(str(error.value)) < 100


def test_too_few_maps_for_a_sequence(maps):
    with pytest.warns(SunpyUserWarning, match="among 10 maps. A sequence has 11 consecutive"):
        assert farside.find_sequences(maps[:10]) == []
    with pytest.warns(SunpyUserWarning, match="of which 1 may be missing"):
        assert farside.find_sequences(maps[:9], missing=1) == []
    # Neither a sequence nor no map at all gives a warning, which would be an error here.
    assert farside.find_sequences([]) == []
    assert len(farside.find_sequences(maps[:10], missing=1)) == 2
    with pytest.raises(SequenceError):
        farside.find_sequences(maps[:10], missing=9)
