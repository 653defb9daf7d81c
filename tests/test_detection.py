from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from handmade import emptied

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import QTable
from astropy.time import Time

from sunpy.map import Map
from sunpy.util.exceptions import SunpyDeprecationWarning

from sunpy_farside import (
    FarsideDetection,
    FarsideSequence,
    detect_farside,
    detect_seismic_strength,
    find_sequences,
    load_model,
    read_phase_map,
    simulate_sequence,
)
from sunpy_farside.coordinates.window import window_longitudes
from sunpy_farside.detection import COLUMNS, neural
from sunpy_farside.detection.export import flat_table, to_csv, to_json, to_text
from sunpy_farside.errors import FileFormatError, NewerFormatError, WeightsError
from sunpy_farside.maps import FarsidePhaseMap


def equal_columns(one, other):
    for name in one.colnames:
        if name == "centroid":
            continue
        first, second = one[name], other[name]
        same = first == second
        if name not in ("label", "significant", "east_limb_arrival"):
            same |= np.isnan(first) & np.isnan(second)
        assert np.all(same), name
        assert getattr(first, "unit", None) == getattr(second, "unit", None)
        assert first.info.description == second.info.description


def same_coordinates(wcs, other):
    corners = [0, 60, 119], [0, 72, 143]
    one, two = wcs.pixel_to_world(*corners), other.pixel_to_world(*corners)
    return (
        np.array_equal(one.lon, two.lon)
        and np.array_equal(one.lat, two.lat)
        and one.frame.is_equivalent_frame(two.frame)
    )


def test_detection_belongs_to_the_middle_map(detection, simulated):
    assert detection.date == Time("2022-05-05")
    assert detection.model == "default"
    assert detection.sequence is simulated.sequence
    assert detection.image.data.shape == (144, 120)
    assert same_coordinates(detection.image.wcs, simulated.sequence.wcs)
    assert detection.regions.colnames == list(COLUMNS)
    meta = detection.regions.meta
    assert meta["first_map"] == "2022-05-02T12:00:00.000"
    assert meta["last_map"] == "2022-05-07T12:00:00.000"
    assert meta["model"] == "default"


def test_the_strongest_simulated_region_is_found(detection, simulated):
    true = simulated.regions[0]["centroid"]
    nearest = np.argmin(detection.regions["centroid"].separation(true))
    found = detection.regions[nearest]
    assert found["centroid"].separation(true).deg < 8
    assert found["significant"]
    assert found["mean_phase"] < -0.05 * u.rad


def test_the_same_input_gives_the_same_table(detection, simulated):
    again = detect_farside(simulated.sequence, device="cpu")
    assert np.array_equal(again.image.data, detection.image.data)
    equal_columns(detection.regions, again.regions)


def test_many_sequences_equal_one_at_a_time(maps):
    sequences = find_sequences(maps)
    many = detect_farside(sequences, device="cpu")
    assert [item.date.isot[:13] for item in many] == [
        "2022-05-03T12",
        "2022-05-04T00",
        "2022-05-04T12",
    ]
    for sequence, found in zip(sequences, many, strict=True):
        alone = detect_farside(sequence, device="cpu")
        assert np.array_equal(alone.image.data, found.image.data)
        equal_columns(alone.regions, found.regions)
    assert detect_farside([], device="cpu") == []
    assert list(detect_farside(iter([]), device="cpu")) == []


def test_the_map_and_the_table_are_made_on_access(maps):
    (sequence, *_) = find_sequences(maps)
    detection = detect_farside(sequence, device="cpu")
    printed = to_csv([detection]), to_json([detection]), to_text(detection), repr(detection)
    assert not {"image", "regions"} & set(vars(detection))
    assert detection.regions is detection.regions
    assert detection.image is detection.image
    assert detection.image.date == detection.date
    # The same is printed of a detection that has only a table, as one that was read from a file.
    read = replace(detection)
    assert (to_csv([read]), to_json([read]), to_text(read), repr(read)) == printed
    assert "numbers" in vars(read)
    with pytest.raises(AttributeError, match="'FarsideDetection' object has no attribute 'map'"):
        _ = detection.map


def test_an_iterator_is_read_as_the_detections_are_asked_for(maps, monkeypatch):
    monkeypatch.setattr(neural, "_BATCH", 1)
    sequences, taken = find_sequences(maps, missing=1), []
    expected = detect_farside(sequences, device="cpu")

    def read():
        for sequence in sequences:
            taken.append(sequence.date)
            yield sequence

    found = detect_farside(read(), device="cpu")
    assert taken == []
    first = next(found)
    # Two batches are in the network while the regions of the one before them are measured.
    assert len(taken) == 3
    for detection, item in zip([first, *found], expected, strict=True):
        assert np.array_equal(detection.image.data, item.image.data)
        equal_columns(detection.regions, item.regions)


def test_an_error_of_an_iterator_is_raised(maps):
    def read():
        yield from find_sequences(maps)
        msg = "no more maps"
        raise OSError(msg)

    with pytest.raises(OSError, match="no more maps"):
        list(detect_farside(read(), device="cpu"))


def test_sequences_of_different_widths(maps):
    sequences = [FarsideSequence(maps[:11], width=width) for width in (120, 140)]
    found = detect_farside(sequences, device="cpu")
    assert [item.image.data.shape[1] for item in found] == [120, 140]


def test_a_window_only_decides_what_is_looked_at(maps):
    narrow, known, wide = (
        detect_farside(FarsideSequence(maps[:11], width=width), device="cpu")
        for width in (60, 140, 180)
    )
    assert np.array_equal(narrow.image.data, known.image.data[:, 40:100])
    assert np.array_equal(wide.image.data[:, 20:160], known.image.data)
    # What lies in none of the columns that the network knows is no region.
    assert len(wide.regions) == len(known.regions) > 0
    # The noise of a wider window is another one, and may change the order of the regions; the
    # smoothing reaches a pixel beyond the columns.
    areas = [np.sort(item.regions["area"]) for item in (wide, known)]
    assert np.allclose(*areas, rtol=0.1)


def test_the_network_sees_beyond_the_window(simulated):
    maps = simulated.sequence.maps
    first = int(window_longitudes(simulated.sequence.date)[0].value)
    blank = []
    for item in maps:
        data = item.data.copy()
        data[:, (first - np.arange(1, 11)) % 360] = np.nan
        blank.append(FarsidePhaseMap(data, item.meta))
    model = load_model(device="cpu")
    here = detect_farside(simulated.sequence, model).image.data
    there = detect_farside(FarsideSequence(blank), model).image.data
    assert not np.allclose(here[:, :8], there[:, :8], atol=1e-3)
    assert np.allclose(here[:, 60:], there[:, 60:], atol=0.05)


def test_threshold_is_a_number_or_square_degrees(simulated, detection):
    strongest = detection.regions["integrated_probability"].max()
    for threshold in (strongest, strongest.value):
        found = detect_farside(simulated.sequence, threshold=threshold, device="cpu")
        assert found.regions["significant"].sum() == 1
    found = detect_farside(simulated.sequence, threshold=1e6, device="cpu")
    assert not found.regions["significant"].any()


def test_unknown_model_and_device(simulated):
    with pytest.raises(WeightsError, match="felipe2019"):
        detect_farside(simulated.sequence, "nothing")
    with pytest.raises(ValueError, match="device"):
        detect_farside(simulated.sequence, device="abacus")


def test_write_and_read_lose_nothing(detection, tmp_path):
    detection.write(tmp_path / "out")
    back = FarsideDetection.read(tmp_path / "out")
    equal_columns(detection.regions, back.regions)
    assert back.regions.meta == detection.regions.meta
    ours, theirs = detection.regions["centroid"], back.regions["centroid"]
    assert np.all((ours.lon == theirs.lon) & (ours.lat == theirs.lat))
    assert ours.frame.is_equivalent_frame(theirs.frame)
    assert ours.obstime == theirs.obstime
    for name in ("lon", "lat", "radius"):
        assert getattr(ours.observer, name) == getattr(theirs.observer, name)
    assert back.settings == detection.settings
    assert np.array_equal(detection.image.data, back.image.data)
    assert back.image.data.dtype == np.float32
    assert same_coordinates(back.image.wcs, detection.image.wcs)
    for key, value in detection.image.meta.items():
        assert back.image.meta[key] == value
    assert back.image.date == detection.image.date
    assert back.model == detection.model
    assert np.array_equal(back.sequence.data, detection.sequence.data, equal_nan=True)
    assert np.array_equal(
        back.sequence.comoving_data, detection.sequence.comoving_data, equal_nan=True
    )
    assert np.all(back.sequence.times == detection.sequence.times)
    again = detect_farside(back.sequence, device="cpu")
    equal_columns(detection.regions, again.regions)


def test_empty_tables_go_round(tmp_path):
    quiet = simulate_sequence("2022-05-05", seed=3, activity=0)
    none = detect_farside(quiet.sequence, device="cpu")
    none = emptied(none)
    none.write(tmp_path)
    back = FarsideDetection.read(tmp_path)
    assert len(back.regions) == 0
    assert back.regions.colnames == list(COLUMNS)
    assert back.regions["centroid"].obstime == none.date


def test_map_and_table_survive_their_own_writers(detection, tmp_path):
    detection.image.save(tmp_path / "probability.fits")
    back = Map(tmp_path / "probability.fits")
    assert np.array_equal(back.data, detection.image.data)
    assert same_coordinates(back.wcs, detection.image.wcs)
    detection.regions.write(tmp_path / "regions.ecsv")
    equal_columns(detection.regions, QTable.read(tmp_path / "regions.ecsv"))


def test_writing_again_replaces(detection, tmp_path):
    detection.write(tmp_path)
    detection.write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "image.fits",
        "maps.fits",
        "regions.ecsv",
        "segments.fits",
    ]


def test_a_failed_write_leaves_the_old_files(detection, tmp_path, monkeypatch):
    detection.write(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(QTable, "write", full)
    with pytest.raises(OSError, match="No space"):
        detection.write(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_reading_what_is_not_there_or_damaged(detection, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"image\.fits"):
        FarsideDetection.read(tmp_path)
    for name in ("image.fits", "segments.fits", "regions.ecsv", "maps.fits"):
        folder = tmp_path / name
        detection.write(folder)
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 3])
        with pytest.raises(FileFormatError, match="Run the detection again"):
            FarsideDetection.read(folder)


def test_plot(detection):
    drawn = detection.plot()
    assert len(drawn.labels) == len(detection.regions)
    assert "2022-05-05" in drawn.axes.get_title()
    given = plt.figure().add_subplot(projection=detection.image)
    assert detection.plot(given).axes is given


def test_peek_shows_a_figure_of_its_own(detection, monkeypatch):
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(len(plt.gcf().axes)))
    detection.peek()
    assert shown == [2]
    plt.close("all")


def test_flat_forms(detection):
    flat = flat_table(detection)
    assert len(flat) == len(detection.regions)
    assert flat["longitude"][0] == pytest.approx(detection.regions["centroid"].lon.deg[0], abs=0.05)
    assert all(abs(flat["stonyhurst_longitude"]) > 90)
    heading, *rows = to_csv([detection]).split("\n")
    assert heading == ",".join(flat.colnames)
    assert rows == [",".join(str(value) for value in row) for row in flat]
    assert to_csv([detection, emptied(detection), detection]).split("\n")[1:] == rows + rows
    assert '"regions"' in to_json([detection])
    text = to_text(detection)
    assert text.startswith("Far side on 2022-05-05T00:00 UT, default")
    empty = emptied(detection)
    assert to_text(empty).endswith("no active region found.")
    assert to_csv([empty]).startswith("date,label,longitude")


@pytest.mark.parametrize("longitude", [105, 130, 150])
@pytest.mark.parametrize("latitude", [-25, 17])
def test_a_spot_in_the_files_comes_out_where_it_was_painted(tmp_path, longitude, latitude):
    # Columns of JSOC's files are Carrington longitudes, rows are latitudes plus 90.
    rows, columns = np.mgrid[:181, :361]
    distance = np.hypot(columns - longitude, rows - 90 - latitude)
    quiet = simulate_sequence("2022-05-05", seed=8, activity=0).sequence
    for item in quiet.maps:
        # Little noise: it shifts the edges of a region by some degrees.
        data = 0.3 * item.data - 0.25 * np.exp(-(distance**2) / 50).astype(np.float32)
        name = item.date.strftime("PHASE_MAP_%Y.%m.%d_%H:%M:%S.fits")
        fits.PrimaryHDU(data).writeto(tmp_path / name)
    sequence = FarsideSequence.from_files(tmp_path.iterdir())
    best = detect_farside(sequence, device="cpu").regions[0]
    assert best["significant"]
    assert best["centroid"].lon.deg == pytest.approx(longitude, abs=2)
    assert best["centroid"].lat.deg == pytest.approx(latitude, abs=2)


@pytest.fixture(scope="module")
def real_sequences(real_data):
    files = sorted((real_data / "jsoc/farside/Phase_Maps/2022").iterdir())
    return {
        width: find_sequences([read_phase_map(path) for path in files], width=width)
        for width in (120, 140)
    }


@pytest.mark.parametrize("width", [120, 140])
@pytest.mark.parametrize("case", [0, 1])
def test_regions_that_solar_orbiter_saw(real_sequences, width, case):
    """
    Detect the regions above 25 G on 2022-05-05: a bipolar complex, whose polarities are 18 degrees
    apart, and two more.
    """
    regions = detect_farside(real_sequences[width][case], load_model(device="cpu")).regions
    positions = [(97.9, 17.9), (116.1, 15.5), (82.0, 13.7), (150.1, -27.5)]
    frame = regions["centroid"].frame.replicate_without_data()
    places = SkyCoord(*np.transpose(positions) * u.deg, frame=frame)
    near = regions["centroid"][:, np.newaxis].separation(places) < 10 * u.deg
    significant = regions["significant"]
    # Both polarities and the weak region are found, and nothing else is significant.
    assert near[significant][:, [0, 1, 3]].any(axis=0).all()
    assert near[significant].any(axis=1).all()
    leading, following = (regions["complex"][significant & near[:, k]] for k in (0, 1))
    assert set(leading) == set(following)


@pytest.mark.slow
def test_noise_alone_is_not_significant():
    model = load_model(device="cpu")
    loud = 0
    for seed in range(50_000, 50_200):
        quiet = simulate_sequence("2022-05-05", seed=seed, activity=0).sequence
        loud += detect_farside(quiet, model).regions["significant"].any()
    # One sequence in twenty, within three standard deviations of as many.
    assert loud <= 20


def test_little_noise_is_significant():
    loud = 0
    for seed in range(60_000, 60_010):
        quiet = simulate_sequence("2022-05-05", seed=seed, activity=0).sequence
        loud += detect_farside(quiet, device="cpu").regions["significant"].any()
    assert loud <= 2


def test_segments_carry_the_labels_of_the_table(detection):
    labels = detection.regions["label"]
    assert set(np.unique(detection.segments)) == {0, *labels}
    column, row = detection.image.wcs.world_to_pixel(detection.regions["centroid"])
    for label, x, y in zip(labels, column, row, strict=True):
        rows, columns = np.nonzero(detection.segments == label)
        assert rows.min() - 1 <= y <= rows.max() + 1
        assert columns.min() - 1 <= x <= columns.max() + 1
        total = detection.image.data[rows, columns].sum()
        assert total == pytest.approx(
            detection.regions["integrated_probability"].value[label - 1], rel=1e-5
        )


def test_files_of_two_detections_are_refused(tmp_path, maps):
    first, second = detect_farside(find_sequences(maps)[:2], device="cpu")
    for name in ("image.fits", "segments.fits", "regions.ecsv", "maps.fits"):
        first.write(tmp_path / name / "a")
        second.write(tmp_path / name / "b")
        (tmp_path / name / "b" / name).replace(tmp_path / name / "a" / name)
        with pytest.raises(FileFormatError, match="of one detection"):
            FarsideDetection.read(tmp_path / name / "a")


@pytest.mark.parametrize("method", ["network", "sar"])
def test_detections_of_the_first_format_are_read(tmp_path, simulated, method):
    # Earlier releases had no reliability, so that the strength decided, and no flux.
    detection = detect_farside(simulated.sequence, threshold=37, device="cpu")
    if method == "sar":
        detection = detect_seismic_strength(simulated.sequence)
    detection.write(tmp_path)
    (tmp_path / "segments.fits").unlink()
    for name, former in (("image", "probability"), ("maps", "maps")):
        with fits.open(tmp_path / f"{name}.fits", mode="update") as hdus:
            for hdu in hdus:
                for key in ("FSFORMAT", "FSSTAMP", *detection.settings.to_header()):
                    hdu.header.remove(key, ignore_missing=True)
        (tmp_path / f"{name}.fits").rename(tmp_path / f"{former}.fits")
    regions = QTable.read(tmp_path / "regions.ecsv")
    for key in ("format", "stamp", "method", "segmentation_threshold"):
        del regions.meta[key]
    level = detection.settings.segmentation_threshold
    regions.meta |= {"phase": str(level)} if method == "sar" else {"level": float(level)}
    regions.write(tmp_path / "regions.ecsv", overwrite=True)
    back = FarsideDetection.read(tmp_path)
    assert back.settings == replace(detection.settings, reliability=None, flux=None)
    assert np.array_equal(back.segments, detection.segments)
    assert back.method is detection.method


def test_the_former_name_of_the_image_warns(detection):
    with pytest.warns(SunpyDeprecationWarning, match="image"):
        assert detection.probability is detection.image


def edit_regions(folder, change):
    path = folder / "regions.ecsv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(change(lines)) + "\n")


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[:-1],
        lambda lines: [*lines, lines[-1]],
        lambda lines: [line.replace("True", "False") for line in lines],
    ],
    ids=["a row lost", "a row doubled", "changed"],
)
def test_regions_that_are_not_those_written_are_refused(tmp_path, detection, change):
    detection.write(tmp_path)
    edit_regions(tmp_path, change)
    with pytest.raises(FileFormatError, match="as they were written"):
        FarsideDetection.read(tmp_path)


@pytest.mark.parametrize("name", ["image.fits", "segments.fits"])
def test_changed_pixels_are_refused(tmp_path, detection, name):
    detection.write(tmp_path)
    with fits.open(tmp_path / name, mode="update") as hdus:
        hdus[0].data[70, 60] += 1
    with pytest.raises(FileFormatError, match="as they were written"):
        FarsideDetection.read(tmp_path)


def test_newer_formats_are_refused(tmp_path, detection):
    detection.write(tmp_path)
    edit_regions(tmp_path, lambda lines: [line.replace("format: 2", "format: 3") for line in lines])
    with pytest.raises(NewerFormatError, match="Update sunpy_farside"):
        FarsideDetection.read(tmp_path)


def test_columns_that_an_earlier_release_did_not_write(tmp_path, detection):
    detection.write(tmp_path)
    table = QTable.read(tmp_path / "regions.ecsv")
    table.remove_columns(["mean_phase", "coverage"])
    table.write(tmp_path / "regions.ecsv", overwrite=True)
    regions = FarsideDetection.read(tmp_path).regions
    assert regions.colnames == detection.regions.colnames
    assert np.isnan(regions["mean_phase"]).all()
    assert regions["mean_phase"].unit == detection.regions["mean_phase"].unit


def test_sequences_of_different_widths_are_detected_together(simulated):
    wide = FarsideSequence(simulated.sequence.maps, width=160)
    first, second = detect_farside([simulated.sequence, wide], device="cpu")
    for found, sequence in ((first, simulated.sequence), (second, wide)):
        alone = detect_farside(sequence, device="cpu")
        assert found.image.data.shape == (144, sequence.width)
        np.testing.assert_allclose(found.image.data, alone.image.data, rtol=0, atol=1e-6)
        assert found.regions["label"].tolist() == alone.regions["label"].tolist()
