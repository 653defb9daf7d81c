"""
Fido client, with real HTTP servers on the loopback address.
"""

import asyncio
import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import parfive
import pytest
from archive_files import (
    MAY_5,
    PHASE_MAP,
    RANGE,
    REGION_LIST,
    TWELVE,
    fetch_replaced,
    raw_map,
    write_maps,
)

import astropy.units as u
from astropy.io import fits
from astropy.table import QTable

import sunpy.map
from sunpy.net import Fido
from sunpy.net import attrs as a
from sunpy.util.exceptions import SunpyUserWarning

import sunpy_farside
from sunpy_farside.io import read_region_list
from sunpy_farside.net import FarsideClient, listing

pytestmark = pytest.mark.usefixtures("only_loopback", "no_pause")

COLUMNS = [
    "Start Time",
    "End Time",
    "Instrument",
    "Product",
    "Source",
    "Provider",
    "Size",
    "Modified",
    "url",
]


def data_bytes(path):
    with fits.open(path) as hdus:
        info = hdus[0].fileinfo()
    return path.read_bytes()[info["datLoc"] : info["datLoc"] + 181 * 361 * 4]


def times(found):
    """
    Return the times in the files' names.
    """
    return [
        datetime.strptime(url[-24:-5], "%Y.%m.%d_%H:%M:%S")
        for table in found
        for url in table["url"]
    ]


@pytest.mark.parametrize("style", ["python", "apache", "apache-quoted"])
def test_twelve_real_maps_give_two_sequences(real_data, serve, output, style):
    server = serve(real_data / "jsoc" / "farside", style)
    found = Fido.search(RANGE, PHASE_MAP)
    assert times(found) == TWELVE
    files = Fido.fetch(found, path=output, progress=False)
    assert files.errors == []
    maps = sunpy.map.Map(list(files))
    assert all(isinstance(item, sunpy_farside.FarsidePhaseMap) for item in maps)
    assert [item.date.datetime for item in maps] == TWELVE
    sequences = sunpy_farside.find_sequences(maps)
    assert [item.date.isot[:13] for item in sequences] == ["2022-05-05T00", "2022-05-05T12"]
    again = sunpy_farside.FarsideSequence.from_files(files[:11])
    np.testing.assert_array_equal(again.data, sequences[0].data)
    original = real_data / "jsoc" / "farside" / "Phase_Maps" / "2022"
    for path, source in zip(sorted(output.iterdir()), sorted(original.iterdir()), strict=True):
        assert data_bytes(path) == data_bytes(source)
    assert server.requests["/Phase_Maps/2022/"] == 1


@pytest.mark.parametrize("style", ["python", "apache", "apache-quoted"])
def test_maps_open_after_a_download(archive, serve, output, style):
    server = serve(archive, style)
    found = Fido.search(RANGE, PHASE_MAP, a.Instrument.hmi, a.Source.sdo, a.Provider.jsoc)
    assert times(found) == TWELVE
    assert set(server.requests) == {"/Phase_Maps/", "/Phase_Maps/2022/"}
    files = Fido.fetch(found, path=output, progress=False)
    assert files.errors == []
    assert [path.rpartition("/")[2] for path in files] == [
        f"PHASE_MAP_{time:%Y.%m.%d_%H_%M_%S}.fits" for time in TWELVE
    ]
    maps = sunpy.map.Map(list(files))
    assert {type(item) for item in maps} == {sunpy_farside.FarsidePhaseMap}
    assert {item.unit for item in maps} == {u.rad}
    assert [item.date.datetime for item in maps] == TWELVE
    assert len(sunpy_farside.find_sequences(maps)) == 2
    assert set(server.requests.values()) == {1}


def test_rows(archive, serve):
    serve(archive, "apache")
    found = Fido.search(RANGE, PHASE_MAP)[0]
    assert found.colnames == COLUMNS
    first = found[0]
    assert (first["Instrument"], first["Product"], first["Source"], first["Provider"]) == (
        "HMI",
        "phase_map",
        "SDO",
        "JSOC",
    )
    assert first["Start Time"].iso == "2022-05-02 00:00:00.000"
    assert first["End Time"].iso == "2022-05-03 00:00:00.000"
    assert first["url"].endswith("/Phase_Maps/2022/PHASE_MAP_2022.05.02_12:00:00.fits")
    assert (found["Size"] == 259 * 1024 * u.byte).all()
    assert np.isclose(found.total_size().to_value(u.byte), 12 * 259 * 1024, rtol=1e-3)
    assert "url" not in str(found)
    assert "PHASE" not in str(found)


def test_size_is_nan_where_the_server_tells_none(archive, serve):
    serve(archive, "python")
    assert np.isnan(Fido.search(RANGE, PHASE_MAP)[0]["Size"]).all()


def test_both_ends_are_inclusive(archive, serve):
    serve(archive)
    found = Fido.search(a.Time("2022-05-03 00:00", "2022-05-04 00:00"), PHASE_MAP)
    assert times(found) == TWELVE[1:4]
    found = Fido.search(a.Time("2022-05-03 00:00:01", "2022-05-03 23:59:59"), PHASE_MAP)
    assert times(found) == TWELVE[2:3]


def test_nothing_found_is_an_empty_table_with_its_columns(archive, serve, output):
    serve(archive)
    found = Fido.search(a.Time("2022-06-01", "2022-06-02"), PHASE_MAP)
    assert len(found[0]) == 0
    assert found[0].colnames == COLUMNS
    assert list(found[0]["Start Time"]) == []
    assert list(Fido.fetch(found, path=output, progress=False)) == []


def test_years_without_an_archive_are_not_asked_for(archive, serve):
    server = serve(archive)
    assert len(Fido.search(a.Time("1999-01-01", "2009-12-31"), PHASE_MAP)[0]) == 0
    # sunpy itself warns about such dates.
    span = datetime(2190, 1, 1), datetime(2199, 1, 1)
    assert listing.find_files("phase_map", *span, server.url) == []
    assert not server.requests


def test_a_query_reaches_no_other_client():
    for query in (
        (RANGE, PHASE_MAP),
        (RANGE, a.farside.Product.phase_map_5day, a.Instrument.hmi),
        (RANGE, a.farside.Product("region_list"), a.Provider("JSOC"), a.Source("SDO")),
    ):
        assert Fido._check_registered_widgets(*query) == [FarsideClient]
    for query in (
        (RANGE, a.Instrument.hmi),
        (RANGE, a.Provider("JSOC")),
        (RANGE, PHASE_MAP, a.Level(1)),
    ):
        assert not FarsideClient._can_handle_query(*query)
    assert not FarsideClient._can_handle_query(RANGE, PHASE_MAP, a.Instrument("AIA"))


def test_an_unknown_product_is_refused():
    with pytest.raises(ValueError, match=r"phase_map, phase_map_5day, region_list, .*found 'maps'"):
        a.farside.Product("maps")
    assert dir(a.farside) == ["Product"]
    assert "FarsideClient" in str(Fido)


def test_flat_and_yearly_folders_give_one_row_per_time(archive, serve, output):
    flat = archive / "Phase_Maps"
    for time in TWELVE[10:]:
        name = f"PHASE_MAP_{time:%Y.%m.%d_%H:%M:%S}.fits"
        shutil.copy(flat / "2022" / name, flat / name)
    newest = TWELVE[-1] + timedelta(hours=12)
    write_maps(flat, [newest])
    server = serve(archive)
    found = Fido.search(a.Time("2022-05-01", "2022-05-09"), PHASE_MAP)
    assert times(found) == [*TWELVE, newest]
    assert sum("/2022/" in url for url in found[0]["url"]) == 12
    assert server.requests["/Phase_Maps/"] == server.requests["/Phase_Maps/2022/"] == 1


def test_a_turn_of_the_year(tmp_path, serve):
    new_year = [datetime(2012, 12, 31, 12), datetime(2013, 1, 1), datetime(2013, 1, 1, 12)]
    write_maps(tmp_path / "Phase_Maps" / "2012", new_year[:1])
    write_maps(tmp_path / "Phase_Maps" / "2013", new_year[1:])
    write_maps(tmp_path / "Phase_Maps" / "2014", [datetime(2014, 1, 1)])
    server = serve(tmp_path)
    assert times(Fido.search(a.Time("2012-12-31", "2013-01-02"), PHASE_MAP)) == new_year
    assert set(server.requests) == {"/Phase_Maps/", "/Phase_Maps/2012/", "/Phase_Maps/2013/"}


def test_missing_folders_hold_nothing(tmp_path, serve):
    write_maps(tmp_path / "Phase_Maps", TWELVE)
    server = serve(tmp_path)
    assert times(Fido.search(RANGE, PHASE_MAP)) == TWELVE
    assert server.requests["/Phase_Maps/2022/"] == 1
    assert len(Fido.search(RANGE, a.farside.Product("region_list"))[0]) == 0


def test_all_products(archive, serve, output):
    write_maps(archive / "Phase_Maps_5Day_Cum", TWELVE[:2], "CUM_PHASE")
    (archive / "AR_Lists" / "2022").mkdir(parents=True)
    (archive / "AR_Lists" / "2022" / "AR_LIST_2022.05.05_00:00:00.txt").write_text(REGION_LIST)
    serve(archive)
    found = Fido.search(
        RANGE, a.farside.Product("phase_map_5day") | a.farside.Product("region_list")
    )
    assert [len(table) for table in found] == [2, 1]
    hours = (found[0]["End Time"][0] - found[0]["Start Time"][0]).to_value(u.hour)
    assert np.isclose(hours, 120)
    files = Fido.fetch(found, path=output, progress=False)
    assert files.errors == []
    cumulated = sunpy.map.Map(files[0])
    assert cumulated.product == "phase_map_5day"
    table = read_region_list(files[2])
    assert isinstance(table, QTable)
    assert table["designation"][0] == "FS-2022-025"


def test_a_mirror_is_named_at_the_time_of_the_search(archive, tmp_path, serve, monkeypatch):
    first = serve(archive)
    second = serve(tmp_path)
    assert len(Fido.search(RANGE, PHASE_MAP)[0]) == 0
    monkeypatch.setenv("SUNPY_FARSIDE_JSOC_URL", first.url.rstrip("/"))
    assert len(Fido.search(RANGE, PHASE_MAP)[0]) == 12
    assert len(FarsideClient(second.url).search(RANGE, PHASE_MAP)) == 0


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "file:///etc/", "nonsense", "http://", "http://h/?q"]
)
def test_a_wrong_address_is_refused(url):
    with pytest.raises(ValueError, match="SUNPY_FARSIDE_JSOC_URL"):
        FarsideClient(url).search(RANGE, PHASE_MAP)


def test_the_header_is_completed_and_nothing_else(archive, serve, output):
    cards = {
        "REF_L0": 128.0,
        "INSTRUME": "HMI_SIDE1",
        "CTYPE1": "LONGITUDE",
        "CRVAL1": 7.0,
        "CDELT1": 3.0,
        "PC1_2": 0.5,
        "DATE_AVG": "2001-01-01",
        "TIMESYS": "TAI",
        "BUNIT": "radian",
        "OWNER": "somebody",
    }
    hdu = raw_map(5, **cards)
    hdu.header["REF_L0"] = hdu.header.pop("REF-L0")
    hdu.header["PC1_2"] = hdu.header.pop("PC1-2")
    # NaN of an unusual kind: the bytes count, not the values.
    hdu.data.view(np.uint32)[3, 3] = 0x7FC12345
    _, (file,) = fetch_replaced(archive, serve, output, hdu)
    assert data_bytes(output / "PHASE_MAP_2022.05.05_00_00_00.fits") == data_bytes(archive / MAY_5)
    item = sunpy.map.Map(file)
    assert isinstance(item, sunpy_farside.FarsidePhaseMap)
    assert item.date.isot == item.reference_date.isot == "2022-05-05T00:00:00.000"
    corner = item.pixel_to_world(100 * u.pix, 90 * u.pix)
    assert np.isclose(corner.lon.deg, 100)
    assert np.isclose(corner.lat.deg, 0)
    assert (item.meta["owner"], item.meta["ref_l0"]) == ("somebody", 128.0)
    assert "sunpy_farside" in item.meta["history"]
    assert item.coordinate_frame.observer.lon.deg == 0


def test_a_second_fetch_downloads_nothing(archive, serve, output):
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)
    files = Fido.fetch(found, path=output, progress=False)
    server.requests.clear()
    assert list(Fido.fetch(found, path=output, progress=False)) == list(files)
    assert not server.requests


def test_a_damaged_local_file_is_downloaded_again(archive, serve, output):
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)[0][:2]
    files = Fido.fetch(found, path=output, progress=False)
    with Path(files[0]).open("r+b") as file:
        file.truncate(10_000)
    server.requests.clear()
    again = Fido.fetch(found, path=output, progress=False)
    assert list(again) == list(files)
    assert sum(server.requests.values()) == 1
    assert len(sunpy.map.Map(list(again))) == 2


def test_what_is_odd_but_usable_comes_without_a_word(archive, serve, output):
    """
    Warn when the file is read, with its final name, not when it is fetched.
    """
    hdu = raw_map()
    hdu.header["REF_L0"] = 1.0
    _, (file,) = fetch_replaced(archive, serve, output, hdu)
    with pytest.warns(SunpyUserWarning, match=f"{file}: REF_L0"):
        sunpy_farside.read_phase_map(file)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_what_is_no_file_at_all_is_replaced(archive, serve, output):
    serve(archive)
    output.mkdir()
    os.mkfifo(output / "PHASE_MAP_2022.05.05_00_00_00.fits")
    found = Fido.search(RANGE, PHASE_MAP)
    assert len(sunpy.map.Map(list(Fido.fetch(found, path=output, progress=False)))) == 12


def test_a_folder_in_the_place_of_a_file(archive, serve, output):
    serve(archive)
    (output / "PHASE_MAP_2022.05.05_00_00_00.fits").mkdir(parents=True)
    found = Fido.search(a.Time("2022-05-05", "2022-05-05 01:00"), PHASE_MAP)
    results = Fido.fetch(found, path=output, progress=False)
    assert list(results) == []
    assert isinstance(results.errors[0].exception, OSError)


def test_overwriting(archive, serve, output):
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)[0][:1]
    (file,) = Fido.fetch(found, path=output, progress=False)
    server.requests.clear()
    assert list(Fido.fetch(found, path=output, progress=False, overwrite=True)) == [file]
    (unique,) = Fido.fetch(found, path=output, progress=False, overwrite="unique")
    assert sum(server.requests.values()) == 2
    assert unique != file
    assert sunpy_farside.read_phase_map(unique).date == sunpy_farside.read_phase_map(file).date


def test_one_row_and_a_template_of_names(archive, serve, output):
    serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)
    path = output / "{product}" / "copy_of_{file}"
    (file,) = FarsideClient().fetch(found[0][3], path=path, progress=False)
    assert file == str(output / "phase_map" / "copy_of_PHASE_MAP_2022.05.04_00_00_00.fits")
    assert sunpy.map.Map(file).product == "phase_map"


def test_the_progress_bars_show(archive, serve, output, capfd):
    serve(archive)
    Fido.fetch(Fido.search(RANGE, PHASE_MAP), path=output)
    assert "12/12" in capfd.readouterr().err


def test_a_shared_downloader_lends_its_settings(archive, serve, output):
    """
    Allow files of another client in the same queue.
    """
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)
    called = []
    config = parfive.SessionConfig(done_callbacks=[lambda *args: called.append(args)])
    downloader = parfive.Downloader(progress=False, overwrite=True, config=config)
    other = f"{server.url}Phase_Maps/2022/PHASE_MAP_2022.05.05_00:00:00.fits"
    downloader.enqueue_file(other, path=output, filename="of_another_client.fits")
    results = FarsideClient().fetch(found[0], path=output, downloader=downloader, wait=False)
    assert results.errors == []
    assert [sunpy.map.Map(path).date.datetime for path in results] == TWELVE
    assert [(str(path), error) for path, _, error in called] == [(path, None) for path in results]
    assert downloader.queued_downloads == 1
    assert list(downloader.download()) == [str(output / "of_another_client.fits")]


def test_all_files_of_a_query_of_two_clients_come(archive, serve, output):
    serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)
    downloader = parfive.Downloader(progress=False)
    results = Fido.fetch(found[0][:5], found[0][5:], path=output, downloader=downloader)
    assert len(sunpy.map.Map(list(results))) == 12


def test_a_row_that_is_there_twice_is_fetched_once(archive, serve, output):
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)[0]
    results = FarsideClient().fetch(found[[0, 0, 1]], path=output, progress=False)
    assert len(results) == 3
    assert len(set(results)) == 2
    assert sum("fits" in path for path in server.requests.elements()) == 2


def test_searches_and_downloads_in_a_running_loop(archive, serve, output):
    """
    Fetch within a running event loop, as in every cell of Jupyter.
    """
    serve(archive)

    async def cell():
        found = FarsideClient().search(RANGE, PHASE_MAP)
        return FarsideClient().fetch(found, path=output, progress=False)

    assert len(sunpy.map.Map(list(asyncio.run(cell())))) == 12


@pytest.mark.remote_data
def test_the_real_archive(tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.delenv("SUNPY_FARSIDE_JSOC_URL", raising=False)
    found = Fido.search(a.Time("2022-05-05", "2022-05-05 12:00"), PHASE_MAP)
    assert len(found[0]) == 2
    files = Fido.fetch(found, path=tmp_path, progress=False)
    assert files.errors == []
    assert len(sunpy.map.Map(list(files))) == 2
