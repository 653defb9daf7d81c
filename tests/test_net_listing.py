"""
Reading of listings, well-formed or not.
"""

from contextlib import suppress
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunpy_farside.net import listing, listing_page
from sunpy_farside.net.listing_page import parse_listing
from sunpy_farside.products import PRODUCTS

HERE = "http://archive.example/farside/Phase_Maps/2022/"
NAME = "PHASE_MAP_2022.05.05_12:00:00.fits"
PHASE_MAP = PRODUCTS["phase_map"]

times = st.datetimes(datetime(2010, 1, 1), datetime(2049, 12, 31)).map(
    lambda time: time.replace(microsecond=0)
)
spellings = st.sampled_from(
    [
        '<a href="{}">',
        '<a href="./{}">',
        "<a class=x href='{}' id=y>",
        "<A HREF={}>",
        '<a href = "http://archive.example/farside/Phase_Maps/2022/{}">',
        '<a href="/farside/Phase_Maps/2022/{}">',
        '<a href="../2022/{}#top">',
    ]
)
colons = st.sampled_from([":", "%3A", "%3a", "&#58;"])


def read(page):
    return list(listing._files(parse_listing(page, HERE), HERE, PHASE_MAP))


def parse(links):
    return read(f"<html><h1>Index of /farside/Phase_Maps/2022</h1>{links}</html>")


@given(st.lists(st.tuples(times, spellings, colons), max_size=20, unique_by=lambda entry: entry[0]))
def test_every_spelling_of_a_name_is_read(entries):
    names = [PHASE_MAP.file_name(time) for time, _, _ in entries]
    page = "\n".join(
        spelling.format(name.replace(":", colon)) + "x</a>"
        for name, (_, spelling, colon) in zip(names, entries, strict=True)
    )
    files = parse(page)
    assert [file.name for file in files] == names
    assert [file.url for file in files] == [HERE + name for name in names]
    assert [file.time for file in files] == [time for time, _, _ in entries]


@pytest.mark.parametrize(
    "link",
    [
        "http://elsewhere.example/farside/Phase_Maps/2022/{}",
        "//elsewhere.example/farside/Phase_Maps/2022/{}",
        "https://archive.example/farside/Phase_Maps/2022/{}",
        "http://archive.example:8080/farside/Phase_Maps/2022/{}",
        "http://user@archive.example/farside/Phase_Maps/2022/{}",
        "ftp://archive.example/farside/Phase_Maps/2022/{}",
        "file:///farside/Phase_Maps/2022/{}",
        "../{}",
        "sub/{}",
        "..%2F..%2F{}",
        "../../../../etc/{}",
        "{}/",
        "{}?x=1",
        "{}.gz",
        "x{}",
        "{}%00",
        "{}%0A",
        "http://[{}",
    ],
)
def test_links_that_lead_elsewhere_are_ignored(link):
    assert parse(f'<a href="{link.format(NAME)}">x</a>') == []


@pytest.mark.parametrize(
    "name",
    [
        "PHASE_MAP_2022.02.30_12:00:00.fits",
        "PHASE_MAP_2022.13.05_12:00:00.fits",
        "PHASE_MAP_2022.05.05_25:00:00.fits",
        "PHASE_MAP_0000.05.05_12:00:00.fits",
        "PHASE_MAP_٢٠٢٢.05.05_12:00:00.fits",
        "CUM_PHASE_2022.05.05_12:00:00.fits",
        "PHASE_MAP_2022.05.05.fits",
    ],
)
def test_names_of_no_map_are_ignored(name):
    assert parse(f'<a href="{name}">x</a>') == []


odd_text = st.text(alphabet="href=\"'<>./%: aAP&#x;\n![-", max_size=200) | st.text(max_size=200)


@given(odd_text)
def test_no_page_is_too_odd(text):
    with pytest.raises(ValueError, match="a page that"):
        parse_listing(text, HERE)
    with suppress(ValueError):
        files = parse(f'{text}"\'> <a href="./{NAME}">x</a> {text}')
        assert {file.url for file in files} <= {HERE + NAME}


ENTRIES = [
    f'<a href="./PHASE_MAP_2022.05.{day:02}_12:00:00.fits">x</a> 2022-05-09 07:01 259K'
    for day in range(1, 9)
]


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE HTML><html><head><title>Index of /</title></head><pre>{}</pre></body></html>",
        '<html lang="en"><title>Directory listing for /</title><h1>x</h1><ul>{}</ul></html>\n',
        "<HTML><HEAD><TITLE>Index of /</TITLE></HEAD><TABLE>{}</TABLE></BODY></HTML>",
        "<body>{}</body>",
        "<h1>Index of /</h1><pre>{}</pre>",
        "<table>{}</table><address>Apache</address>",
        "<h1>2022</h1><ul>{}</ul>",
    ],
)
def test_a_listing_that_ends_anywhere_is_whole_or_refused(page):
    page = page.format("\n".join(ENTRIES))
    whole = read(page)
    assert len(whole) == 8
    for end in range(len(page)):
        with suppress(ValueError):
            assert read(page[:end]) == whole


@pytest.mark.parametrize(
    "page",
    [
        "<html><title>Index of /farside/Phase_Maps/2022</title></html>",
        "<html><h1>Directory listing for /farside/</h1><ul></ul></html>",
        "<html><title>archive.example - /farside/Phase_Maps/2022/</title><pre></pre></html>",
    ],
)
def test_an_empty_folder(page):
    assert parse_listing(page, HERE) == {}


@pytest.mark.parametrize(
    "page",
    [
        "<html><title>503</title><h1>Down for maintenance</h1></html>",
        "<html><h1>Welcome</h1><a href='login.html'>log in</a> <a href='/'>home</a></html>",
        '{"error": "<html></html>"}',
        "<html></html>",
    ],
)
def test_other_pages_are_no_listings(page):
    with pytest.raises(ValueError, match="a page that is no listing"):
        parse_listing(page, HERE)


def test_a_page_of_tags_alone_is_not_read():
    page = "<html>" + "<a>" * (listing_page._MAX_TAGS + 1) + "</html>"
    with pytest.raises(ValueError, match="more than 200000 tags"):
        parse_listing(page, HERE)


@pytest.mark.parametrize(
    ("after", "size"),
    [
        ('x</a></td><td align="right">2022-05-03 07:01  </td><td align="right">262K</td>', 268288),
        ("PHASE_MAP_2022.05.05_12:00:..&gt;</a>   2022-05-03 07:01  1.5M", 1572864),
        ("x</a>                   03-May-2022 07:01      264960", 264960),
        ("x</a>  2022-05-03 07:01    - ", None),
        ("PHASE_MAP_2022.05.05_12:00:00.fits</a></li>", None),
        ("x</a>", None),
    ],
)
def test_sizes_where_the_server_tells_them(after, size):
    page = f'<a href="./{NAME}">{after}\n<a href="next">y</a> 2022-05-03 07:01 77K'
    (file,) = parse(page)
    assert file.size == size or (size is None and file.size != file.size)


@pytest.mark.parametrize(
    ("text", "modified"),
    [
        # Of Apache and of nginx.
        ('</td><td align="right">2022-05-09 07:01  </td><td>264K', datetime(2022, 5, 9, 7, 1)),
        ("    09-May-2022 07:01    264240", datetime(2022, 5, 9, 7, 1)),
        ("    09-Mai-2022 07:01    264240", None),
        ("    2022-02-30 07:01    264240", None),
        ("    264240", None),
    ],
)
def test_date_of_change_is_read(text, modified):
    (file,) = parse(f'<a href="{NAME}">x</a>{text}')
    assert file.modified == modified
