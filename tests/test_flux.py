"""
The magnetic flux of regions: its fit, its columns, and what depends on them.
"""

import json
from contextlib import closing
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import astropy.units as u
from astropy.table import Table

from sunpy_farside import (
    detect_farside,
    detect_seismic_strength,
    find_regions,
    find_sequences,
    load_model,
)
from sunpy_farside.catalog import Catalog, stack_regions, track_regions
from sunpy_farside.catalog.database_schema import _STEPS, _connection, open_database
from sunpy_farside.catalog.numbers import daily_numbers
from sunpy_farside.detection.export import to_json, to_text
from sunpy_farside.detection.flux import FLUX_COLUMNS, FluxRelation
from sunpy_farside.detection.reliability import Reliability
from sunpy_farside.detection.sar_calibration import (
    calibration_text,
    read_calibration,
    sar_flux,
    sar_reliability,
)
from sunpy_farside.detection.settings import DetectionSettings
from sunpy_farside.errors import WeightsError
from sunpy_farside.evaluation import calibration
from sunpy_farside.evaluation.calibration import calibrate_network
from sunpy_farside.evaluation.calibration_bins import flux_bins
from sunpy_farside.evaluation.cases import Case, ComparedDetections, collect, reference_flux
from sunpy_farside.evaluation.flux_calibration import calibrate_flux, fit_flux
from sunpy_farside.evaluation.report import write_report
from sunpy_farside.network import save_model
from sunpy_farside.utils.digests import digest

# The 16th and 84th percentiles of a normal distribution, in standard deviations.
SIGMA = 0.9945


@pytest.fixture(scope="module")
def model():
    return load_model(device="cpu")


def measured_regions(rng, size):
    """
    Return features of detections, and fluxes that follow a known law with a known scatter.
    """
    columns = {
        "integrated_probability": rng.uniform(20, 90, size),
        "depth": rng.uniform(0.5, 6, size),
        "area": rng.uniform(40, 400, size),
        "distance": rng.uniform(0, 60, size),
    }
    signal = np.log1p(columns["depth"] * columns["area"] / 50)
    law = (
        -0.5
        + 0.8 * signal
        - 0.3 * np.log(columns["integrated_probability"])
        + 1.2 * (columns["distance"] / 90) ** 2
    )
    scatter = 0.4 + 0.8 * (columns["distance"] / 90) ** 4
    # The mean of a lognormal distribution is above its median.
    flux = 1e22 * np.exp(law + scatter * rng.normal(size=size) - scatter**2 / 2)
    return columns, flux, law, scatter


def test_the_fit_finds_the_law_and_the_interval():
    columns, flux, law, scatter = measured_regions(np.random.default_rng(1), 4000)
    fitted = fit_flux(columns, flux, ["integrated_probability", "signal", "distance"])
    coefficients = {"integrated_probability": -0.3, "signal": 0.8, "distance": 1.2}
    assert fitted["coefficients"] == pytest.approx(coefficients, abs=0.1)
    relation = FluxRelation(**fitted, settings={})
    # Other detections of the same law.
    columns, flux, law, scatter = measured_regions(np.random.default_rng(2), 20_000)
    estimate, lower, upper = relation(columns)
    np.testing.assert_allclose(estimate, 1e22 * np.exp(law), rtol=0.1)
    within = (flux >= lower) & (flux <= upper)
    assert within.mean() == pytest.approx(0.68, abs=0.02)
    assert np.mean(flux < lower) == pytest.approx(0.16, abs=0.02)
    for column in (estimate, columns["distance"]):
        edges = np.quantile(column, [0, 0.25, 0.5, 0.75, 1])
        for low, high in pairwise(edges):
            inside = (column >= low) & (column < high)
            assert flux[inside].mean() / estimate[inside].mean() == pytest.approx(1, abs=0.05)
            assert within[inside].mean() == pytest.approx(0.68, abs=0.05)
    # The bounds are those of the known distribution.
    bound = np.exp(law - scatter**2 / 2 + SIGMA * scatter) * 1e22
    assert np.median(upper / bound) == pytest.approx(1, abs=0.03)


def test_the_interval_follows_a_scatter_that_is_largest_for_medium_fluxes():
    rng = np.random.default_rng(3)
    law = rng.uniform(-1.5, 1.5, 4000)
    strength = FluxRelation.strength * np.expm1(law + 2)
    columns = {"seismic_strength": strength, "distance": np.zeros(len(law))}
    scatter = 0.5 - 0.15 * law**2
    flux = 1e22 * np.exp(law + scatter * rng.normal(size=len(law)) - scatter**2 / 2)
    relation = FluxRelation(**fit_flux(columns, flux, ["seismic_strength"]), settings={})
    _, lower, upper = relation(columns)
    for low, high in pairwise(np.quantile(law, np.linspace(0, 1, 6))):
        inside = (law >= low) & (law < high)
        assert np.mean(flux[inside] < lower[inside]) == pytest.approx(0.16, abs=0.03)
        assert np.mean(flux[inside] > upper[inside]) == pytest.approx(0.16, abs=0.03)


def test_bounds_without_a_curvature_are_straight():
    straight = {"intercept": -0.5, "slope": 1.5, "distance": 0.3}
    table = {"seismic_strength": np.array([100, 1e3, 1e4]), "distance": np.full(3, 45.0)}
    former, now = (
        FluxRelation({"seismic_strength": 1.0}, 0.0, {}, lower=bound, upper=bound)(table)
        for bound in (straight, straight | {"curvature": 0.0})
    )
    assert_array_equal(former, now)


def test_bounds_never_cross_the_estimate():
    relation = FluxRelation(
        {"seismic_strength": 1.0},
        0.0,
        {},
        lower={"intercept": -0.5, "slope": 1.5, "distance": 0.0},
        upper={"intercept": 0.5, "slope": 0.5, "distance": 0.0},
    )
    table = {"seismic_strength": np.array([0, 1e3, 1e6]), "distance": np.zeros(3)}
    estimate, lower, upper = relation(table)
    assert (lower <= estimate).all()
    assert (estimate <= upper).all()
    table["seismic_strength"][1] = np.nan
    assert [np.isnan(values).tolist() for values in relation(table)] == [[False, True, False]] * 3


def case(detections, regions, *, outline=()):
    """
    Return detections at longitudes of the equator, and regions at longitudes with fluxes in Mx.
    """
    longitude, flux = np.array(regions, dtype=float).reshape(-1, 2).T
    known = Table({"longitude": longitude, "latitude": 0 * longitude, "flux": flux})
    known["large"] = flux >= 2e21
    known["complex"] = np.where(known["large"], np.arange(len(flux)), -1)
    places = np.array(detections, dtype=float)
    covers = np.abs(places[:, np.newaxis] - longitude) <= 10
    for detection, region in outline:
        covers[detection, region] = True
    measured = Table({"longitude": places, "latitude": 0 * places})
    for name in ("integrated_probability", "depth", "area", "distance"):
        measured[name] = 10.0
    return Case(known, {"m": ComparedDetections(measured, 0.0, covers)}, {})


def test_every_region_counts_for_one_detection():
    # Two detections over a complex of three regions: each region belongs to the nearer one.
    regions = [(100, 3e21), (104, 4e21), (109, 5e21)]
    assert_array_equal(reference_flux(case([101, 108], regions), "m"), [7e21, 5e21])
    # A region below the size limit does not count, nor does one too far off.
    assert_array_equal(reference_flux(case([100], [(100, 1.5e21), (120, 3e21)]), "m"), [0])
    # A wide outline covers distant regions.
    wide = case([100], [(100, 3e21), (120, 3e21)], outline=[(0, 1)])
    assert_array_equal(reference_flux(wide, "m"), [6e21])
    assert_array_equal(reference_flux(case([95, 104], [(100, 3e21)]), "m"), [0, 3e21])
    assert_array_equal(reference_flux(case([95], []), "m"), [0])
    assert len(reference_flux(case([], [(100, 3e21)]), "m")) == 0


def test_bins_compare_estimates_with_references():
    estimate = np.array([3e21, 4e21, 8e21, np.nan, 3e22, 3e22])
    reference = np.array([3e21, 8e21, 8e21, 1e22, 0, 2e22])
    table = flux_bins(estimate, 0.9 * estimate, 1.1 * estimate, reference)
    assert table["low"].tolist() == [0, 5e21, 1e22, 2e22, 0]
    assert table["number"].tolist() == [2, 1, 0, 1, 4]
    np.testing.assert_allclose(table["ratio"], [5.5 / 3.5, 1, np.nan, 2 / 3, 39 / 45])
    np.testing.assert_allclose(table["within"], [0.5, 1, np.nan, 0, 0.5])


def test_too_few_detections_give_no_flux():
    few = [case([100], [(100, 3e21)])] * 9
    with pytest.warns(UserWarning, match=r"found 9\. The regions will have no flux"):
        assert calibrate_flux(few, "m", ["signal"], {}) is None
    relation = calibrate_flux([*few, few[0]], "m", ["signal"], {"level": 0.5})
    assert relation.notes["detections"] == 10
    assert relation.fits(level=0.5)


def test_masks_have_no_flux(monkeypatch, model):
    monkeypatch.setattr(calibration, "stored_cases", lambda *args, **options: [])
    monkeypatch.setattr(calibration, "simulated_cases", lambda *args, **options: [])
    monkeypatch.setattr(calibration, "_fit", lambda *args: None)
    monkeypatch.setattr(calibration, "_cut", lambda *args: 50.0)
    assert calibrate_network("default", 1, data="dataset.h5").flux is None


@pytest.mark.parametrize("method", ["network", "sar"])
def test_every_region_has_a_flux_with_an_interval(tmp_path, simulated, model, method):
    if method == "network":
        detection = detect_farside(simulated.sequence, model)
    else:
        detection = detect_seismic_strength(simulated.sequence)
    regions = detection.regions
    assert len(regions) > 2
    assert {regions[name].unit for name in FLUX_COLUMNS} == {u.Mx}
    assert np.all(regions["flux_lower"] < regions["flux"])
    assert np.all(regions["flux"] < regions["flux_upper"])
    # Regions of 2e21 Mx and more, on a Sun with few above 1e23.
    assert np.all((regions["flux"] > 1e21 * u.Mx) & (regions["flux"] < 2e23 * u.Mx))
    again = find_regions(detection.image, sequence=simulated.sequence)
    assert_array_equal(again["flux"], regions["flux"])
    # A detection is written with its relation.
    settings = DetectionSettings.from_header(detection.settings.to_header())
    assert settings == detection.settings
    detection.write(tmp_path / "detection")
    back = type(detection).read(tmp_path / "detection").regions
    for name in FLUX_COLUMNS:
        assert_array_equal(back[name], regions[name])
    row = json.loads(to_json([detection]))[0]["regions"][0]
    assert row["flux"] == pytest.approx(regions["flux"][0].value, rel=0.01)
    first = f"{regions['flux'][0].value / 1e21:.1f}"[:3].rstrip(".")
    assert f" {first}" in to_text(detection).splitlines()[3]
    assert "flux [1e21 Mx]" in to_text(detection)


def test_regions_that_are_cut_otherwise_have_no_flux(simulated, model):
    sequence = simulated.sequence
    detection = detect_farside(sequence, model)

    def known(table):
        assert len(table)
        return np.isfinite(table["flux"]).tolist() == [True] * len(table)

    # A threshold leaves the regions as they are, another segmentation does not.
    assert known(detect_farside(sequence, model, threshold=50).regions)
    assert known(find_regions(detection.image, sequence=sequence, threshold=50))
    for change in ({"level": 0.3}, {"deblend": False}, {"flux": None}):
        other = detect_farside(sequence, replace(model, **change)).regions
        assert not known(other)
        assert np.isnan(other["flux_lower"]).all()
    assert not known(find_regions(detection.image, sequence=sequence, level=0.3))
    assert not known(find_regions(detection.image))
    assert not known(detect_seismic_strength(sequence, phase=-0.1 * u.rad).regions)


def test_weights_keep_the_flux(tmp_path, model):
    path = tmp_path / "weights.safetensors"
    save_model(model, path)
    assert load_model(path, device="cpu").flux == model.flux
    for change in ({"version": 99}, {"coefficients": {"color": 1.0}}):
        save_model(replace(model, flux=model.flux | change), path)
        with pytest.raises(WeightsError, match="a flux relation of version 1"):
            detect_farside([], path, device="cpu")


def test_calibrations_of_the_sar_method_without_a_flux_are_read():
    former = json.dumps(sar_reliability().to_dict())
    assert read_calibration(former) == (sar_reliability(), None)
    text = calibration_text(sar_reliability(), sar_flux())
    assert read_calibration(text) == (sar_reliability(), sar_flux())
    with pytest.raises(ValueError, match=r"found format 3\. Update"):
        read_calibration('{"format": 3}')
    assert isinstance(sar_reliability(), Reliability)


def test_the_report_compares_fluxes(tmp_path):
    columns, flux, *_ = measured_regions(np.random.default_rng(3), 400)
    relation = FluxRelation(**fit_flux(columns, flux, ["signal", "distance"]), settings={})
    values = relation(columns)
    cases = []
    for k in range(len(flux)):
        measured = Table({name: column[k : k + 1] for name, column in columns.items()})
        for name, value in zip(FLUX_COLUMNS, values, strict=True):
            measured[name] = value[k : k + 1]
        measured["longitude"] = measured["latitude"] = measured["strength"] = 1.0
        measured["reliability"] = 0.9
        known = Table({"longitude": [1.0], "latitude": [1.0], "flux": [flux[k]]})
        known["large"], known["complex"] = flux[k] > 0, 0
        found = ComparedDetections(measured, 0.0, np.ones((1, 1), dtype=bool))
        cases.append(Case(known, {"seismic_strength": found}, {}))
    summary = write_report(collect(cases), tmp_path)
    rows = summary["methods"]["seismic_strength"]["flux"]
    assert rows[-1]["number"] == 400
    assert rows[-1]["ratio"] == pytest.approx(1, abs=1e-3)
    assert rows[-1]["within"] == pytest.approx(0.68, abs=0.02)
    text = (tmp_path / "report.md").read_text()
    assert f"| all | 1.00, {rows[-1]['within']:.0%} (400) |" in text
    assert "| 2e+22 and more |" in text
    # The fluxes of masks are not known.
    for item in cases:
        item.known.remove_column("flux")
    summary = write_report(collect(cases), tmp_path)
    assert "flux" not in summary["methods"]["seismic_strength"]
    assert "68 % interval" not in (tmp_path / "report.md").read_text()


@pytest.fixture(scope="module")
def tables(maps):
    """
    Return the tables of the SAR method on three dates.
    """
    return [item.regions for item in detect_seismic_strength(find_sequences(maps))]


def one_region(table, fluxes):
    """
    Return a stack of one region that has these fluxes on successive dates, in 1e21 Mx.
    """
    rows = []
    for k in range(len(fluxes)):
        row = table[:1].copy()
        row["centroid"] = row["centroid"][:1]
        row.meta["date"] = (row["centroid"].obstime + 0.5 * k * u.day).isot
        rows.append(row)
    stack = stack_regions(rows)
    for name, factor in zip(FLUX_COLUMNS, (1, 0.5, 2), strict=True):
        stack[name] = factor * np.array(fluxes, dtype=float) * 1e21 * u.Mx
    return stack


def test_the_flux_of_a_track_is_that_of_its_last_five_days(tables):
    # Fourteen dates: the mean is that of the last eleven.
    fluxes = [90.0] * 3 + list(range(1, 12))
    result = track_regions(one_region(tables[0], fluxes))
    (track,) = result.tracks
    assert track["flux"].to_value(u.Mx) == pytest.approx(6e21)
    assert track["flux_lower"].to_value(u.Mx) == pytest.approx(3e21)
    assert track["flux_upper"].to_value(u.Mx) == pytest.approx(12e21)
    np.testing.assert_allclose(result.members["flux"].to_value(u.Mx), 1e21 * np.array(fluxes))
    (track,) = track_regions(one_region(tables[0], [5.0, np.nan, 5.0])).tracks
    assert np.isnan(track["flux"])


def test_tracks_without_a_flux_are_read(tmp_path, tables):
    result = track_regions(tables[:2])
    old = type(result)(result.tracks.copy(), result.members.copy())
    for part in (old.tracks, old.members):
        part.remove_columns(FLUX_COLUMNS)
    old.write(tmp_path)
    again = type(result).read(tmp_path)
    for part in (again.tracks, again.members):
        assert np.isnan(part["flux"]).all()
        assert part["flux"].unit == u.Mx
    later = track_regions(tables[2:], again)
    last = later.members["date"] == later.members["date"][-1]
    assert np.isfinite(later.members["flux"]).tolist() == last.tolist()


def test_numbers_of_the_flux(tables):
    stack = stack_regions(tables)
    stack["significant"] = True
    # A region that is not significant and has no flux changes no sum.
    stack["significant"][0], stack["flux"][0] = False, np.nan * u.Mx
    numbers = daily_numbers(stack)
    ahead = stack["east_limb_arrival"] - stack["date"]
    for row in numbers:
        here = (stack["date"] == row["date"]) & stack["significant"]
        assert u.isclose(row["flux"], stack["flux"][here].sum())
        for days in (7, 14):
            soon = here & (ahead > 0 * u.day) & (ahead <= days * u.day)
            assert u.isclose(row[f"flux_{days}_days"], stack["flux"][soon].sum())
    assert (numbers["flux_7_days"] < numbers["flux"]).any()
    stack["significant"][0] = True
    assert np.isnan(daily_numbers(stack)["flux"]).tolist() == [True, False, False]


def test_numbers_of_the_flux_are_nan_without_a_map_and_zero_without_a_region(tables):
    stack = stack_regions(tables[:1])
    start, *_ = stack.meta["dates"]
    dates = (stack["date"][0] + [0, 0.5, 1.5] * u.day).isot.tolist()
    stack.meta["dates"] = dates
    numbers = daily_numbers(stack)
    assert dates[0] == start
    for name in ("flux", "flux_7_days", "flux_14_days"):
        assert np.isnan(numbers[name]).tolist() == [False, False, True, False]
        assert numbers[name][[1, 3]].to_value(u.Mx).tolist() == [0, 0]
    stack.remove_columns(FLUX_COLUMNS)
    assert np.isnan(daily_numbers(stack)["flux"][0])


@pytest.fixture
def former_database(tmp_path):
    """
    Write a database of the version without a flux, with a region and its track.
    """
    path = tmp_path / "catalogue.db"
    date, arrival = "2022-05-03T12:00:00.000", "2022-05-20T00:00:00"
    fields = [
        *(("label", 1), ("longitude", 100.0), ("latitude", 10.0), ("seismic_strength", 500.0)),
        *(("east_limb_arrival", arrival), ("significant", 1)),
    ]
    with closing(_connection(path, "journal_mode = WAL")) as connection:
        connection.executescript(_STEPS[0])
        connection.execute("PRAGMA user_version = 1")
        connection.execute(
            "INSERT INTO detections VALUES (1, 'phase_map', 'sar', ?, 'current', 'sar', NULL, "
            "NULL, ?, ?)",
            (date, digest(repr([fields])), date),
        )
        connection.execute(
            "INSERT INTO regions (detection, label, longitude, latitude, seismic_strength, "
            "east_limb_arrival, significant) VALUES (1, 1, 100, 10, 500, ?, 1)",
            (arrival,),
        )
        connection.execute(
            "INSERT INTO tracks VALUES (1, 'sar', 'FS2022050312-100N10', ?1, ?1, 1, 1, 0.9, 1, "
            "100, 10, ?1, 100, 10, NULL, 3, NULL, 500, 500, '', '', ?2, 0.3, ?2)",
            (date, arrival),
        )
        connection.execute("INSERT INTO members VALUES (1, 1, 1)")
        connection.execute("INSERT INTO tracking VALUES ('sar', NULL, '')")
    return path


def test_databases_without_a_flux_are_read_and_brought_up_to_date(former_database):
    content = former_database.read_bytes()
    catalog = Catalog(former_database.parent)
    regions = catalog.detections("sar")
    assert regions["seismic_strength"].value.tolist() == [500]
    assert np.isnan(regions["flux"]).tolist() == [True]
    (track,) = catalog.tracks["sar"].tracks
    assert track["designation"] == "FS2022050312-100N10"
    assert np.isnan(track["flux"])
    # To read leaves the file as it is.
    assert former_database.read_bytes() == content
    for _ in range(2):
        with closing(open_database(former_database, write=True)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (len(_STEPS),)
            connection.execute("UPDATE regions SET flux = 5e21")
    assert Catalog(former_database.parent).tracks["sar"].members["flux"].to_value(u.Mx) == [5e21]
