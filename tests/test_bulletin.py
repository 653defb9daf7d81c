import json
from dataclasses import replace
from importlib import resources

import jsonschema
import numpy as np
import pytest
import shapely
from bs4 import BeautifulSoup
from bulletins import START, day_of, detections_of, properties
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import astropy.units as u
from astropy.time import Time

from sunpy_farside import track_regions
from sunpy_farside.bulletin import (
    Bulletin,
    Day,
    Series,
    bulletin_document,
    bulletin_overlay,
    bulletin_page,
    bulletin_text,
    json_schema,
    read_bulletin,
    write_bulletin,
)
from sunpy_farside.bulletin.geojson import geometry_of
from sunpy_farside.bulletin.history import strength_trend
from sunpy_farside.catalog.tracking import RegionTracks, no_tracks
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.detection import detect_seismic_strength
from sunpy_farside.errors import FileFormatError, NewerFormatError
from sunpy_farside.io import read_noaa_summary, read_region_list
from sunpy_farside.sequence import find_sequences

# Carrington longitude of the far side's middle at the start.
MIDDLE = far_side_central_meridian(START).deg
STEPS = range(-12, 9)
ALWAYS = range(-100, 100)
# A strong region in the middle, one that begins late, a weak one, and one about to arrive.
STRONG = (MIDDLE - 40, 15, 7, ALWAYS)
LATE = (MIDDLE - 70, -20, 7, range(8, 100))
WEAK = (MIDDLE - 35, -30, 2.5, ALWAYS)


@pytest.fixture(scope="module")
def day():
    return day_of([STRONG, LATE, WEAK], STEPS)


@pytest.fixture(scope="module")
def document(day):
    return bulletin_document(day)


def published_schema():
    path = resources.files("sunpy_farside.data") / "bulletin.schema.json"
    return json.loads(path.read_text())


def check(document):
    """
    Validate a document by the published schema alone.
    """
    content = json.loads(document.model_dump_json())
    schema = published_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(content, schema)
    return content


def test_the_published_schema_is_that_of_the_models():
    assert properties(published_schema()) == properties(json_schema())


def test_bulletin_validates_against_the_published_schema(document):
    content = check(document)
    assert content["version"] == published_schema()["properties"]["version"]["const"]
    assert len(content["regions"]) == 3


def test_the_schema_refuses_what_is_no_bulletin(document):
    content = json.loads(document.model_dump_json())
    for change in (
        {"version": "9.0"},
        {"date": "yesterday"},
        {"regions": None},
        {"surprise": 1},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(content | change, published_schema())


def test_empty_sun_and_no_maps_validate():
    for tracks in (
        no_tracks("seismic_strength"),
        track_regions(detections_of([], STEPS)),
    ):
        document = bulletin_document(Day(START, (Series("phase_map", tracks),)))
        content = check(document)
        assert content["regions"] == content["gone"] == content["outlines"]["features"] == []
    assert content["detections"][0]["date"] == "2022-05-09T00:00:00Z"


def test_positions_are_those_of_the_date_of_the_bulletin(document, day):
    strong = document.regions[0]
    elapsed = (day.date - START).to_value(u.day)
    longitude = STRONG[0] + carrington_drift(15) * elapsed
    assert abs(strong.position.carrington_longitude - longitude % 360) < 0.5
    assert abs(strong.position.latitude - 15) < 0.5
    offset = longitude - far_side_central_meridian(day.date).deg
    assert abs((strong.position.stonyhurst_longitude - offset) % 360 - 180) < 0.5
    assert strong.arrival.days == pytest.approx(
        (Time(strong.arrival.date[:-1]) - day.date).to_value(u.day), abs=0.01
    )


def test_confirmed_regions_come_first_and_those_that_arrive_sooner(document):
    order = [(not region.confirmed, region.arrival.days) for region in document.regions]
    assert order == sorted(order)
    assert [region.confirmed for region in document.regions] == [True, True, False]
    assert [region.number for region in document.regions] == [1, 2, 3]


def test_new_region_is_new(document):
    assert [region.new for region in document.regions] == [False, True, False]


def test_nothing_is_new_on_the_first_day():
    document = bulletin_document(day_of([STRONG], [0, 1]))
    assert [region.new for region in document.regions] == [None]


def test_previous_bulletin_decides_what_is_new_and_gone(day):
    (late,) = (
        region.measurements[0].designation
        for region in bulletin_document(day).regions
        if region.new
    )
    document = bulletin_document(replace(day, previous=frozenset({late, "NN-lost"})))
    assert [region.new for region in document.regions] == [True, False, True]
    (gone,) = document.gone
    assert (gone.designation, gone.reason, gone.position) == ("NN-lost", "not_tracked", None)


def test_region_that_has_come_round_is_gone():
    arriving = (MIDDLE + 30, 5, 7, ALWAYS)
    days = [day_of([STRONG, arriving], range(-12, last)) for last in range(1, 7)]
    documents = [bulletin_document(day) for day in days]
    assert len(documents[0].regions) == 2
    assert len(documents[-1].regions) == 1
    reasons = {gone.reason for document in documents for gone in document.gone}
    assert reasons == {"arrived"}
    for document in documents:
        assert all(region.arrival.days > 0 for region in document.regions)


def test_lost_region_is_gone_after_the_memory_of_its_track():
    """
    A weak region goes at once; a persistent one stays for three days without a detection.
    """
    for radius, stays in ((2.5, 0), (7, 6)):
        brief = (MIDDLE, 5, radius, range(-100, 1))
        there = []
        for last in range(1, 9):
            document = bulletin_document(day_of([brief], range(-12, last + 1)))
            there.append(len(document.regions))
            assert all(not item.detected for item in document.regions)
            if len(there) > 1 and there[-2] and not there[-1]:
                assert [item.reason for item in document.gone] == ["not_detected"]
        assert there == [1] * stays + [0] * (8 - stays)


def test_names_are_those_given(day, document):
    designation = document.regions[0].measurements[0].designation
    named = bulletin_document(replace(day, names={designation: "Great <spot> & co"}))
    assert named.regions[0].name == "Great <spot> & co"
    assert named.regions[1].name == named.regions[1].measurements[0].designation
    assert "Great <spot> & co" in {item.properties.name for item in named.outlines.features}


def test_history_covers_fourteen_days_and_says_why_there_is_nothing():
    steps = [step for step in range(-20, 9) if step not in (2, 3)]
    document = bulletin_document(day_of([(*STRONG[:3], range(-8, 100))], steps))
    (history,) = (item.history for item in document.regions[0].measurements)
    assert len(history) == 28
    days = np.array([Time(entry.date[:-1]).mjd for entry in history])
    assert_allclose(np.diff(days), 0.5)
    states = {
        round((mjd - START.mjd) * 2): entry.state for mjd, entry in zip(days, history, strict=True)
    }
    assert states[2] == states[3] == "no_map"
    assert states[8] == states[1] == states[4] == "detected"
    # Before it appears: on the near side, then on the far side at the edge of the window.
    assert states[-19] == "near_side"
    assert all((entry.strength is not None) == (entry.state == "detected") for entry in history)


def test_trend_needs_time_and_a_change():
    days = np.arange(11) / 2
    assert strength_trend(days[:3], np.array([1.0, 2, 3])) == (None, None)
    assert strength_trend(days, 100 + 0 * days)[1] == "steady"
    assert strength_trend(days, 100 + 10 * days)[1] == "growing"
    assert strength_trend(days, 100 - 10 * days)[1] == "fading"
    # What was five days before counts no more.
    old = np.concatenate([days - 20, days])
    assert strength_trend(old, np.concatenate([1000 + 0 * days, 100 + 0 * days]))[1] == "steady"


def test_two_methods_make_one_region(maps):
    sequences = find_sequences(maps)
    found = detect_seismic_strength(sequences)
    series = Series("phase_map", track_regions(found), found[-1])
    again = Series("phase_map_5day", track_regions(found), found[-1])
    one = bulletin_document(Day(maps[-1].date, (series,)))
    both = bulletin_document(Day(maps[-1].date, (series, again)))
    check(both)
    assert one.regions
    assert len(both.regions) == len(one.regions)
    products = ["phase_map", "phase_map_5day"]
    assert all([m.product for m in item.measurements] == products for item in both.regions)
    assert len(both.outlines.features) == 2 * len(one.outlines.features)


def test_region_that_one_method_loses_is_not_gone(day):
    """
    The other method still has a region at its place.
    """
    lost = track_regions(detections_of([(*STRONG[:2], 2.5, range(-100, 1))], STEPS))
    both = replace(day, series=(*day.series, Series("phase_map_5day", lost)))
    (designation,) = lost.tracks["designation"].tolist()
    kept = day.series[0].tracks.tracks["designation"].tolist()
    named = replace(both, previous=frozenset({designation, *kept}))
    assert bulletin_document(named).gone == []
    alone = replace(named, series=(Series("phase_map_5day", lost),))
    reasons = {item.designation: item.reason for item in bulletin_document(alone).gone}
    assert reasons[designation] == "not_detected"


def test_nan_is_null(document):
    content = json.loads(document.model_dump_json())
    # Regions made by hand have no reliability.
    assert all(region["reliability"] is None for region in content["regions"])
    assert "NaN" not in document.model_dump_json()


def test_lists_are_matched_on_the_date_of_the_bulletin(day, document, tmp_path):
    strong = document.regions[0]
    path = tmp_path / "AR_LIST_2022.05.11_12_00_00.txt"
    longitude = strong.position.carrington_longitude
    days = strong.arrival.days
    meridian = far_side_central_meridian(day.date).deg
    arrival = f"{(day.date + days * u.day).isot[:10]}.5"
    path.write_text(
        f"{day.date.isot[:10]}.5\n"
        f"Far-Side Vantage:  CLon = {meridian:.1f}, Lat =   3.0\n"
        "Designation  Longitude Latitude Strength\n"
        f"FS-2022-042  {longitude:.1f}  16.0  812  {arrival}  {days:.1f}\n"
        f"FS-2022-043  {(longitude + 40) % 360:.1f}  -26.0  412  {arrival}  {days:.1f}\n"
    )
    summary = tmp_path / "20220510SRS.txt"
    summary.write_text(
        ":Issued: 2022 May 10 0030 UTC\n"
        "I.  Regions with Sunspots.  Locations Valid at 09/2400Z\n"
        "3001 S12E85   290  0040 Hsx  02   01 Alpha\n"
        "3002 S12W25   170  0040 Hsx  02   01 Alpha\n"
        "IA. H-alpha Plages without Spots.\n"
        "None\n"
        "II. Regions Due to Return\n"
        f"2999 N15    {round(longitude) % 360:03d}\n"
    )
    told = bulletin_document(
        replace(day, region_list=read_region_list(path), noaa=read_noaa_summary(summary))
    )
    check(told)
    assert (told.regions[0].jsoc, told.regions[0].noaa) == ("FS-2022-042", 12999)
    assert [region.jsoc for region in told.regions[1:]] == [None, None]
    first, second = told.jsoc.regions
    assert (first.region, first.strength, second.region) == (strong.name, 812, None)
    # The region on the disk is no matter of the far side.
    assert [item.designation for item in told.noaa.regions] == ["13001", "12999"]
    assert [item.section for item in told.noaa.regions] == ["I", "II"]


def test_empty_list_is_not_a_missing_one(day, tmp_path):
    path = tmp_path / "AR_LIST_2022.05.11_12_00_00.txt"
    meridian = far_side_central_meridian(day.date).deg
    path.write_text(
        f"{day.date.isot[:10]}.5\nFar-Side Vantage:  CLon = {meridian:.1f}, Lat =   3.0\n\n"
        "No Strong Active Regions (SARs) in the Sun's far hemisphere at this time.\n"
    )
    told = bulletin_document(replace(day, region_list=read_region_list(path)))
    assert told.jsoc.regions == []
    assert bulletin_document(day).jsoc is None


def test_outlines_enclose_their_regions(document):
    assert len(document.outlines.features) == 3
    positions = {region.name: region.position for region in document.regions}
    for feature in document.outlines.features:
        shape = shapely.geometry.shape(feature.geometry.model_dump())
        assert shape.is_valid
        place = positions[feature.properties.name]
        point = shapely.Point(place.carrington_longitude, place.latitude)
        assert shape.buffer(1).contains(point)


@given(
    longitude=st.floats(-720, 720),
    drift=st.floats(-30, 30),
    radius=st.floats(1, 20),
    hole=st.booleans(),
)
def test_outlines_are_split_at_the_boundary_without_loss(longitude, drift, radius, hole):
    angle = np.linspace(0, 2 * np.pi, 41)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    rings = [circle * radius + [longitude, 10]]
    if hole:
        # A turn away, as an unwrapped line may be.
        rings.append(circle[::-1] * radius / 2 + [longitude + 360, 10])
    geometry = geometry_of(rings, drift)
    shape = shapely.geometry.shape(geometry)
    assert shape.is_valid
    low, _, high, _ = shape.bounds
    assert 0 <= low
    assert high <= 360
    expected = shapely.Polygon(rings[0]).area * (0.75 if hole else 1)
    # Coordinates are rounded to hundredths of a degree.
    assert shape.area == pytest.approx(expected, rel=0.03)
    middle = (longitude + drift) % 360
    inside = shape.buffer(0.02).contains(shapely.Point(middle, 10))
    assert inside != hole
    for part in shapely.get_parts(shape):
        assert part.exterior.is_ccw


def test_overlay_has_the_outlines_and_places_of_the_regions(document):
    overlay = bulletin_overlay(document)
    assert overlay["type"] == "SunJSON"
    assert Time(overlay["time"]).isot[:19] == document.date[:19]
    points = [item["coordinates"] for item in overlay["geometry"] if item["type"] == "point"]
    lines = [item["coordinates"] for item in overlay["geometry"] if item["type"] == "line"]
    for ((radius, longitude, latitude),), region in zip(points, document.regions, strict=True):
        place = region.position
        assert radius > 1
        assert (longitude, latitude) == (place.carrington_longitude, place.latitude)
    assert len(lines) == len(document.outlines.features)
    for line, feature in zip(lines, document.outlines.features, strict=True):
        assert [(x, y) for _, x, y in line] == feature.geometry.coordinates[0]
    colors = {tuple(item["colors"][0]) for item in overlay["geometry"]}
    assert len(colors) == 2
    assert all(len(color) == 4 and 0 <= min(color) <= max(color) <= 255 for color in colors)


def test_overlay_has_no_line_on_the_boundary(document):
    """
    An outline across the 0/360 boundary is drawn as if there were none.
    """
    square = np.array([[358.0, 0], [362, 0], [362, 5], [358, 5], [358, 0]])
    outlines = document.outlines.model_dump()
    outlines["features"] = [outlines["features"][0] | {"geometry": geometry_of([square])}]
    crossing = Bulletin.model_validate(document.model_dump() | {"outlines": outlines})
    lines = [
        np.array(item["coordinates"])[:, 1:]
        for item in bulletin_overlay(crossing)["geometry"]
        if item["type"] == "line"
    ]
    edges = np.concatenate([np.stack([line[:-1], line[1:]], axis=1) for line in lines])
    on_boundary = np.all(edges[:, :, 0] % 360 == 0, axis=1)
    assert not on_boundary.any()
    length = np.hypot(*np.diff(edges, axis=1)[:, 0].T).sum()
    assert length == pytest.approx(4 + 5 + 4 + 5)


def test_written_bulletin_reads_back(day, document, tmp_path):
    assert write_bulletin(tmp_path / "new", day) == document
    path = tmp_path / "new" / "bulletin.json"
    assert read_bulletin(path) == document
    assert isinstance(read_bulletin(path), Bulletin)


def test_files_that_are_no_bulletin_are_refused(document, tmp_path):
    path = tmp_path / "bulletin.json"
    content = document.model_dump_json()
    path.write_text(content[:-20])
    with pytest.raises(FileFormatError, match=r"expected a bulletin"):
        read_bulletin(path)
    path.write_text(content.replace('"version":"1.1"', '"version":"2.0"'))
    with pytest.raises(NewerFormatError, match=r"version 1\.1, found '2\.0'"):
        read_bulletin(path)
    with pytest.raises(FileNotFoundError):
        read_bulletin(tmp_path / "none.json")


def test_bulletins_of_the_version_without_a_flux_are_read(document, tmp_path):
    content = json.loads(document.model_dump_json())
    content["version"] = "1.0"
    for region in content["regions"]:
        del region["flux"]
        for item in region["measurements"]:
            del item["flux"]
    path = tmp_path / "bulletin.json"
    path.write_text(json.dumps(content))
    # Regions made by hand have no flux.
    assert read_bulletin(path) == document


def test_bulletins_hold_the_flux_of_regions(day):
    (series,) = day.series
    tracks = RegionTracks(series.tracks.tracks.copy(), series.tracks.members.copy())
    for name, flux in (("flux", 5.264e21), ("flux_lower", 2.8e21), ("flux_upper", 7.6e21)):
        tracks.tracks[name] = flux * u.Mx
    members = tracks.members
    elapsed = members["date"].mjd - members["date"].mjd.min()
    members["flux"] = (1 + elapsed) * 1e21 * u.Mx
    document = bulletin_document(replace(day, series=(replace(series, tracks=tracks),)))
    check(document)
    for region in document.regions:
        flux = region.flux
        assert flux == region.measurements[0].flux
        assert (flux.value, flux.lower, flux.upper) == (5.26e21, 2.8e21, 7.6e21)
        assert flux.unit == "Mx"
        # A region that is new has no trend.
        young = region.measurements[0].n_detections < 3
        assert (flux.change, flux.trend) == ((None, None) if young else (1e21, "growing"))
    trends = [region.flux.trend for region in document.regions]
    assert set(trends) == {"growing", None}
    assert "flux 5.3 (2.8-7.6) 1e21 Mx ↑ growing" in " ".join(bulletin_text(document).split())
    shown = {"growing": "5.3 (2.8\u20137.6) ↑ growing", None: "5.3 (2.8\u20137.6)"}
    assert _flux_cells(document) == [shown[trend] for trend in trends]
    unknown = bulletin_document(day)
    assert [region.flux for region in unknown.regions] == [None] * len(unknown.regions)
    assert "flux" not in bulletin_text(unknown)
    assert _flux_cells(unknown) == ["not known"] * len(unknown.regions)


def _flux_cells(document):
    page = BeautifulSoup(bulletin_page(document), "html.parser")
    return [cell.get_text(" ", strip=True) for cell in page.select('td[data-label^="Flux"]')]


def test_day_without_series_is_refused():
    with pytest.raises(ValueError, match="one series of detections or more"):
        Day(START, ())


def test_failed_write_leaves_the_earlier_bulletin(day, tmp_path, monkeypatch):
    write_bulletin(tmp_path, day)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(before) == 5
    # The last file that is written cannot be encoded.
    monkeypatch.setattr("sunpy_farside.bulletin.write.bulletin_text", lambda _: "\ud800")
    with pytest.raises(UnicodeEncodeError):
        write_bulletin(tmp_path, replace(day, names={"a": "b"}, notes=("new",)))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
