"""
Sequences of GONG's maps, and detections in them.
"""

import json

import numpy as np
import pytest
from gong_files import FULL, write_gong_map

import astropy.units as u
from astropy.time import Time

from sunpy_farside import (
    FarsideDetection,
    FarsideSequence,
    cli,
    detect_farside,
    detect_seismic_strength,
    find_sequences,
    match_regions,
    read_phase_map,
)
from sunpy_farside.catalog import compare_products, read_catalog, watch_folder
from sunpy_farside.errors import SequenceError
from sunpy_farside.io import read_gong_map
from sunpy_farside.sequence import cadence_date

# Seconds of data, with the losses of the maps of March 2014 and the largest of all.
SECONDS = [FULL, 85920, 80520, 69120]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, simulated):
    folder = tmp_path_factory.mktemp("maps")
    for k, phase_map in enumerate(simulated.sequence.maps):
        write_gong_map(folder, phase_map, SECONDS[k % len(SECONDS)])
    return folder


@pytest.fixture(scope="module")
def sequence(folder):
    return FarsideSequence.from_files(folder.iterdir())


def test_dates_are_on_the_cadence_whatever_data_are_missing(sequence, simulated):
    assert sequence.product == "gong"
    assert (sequence.times == simulated.sequence.times).all()
    assert sequence.wcs.wcs.compare(simulated.sequence.wcs.wcs)
    late = (sequence.times - Time([item.date for item in sequence.maps])).to_value(u.hour)
    assert late.min() == pytest.approx(0)
    assert late.max() == pytest.approx(2.4)
    assert cadence_date(sequence.maps[3]) == sequence.times[3]


def test_windows_show_the_same_sun_as_those_of_whole_degrees(sequence, simulated):
    for found, expected in (
        (sequence.data, simulated.sequence.data),
        (sequence.comoving_data, simulated.sequence.comoving_data),
    ):
        assert found.shape == expected.shape
        known = np.isfinite(found) & np.isfinite(expected)
        assert known.sum() > 0.98 * np.isfinite(expected).sum()
        assert np.corrcoef(found[known], expected[known])[0, 1] > 0.99


@pytest.mark.parametrize("detect", [detect_farside, detect_seismic_strength])
def test_both_methods_find_the_same_regions(sequence, simulated, detect):
    expected, found = (detect(item).regions for item in (simulated.sequence, sequence))
    expected, found = (item[item["significant"]] for item in (expected, found))
    matches = match_regions(found, expected, distance=2 * u.deg)
    assert matches.meta["matched"] == len(expected) == len(found) > 0


def test_a_detection_is_stored(sequence, tmp_path):
    detection = detect_seismic_strength(sequence)
    detection.write(tmp_path)
    again = FarsideDetection.read(tmp_path)
    assert again.sequence.product == "gong"
    assert (again.sequence.times == sequence.times).all()
    np.testing.assert_array_equal(again.sequence.data, sequence.data)


def test_a_map_of_another_hour_is_off_the_cadence(folder, sequence):
    maps = list(sequence.maps)
    odd = maps[4]
    maps[4] = odd._new_instance(odd.data, odd.meta | {"date-obs": "2022-05-04T15:00:00"})
    with pytest.raises(SequenceError, match="off the 12 h cadence: 2022-05-04T15:00"):
        FarsideSequence(maps)


def test_products_do_not_mix(sequence, simulated):
    maps = [*sequence.maps[:10], simulated.sequence.maps[10]]
    with pytest.raises(SequenceError, match="gong and phase_map"):
        FarsideSequence(maps)


def test_maps_are_read_by_their_names(folder):
    path = sorted(folder.iterdir())[0]
    np.testing.assert_array_equal(read_phase_map(path).data, read_gong_map(path).data)


def test_detect_finds_the_maps_of_a_folder(folder, capsys):
    assert cli.main(["detect", str(folder), "--device", "cpu", "--format", "json"]) == 0
    (detection,) = json.loads(capsys.readouterr().out)
    assert detection["date"].startswith("2022-05-05T00:00")


def test_watch_keeps_a_catalog_to_compare(folder, tmp_path, simulated, capsys):
    output = tmp_path / "gong"
    assert [date.isot[:13] for date in watch_folder(folder, output, device="cpu")] == [
        "2022-05-05T00"
    ]
    assert watch_folder(folder, output, device="cpu") == []
    maps = tmp_path / "hmi"
    maps.mkdir()
    for item in simulated.sequence.maps:
        item.save(maps / item.date.strftime("PHASE_MAP_%Y.%m.%d_%H_%M_%S.fits"))
    watch_folder(maps, device="cpu")
    catalogs = [read_catalog(place, "network") for place in (output, maps / "detections")]
    compared = compare_products(*catalogs)
    places = [str(output), "--with", str(maps / "detections")]
    assert cli.main(["compare", *places]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"1 date: {compared.meta['matched']} regions in both products")
    assert out.count("2022-05-05T00:00") == len(
        compared[compared["first_significant"] | compared["second_significant"]]
    )
    both = compared["first_significant"] & compared["second_significant"]
    assert both.sum() == catalogs[0]["significant"].sum() == catalogs[1]["significant"].sum() > 0


def test_sequences_of_real_maps_repeated_over_the_dates(real_data, tmp_path):
    """
    Three real maps are not a sequence: each is repeated at the dates between them.
    """
    real = [read_gong_map(path) for path in sorted((real_data / "gong").iterdir())]
    maps = []
    for k in range(11):
        date = real[0].date + k * 12 * u.hour
        nearest = min(real, key=lambda item: abs(item.date - date))
        maps.append(nearest._new_instance(nearest.data, nearest.meta | {"date-obs": date.isot}))
    (sequence,) = find_sequences(maps)
    assert np.isfinite(sequence.comoving_data[:4]).mean() > 0.9
    for detect in (detect_farside, detect_seismic_strength):
        assert len(detect(sequence).regions)
