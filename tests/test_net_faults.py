"""
Servers that fail in every way, and the files left behind.
"""

import signal
import socket
import struct
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

import aiohttp
import numpy as np
import parfive
import pytest
from archive_files import MAY_5, PHASE_MAP, RANGE, REGION_LIST, fetch_replaced, raw_map
from commands import start, wait_until

from astropy.io import fits

import sunpy.map
from sunpy.net import Fido
from sunpy.net import attrs as a

from sunpy_farside.cli import main
from sunpy_farside.errors import WeightsError
from sunpy_farside.net import FarsideClient, download, listing
from sunpy_farside.network import checkpoints, load_model
from sunpy_farside.utils import transfer
from sunpy_farside.utils.files import whole_files

pytestmark = pytest.mark.usefixtures("only_loopback", "no_pause")

YEAR = "/Phase_Maps/2022/"


@pytest.fixture
def over():
    """
    Return the event that ends servers which would wait forever.
    """
    event = threading.Event()
    yield event
    event.set()


def once_broken(times, status=500):
    """
    Return a fault that answers the first few requests for each path with an error.
    """

    def fault(handler, path):
        broken = handler.server.requests[path] <= times
        if broken:
            handler.answer("failed", status=status)
        return broken

    return fault


def for_files(answer):
    """
    Return a fault of all the maps and lists, not of the folders.
    """

    def fault(handler, path):
        if path.endswith("/"):
            return False
        answer(handler)
        return True

    return fault


def only_errors(found, output, results, match):
    """
    Check that nothing was fetched or left behind, and everything was reported.
    """
    assert list(results) == []
    assert len(results.errors) == sum(map(len, found))
    for error in results.errors:
        assert error.url.startswith("http://127.0.0.1")
        assert match in str(error.exception)
        assert "\n" not in str(error.exception)
        assert ".partial" not in str(error.exception)
    assert not output.exists() or not list(output.iterdir())


def test_a_server_that_fails_twice_is_asked_again(archive, serve, output):
    server = serve(archive)
    server.fault = once_broken(2)
    found = Fido.search(RANGE, PHASE_MAP)
    assert len(found[0]) == 12
    files = Fido.fetch(found, path=output, progress=False)
    assert files.errors == []
    assert len(sunpy.map.Map(list(files))) == 12
    assert set(server.requests.values()) == {3}


@pytest.mark.parametrize(("status", "requests"), [(500, 3), (403, 1), (302, 1)])
def test_a_listing_that_keeps_failing(archive, serve, status, requests):
    server = serve(archive)
    server.fault = once_broken(99, status)
    with pytest.raises(
        ConnectionError, match=rf"Phase_Maps/: expected a listing.*{status}.*mirror"
    ):
        FarsideClient().search(RANGE, PHASE_MAP)
    assert server.requests["/Phase_Maps/"] == requests


def test_no_server_at_all(archive, serve):
    server = serve(archive)
    url = server.url
    server.server_close()
    with pytest.raises(ConnectionError, match="expected a listing"):
        FarsideClient(url).search(RANGE, PHASE_MAP)


# Answers that are not the whole listing.


def cut_by_its_length(handler, page):
    handler.answer(page, length=len(page) // 2)


def cut_before_its_length(handler, page):
    handler.answer(page[: len(page) // 2], length=len(page))


def cut_without_a_length(handler, page):
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(page[: len(page) // 2])


def cut_between_chunks(handler, page):
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    half = page[: len(page) // 2]
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(half), half))


def cut_within_a_chunk(handler, page):
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"%x\r\n%s" % (len(page), page[: len(page) // 2]))


def reset(handler, page):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(page)))
    handler.end_headers()
    handler.wfile.write(page[: len(page) // 2])
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def part_of_it(handler, page):
    handler.answer(page[: len(page) // 2], status=206)


def nothing(handler, page):
    handler.answer("")


def no_content(handler, page):
    handler.answer("", status=204)


def another_page(handler, page):
    handler.answer(
        '<html><h1>Maintenance</h1><a href="/">home</a> <a href="help.html">?</a></html>'
    )


def not_http(handler, page):
    handler.wfile.write(b"\x00\x01 nonsense \xff" * 100)


def closed(handler, page):
    handler.wfile.close()


CUTS = [
    cut_by_its_length,
    cut_before_its_length,
    cut_without_a_length,
    cut_between_chunks,
    cut_within_a_chunk,
    reset,
    part_of_it,
    nothing,
    no_content,
    another_page,
    not_http,
    closed,
]


def cut_listing(server, cut, times):
    """
    Answer the first few requests for the listing of the year by ``cut``.
    """
    with urlopen(server.url.rstrip("/") + YEAR) as response:
        page = response.read()
    server.requests.clear()

    def fault(handler, path):
        if path != YEAR or handler.server.requests[path] > times:
            return False
        cut(handler, page)
        return True

    server.fault = fault


@pytest.mark.parametrize("style", ["python", "apache"])
@pytest.mark.parametrize("cut", CUTS)
def test_a_listing_that_is_cut_is_never_taken_for_whole(archive, serve, output, capsys, cut, style):
    """
    Fail although a map in the flat folder could be fetched.
    """
    year = archive / "Phase_Maps" / "2022"
    name = "PHASE_MAP_2022.05.08_00:00:00.fits"
    (year / name).rename(year.parent / name)
    server = serve(archive, style)
    cut_listing(server, cut, 99)
    arguments = ["fetch", "2022-05-02", "2022-05-09", "--output", str(output)]
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert f"{YEAR}: expected a listing of the archive, found " in line
    assert not output.exists()
    # aiohttp itself repeats a request when the connection closes at once.
    assert server.requests[YEAR] == (6 if cut is closed else 3)


@pytest.mark.parametrize("cut", CUTS)
def test_a_listing_that_is_cut_twice_is_asked_for_again(archive, serve, cut):
    server = serve(archive)
    cut_listing(server, cut, 2)
    assert len(Fido.search(RANGE, PHASE_MAP)[0]) == 12


def test_a_year_that_the_archive_names_but_does_not_have(archive, serve):
    server = serve(archive)

    def fault(handler, path):
        if path != YEAR:
            return False
        handler.answer("<html>not now</html>", status=404)
        return True

    server.fault = fault
    with pytest.raises(ConnectionError, match=rf"{YEAR}: .*found nothing, although the folder"):
        FarsideClient().search(RANGE, PHASE_MAP)


# Slow servers, which send a byte now and then.


def drip(handler, over, text):
    for byte in text:
        if over.wait(0.02):
            break
        handler.wfile.write(bytes([byte]))


def silent(handler, over):
    over.wait(20)


def slow_headers(handler, over):
    drip(handler, over, b"HTTP/1.1 200 OK\r\n" + b"X-Wait: one more\r\n" * 100)


def slow_content(handler, over):
    handler.send_response(200)
    handler.end_headers()
    drip(handler, over, b"SIMPLE  = <html>" * 100)


def slow_chunks(handler, over):
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    drip(handler, over, b"1\r\n \r\n" * 200)


def hints(handler, over):
    drip(handler, over, b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


@pytest.mark.parametrize(
    ("slow", "head"),
    [
        *((slow, False) for slow in (silent, slow_headers, slow_content, slow_chunks, hints)),
        # An answer to a request for headers has no content.
        *((slow, True) for slow in (silent, slow_headers, hints)),
    ],
)
def test_no_server_takes_more_than_the_time_it_has(
    archive, serve, output, monkeypatch, over, slow, head
):
    monkeypatch.setattr(download, "_PATIENCE", 0.3)
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)[0][:2]
    monkeypatch.setattr(listing, "_PATIENCE", 0.3)

    def fault(handler, path):
        slow(handler, over)
        return True

    setattr(server, "head_fault" if head else "fault", fault)
    server.requests.clear()
    results = Fido.fetch(found, path=output, progress=False)
    only_errors([found], output, results, "found no end after 0.3 s")
    with pytest.raises(ConnectionError, match=r"expected a listing.*found no end after 0\.3 s"):
        FarsideClient().search(RANGE, PHASE_MAP)
    # A request that took that long is not repeated.
    assert set(server.requests.values()) == (set() if head else {1})


@pytest.mark.parametrize("slow", [silent, slow_headers, slow_content])
def test_weights_take_no_more_than_the_time_they_have(tmp_path, serve, monkeypatch, over, slow):
    server = serve(tmp_path)
    (tmp_path / "weights.pth").touch()
    server.fault = lambda handler, path: slow(handler, over) or True
    monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(checkpoints, "FELIPE2019_URL", f"{server.url}weights.pth")
    monkeypatch.setattr(checkpoints, "_PATIENCE", 0.3)
    with pytest.raises(WeightsError, match=r"no end after 0\.3 s.*give its path"):
        load_model("felipe2019")
    assert not list((tmp_path / "cache" / "models").iterdir())


def test_weights_of_any_size_are_not_kept(tmp_path, serve, monkeypatch):
    server = serve(tmp_path)
    (tmp_path / "weights.pth").write_bytes(bytes(5000))
    monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(checkpoints, "FELIPE2019_URL", f"{server.url}weights.pth")
    monkeypatch.setattr(checkpoints, "FELIPE2019_SIZE", 1000)
    with pytest.raises(WeightsError, match="more than 2000 bytes"):
        load_model("felipe2019")
    assert not list((tmp_path / "cache" / "models").iterdir())


def test_a_silent_server_is_left_before_its_time_is_over(archive, serve, monkeypatch, over):
    monkeypatch.setattr(transfer, "SILENCE", 0.2)
    server = serve(archive)
    server.fault = lambda handler, path: over.wait(20)
    with pytest.raises(ConnectionError, match="found silence"):
        FarsideClient().search(RANGE, PHASE_MAP)


def test_time_limits_of_a_downloader_hold(archive, serve, output, over):
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)[0][:2]
    server.fault = lambda handler, path: over.wait(20)
    config = parfive.SessionConfig(timeouts=aiohttp.ClientTimeout(sock_read=0.2))
    downloader = parfive.Downloader(progress=False, config=config)
    results = Fido.fetch(found, path=output, downloader=downloader)
    only_errors([found], output, results, "found silence")


@pytest.mark.parametrize("location", ["http://example.org/", "", "//example.org/x"])
def test_redirections_are_not_followed(archive, serve, output, location):
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)[0][:1]
    server.requests.clear()
    server.fault = server.head_fault = lambda handler, path: (
        handler.answer("", status=302, Location=location or handler.path) or True
    )
    results = Fido.fetch(found, path=output, progress=False)
    only_errors([found], output, results, f"the answer 302 (Found), which leads to '{location}")
    with pytest.raises(ConnectionError, match=rf"the answer 302 .*, which leads to '{location}"):
        FarsideClient().search(RANGE, PHASE_MAP)


@pytest.mark.parametrize("answer", [403, 405, 501, None])
def test_a_server_that_does_not_answer_requests_for_headers(archive, serve, output, answer):
    server = serve(archive)

    def fault(handler, path):
        if answer is None:
            handler.wfile.close()
        else:
            handler.answer("", status=answer)
        return True

    server.head_fault = fault
    results = Fido.fetch(Fido.search(RANGE, PHASE_MAP), path=output, progress=False)
    assert len(sunpy.map.Map(list(results))) == 12


def test_a_file_that_cannot_be_written(archive, serve, output, monkeypatch):
    """
    Report the error, for which parfive by itself would wait forever.
    """
    resource = pytest.importorskip("resource")
    serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)[0][:2]
    monkeypatch.setattr(download, "_PATIENCE", 0.3)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        results = Fido.fetch(found, path=output, progress=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    only_errors([found], output, results, "File too large")


def test_a_full_disk(archive, serve, output, monkeypatch):
    serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)[0][:2]
    usage = transfer.shutil.disk_usage(archive)._replace(free=1000)
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda path: usage)
    results = Fido.fetch(found, path=output, progress=False)
    only_errors([found], output, results, "No space left on device")


def test_a_listing_beyond_all_bounds(archive, serve, monkeypatch):
    server = serve(archive)
    monkeypatch.setattr(listing, "_MAX_LISTING", 1000)
    server.fault = lambda handler, path: handler.answer(" " * 2000) or True
    with pytest.raises(ConnectionError, match="more than 1000 bytes"):
        FarsideClient().search(RANGE, PHASE_MAP)


def test_files_that_keep_failing_can_be_tried_again(archive, serve, output):
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)
    server.fault = for_files(lambda handler: handler.answer("failed", status=500))
    results = Fido.fetch(found, path=output, progress=False)
    only_errors(found, output, results, "the answer 500")
    server.fault = lambda handler, path: False
    again = Fido.fetch(results, path=output, progress=False)
    assert again.errors == []
    assert len(sunpy.map.Map(list(again))) == 12


def test_a_second_try_checks_too(archive, serve, output):
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)
    server.fault = for_files(lambda handler: handler.answer("<html>sorry</html>"))
    results = Fido.fetch(found, path=output, progress=False)
    again = Fido.fetch(results, path=output, progress=False)
    only_errors(found, output, again, "begins with '<html>")


def test_a_file_that_is_gone(archive, serve, output):
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)
    (archive / MAY_5).unlink()
    server.requests.clear()
    results = Fido.fetch(found, path=output, progress=False)
    assert len(results) == 11
    (error,) = results.errors
    assert "the answer 404" in str(error.exception)
    assert set(server.requests.values()) == {1}


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (b"<!DOCTYPE html><title>Maintenance</title>", "expected a FITS file"),
        (b"", "expected a FITS file"),
        (b"SIMPLE  = nonsense" * 1000, "FITS file with an image"),
        (b"\x1f\x8b\x08" + bytes(1000), "expected a FITS file"),
        (bytes(5_000_000), "more than 4000000 bytes"),
    ],
)
def test_what_is_no_map_is_reported_and_removed(archive, serve, output, body, match):
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)[0][:2]
    server.fault = for_files(lambda handler: handler.answer(body))
    results = Fido.fetch(found, path=output, progress=False)
    only_errors([found], output, results, match)


@pytest.mark.parametrize("size", [100, 2880, 20_000, 261_000])
def test_a_truncated_map_is_reported_and_removed(archive, serve, output, size):
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)[0][:2]
    whole = (archive / "Phase_Maps" / "2022" / "PHASE_MAP_2022.05.02_12:00:00.fits").read_bytes()
    server.fault = for_files(lambda handler: handler.answer(whole[:size]))
    results = Fido.fetch(found, path=output, progress=False)
    only_errors([found], output, results, "expected a FITS file")


def test_a_connection_that_is_cut_half_way(archive, serve, output):
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)[0][:2]
    server.fault = for_files(lambda handler: handler.answer(b"SIMPLE  =" * 9000, length=264_960))
    results = Fido.fetch(found, path=output, progress=False)
    only_errors([found], output, results, "expected the whole file")
    # Three tries each.
    assert sum(server.requests[path] for path in server.requests if path.endswith("fits")) == 6


def test_a_connection_that_is_cut_once(archive, serve, output):
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)

    def fault(handler, path):
        if handler.server.requests[path] > 1:
            return False
        handler.answer(b"SIMPLE  =", length=264_960)
        return True

    server.fault = fault
    results = Fido.fetch(found, path=output, progress=False)
    assert results.errors == []
    assert len(sunpy.map.Map(list(results))) == 12


@pytest.mark.parametrize(
    "change",
    [
        lambda hdu: hdu.data.fill(np.nan),
        lambda hdu: hdu.header.update(BUNIT="s"),
        lambda hdu: hdu.header.update(BUNIT="mrad"),
        lambda hdu: hdu.data.__setitem__((5, 5), np.inf),
    ],
    ids=["no data", "seconds", "milliradians", "infinite"],
)
def test_a_map_that_its_reader_refuses(archive, serve, output, change):
    hdu = raw_map()
    change(hdu)
    found, results = fetch_replaced(archive, serve, output, hdu)
    only_errors(found, output, results, "found")


@pytest.mark.parametrize(("unit", "factor"), [("mrad", 1e3), ("Degrees", 180 / np.pi)])
def test_maps_in_other_units_of_angle_have_the_same_phases(archive, serve, output, unit, factor):
    plain = raw_map()
    hdu = raw_map()
    hdu.data = (hdu.data * factor).astype(np.float32)
    hdu.header["BUNIT"] = unit
    _, results = fetch_replaced(archive, serve, output, hdu)
    assert results.errors == []
    phases = sunpy.map.Map(results[0]).quantity.to_value("rad")
    np.testing.assert_allclose(phases, plain.data, rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.byteswap(),
        lambda data: data * np.float32(1e30),
        lambda data: np.rad2deg(data),
        lambda data: data * 0,
        lambda data: np.frombuffer(data.tobytes().replace(b"\n", b"\r\n")[: data.nbytes], ">f4"),
    ],
    ids=["swapped bytes", "huge", "degrees", "zeros", "line ends converted"],
)
def test_what_cannot_be_phases_is_refused(archive, serve, output, change):
    hdu = raw_map()
    hdu.data = change(hdu.data.astype(">f4")).reshape(181, 361)
    found, results = fetch_replaced(archive, serve, output, hdu)
    only_errors(found, output, results, "expected phases in rad")


def test_a_declared_size_is_not_believed(archive, serve, output):
    """
    Refuse a small file that declares a huge image.
    """
    header = raw_map().header
    header["NAXIS1"], header["NAXIS2"] = 2_000_000, 2_000_000
    server = serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)[0][:1]
    server.fault = for_files(lambda handler: handler.answer(header.tostring().encode()))
    results = Fido.fetch(found, path=output, progress=False)
    only_errors([found], output, results, "181 x 361 pixels")


def test_a_packed_image_is_not_unpacked(archive, serve, output):
    """
    Refuse a small file that unpacks to a huge image.
    """
    huge = fits.CompImageHDU(np.zeros((4000, 4000), dtype=np.float32), compression_type="GZIP_1")
    hdus = fits.HDUList([raw_map(), huge])
    found, results = fetch_replaced(archive, serve, output, hdus)
    only_errors(found, output, results, "more than 12000000 pixels")


@pytest.mark.parametrize("size", [10, 60, 150, len(REGION_LIST) - 6])
def test_a_truncated_region_list(archive, serve, output, size):
    (archive / "AR_Lists").mkdir()
    (archive / "AR_Lists" / "AR_LIST_2022.05.05_00:00:00.txt").write_text(REGION_LIST)
    server = serve(archive)
    found = Fido.search(RANGE, a.farside.Product("region_list"))
    server.fault = for_files(lambda handler: handler.answer(REGION_LIST[:size]))
    results = Fido.fetch(found, path=output, progress=False)
    only_errors(found, output, results, "cut short")


# --- proxies ---


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_listings_and_files_go_through_a_proxy(
    archive, serve, output, monkeypatch, variable, scheme
):
    proxy = serve(archive)
    monkeypatch.setenv("SUNPY_FARSIDE_JSOC_URL", "http://farside.invalid/")
    monkeypatch.setenv(variable, f"{scheme}127.0.0.1:{proxy.server_port}")
    found = Fido.search(RANGE, PHASE_MAP)
    results = Fido.fetch(found, path=output, progress=False)
    assert len(sunpy.map.Map(list(results))) == 12
    assert set(proxy.hosts) == {"farside.invalid"}


@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize("value", ["127.0.0.1", "example.org, 127.0.0.1:{port}", "*"])
def test_hosts_without_a_proxy(archive, serve, output, monkeypatch, variable, value):
    server = serve(archive)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv(variable, value.format(port=server.server_port))
    found = Fido.search(RANGE, PHASE_MAP)
    results = Fido.fetch(found, path=output, progress=False)
    assert len(sunpy.map.Map(list(results))) == 12
    assert set(server.hosts) == {""}


def test_a_proxy_that_is_not_there(archive, serve, output, monkeypatch):
    serve(archive)
    found = Fido.search(RANGE, PHASE_MAP)[0][:2]
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    results = Fido.fetch(found, path=output, progress=False)
    only_errors([found], output, results, "127.0.0.1:9")
    with pytest.raises(ConnectionError, match=r"expected a listing.*127\.0\.0\.1:9"):
        FarsideClient().search(RANGE, PHASE_MAP)


def test_a_name_and_password_for_the_proxy(archive, serve, output, monkeypatch):
    proxy = serve(archive)
    asked = []

    def fault(handler, path):
        asked.append(handler.headers["Proxy-Authorization"])
        return False

    proxy.fault = proxy.head_fault = fault
    monkeypatch.setenv("SUNPY_FARSIDE_JSOC_URL", "http://farside.invalid/")
    monkeypatch.setenv("http_proxy", f"http://me:secret@127.0.0.1:{proxy.server_port}")
    found = Fido.search(RANGE, PHASE_MAP)[0][:1]
    assert len(Fido.fetch(found, path=output, progress=False)) == 1
    assert set(asked) == {"Basic bWU6c2VjcmV0"}


# --- runs that are broken off ---


def hang_at(server, over, end):
    """
    Never answer requests for paths of an ending; return the event that the first one sets.
    """
    asked = threading.Event()

    def fault(handler, path):
        if not path.endswith(end):
            return False
        asked.set()
        over.wait(60)
        return True

    server.fault = fault
    return asked


@pytest.mark.parametrize(
    ("command", "end", "finished"),
    [
        (("fetch", "2022-05-02", "2022-05-08"), YEAR, 0),
        (("detect", "--latest"), "05.05_00:00:00.fits", 10),
    ],
)
def test_an_interruption_is_one_line(
    archive, serve, output, monkeypatch, over, command, end, finished
):
    monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(output))
    asked = hang_at(serve(archive), over, end)
    process = start(*command)
    assert asked.wait(60)
    wait_until(lambda: len(list(output.glob("*/*.fits"))) == finished)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (out, err) == ("", "sunpy-farside: interrupted\n")
    assert process.returncode == 130
    # Whole files are kept.
    assert len(list(output.glob("*/*"))) == finished
    assert all(map(sunpy.map.Map, output.glob("*/*")))


def test_an_interruption_in_a_running_loop(archive, serve, output, over):
    asked = hang_at(serve(archive), over, "05.05_00:00:00.fits")
    code = f"""
import asyncio, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
import sunpy_farside

async def cell():
    try:
        sunpy_farside.fetch_files("2022-05-02", "2022-05-08", folder={str(output)!r})
    except KeyboardInterrupt:
        print("interrupted")

asyncio.new_event_loop().run_until_complete(cell())
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert asked.wait(60)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0] == "interrupted\n"
    assert not list(output.rglob(".partial-*"))


def test_the_next_run_removes_what_a_killed_one_left(archive, serve, output, over):
    server = serve(archive)
    asked = hang_at(server, over, "05.05_00:00:00.fits")
    process = start("fetch", "2022-05-02", "2022-05-08", "--output", output)
    assert asked.wait(60)
    process.kill()
    process.communicate()
    assert list(output.glob(".partial-*"))
    server.fault = lambda handler, path: False
    assert main(["fetch", "2022-05-02", "2022-05-08", "--output", str(output)]) == 0
    assert len(list(output.iterdir())) == 12


def test_two_runs_into_one_folder(archive, serve, output):
    serve(archive)
    found = FarsideClient().search(RANGE, PHASE_MAP)
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(FarsideClient().fetch, found, path=output, progress=False) for _ in range(2)
        ]
        for run in runs:
            assert len(sunpy.map.Map(list(run.result()))) == 12
    assert len(list(output.iterdir())) == 12


def test_what_another_run_is_writing_stays(archive, serve, output):
    serve(archive)
    with whole_files(output) as other:
        (other / "half.fits").write_bytes(b"SIMPLE")
        assert main(["fetch", "2022-05-02", "2022-05-08", "--output", str(output)]) == 0
        assert (other / "half.fits").exists()
        (other / "half.fits").unlink()
    assert len(list(output.iterdir())) == 12


def test_files_that_fail_are_one_line(archive, serve, output, capfd):
    """
    Print neither parfive's log nor bytes.
    """
    server = serve(archive)
    bad = "05.05_00:00:00.fits"
    server.fault = for_files(
        lambda handler: not_http(handler, b"") if bad in handler.path else handler.answer("<html>")
    )
    assert main(["fetch", "2022-05-02", "2022-05-08", "--output", str(output)]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("sunpy-farside: Could not fetch 12 of 12 files.")
    assert "b'" not in line
