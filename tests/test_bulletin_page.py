import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from bs4 import BeautifulSoup
from bulletins import START, day_of
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

import astropy.units as u

from sunpy.map import Map

from sunpy_farside.bulletin import (
    Day,
    Series,
    bulletin_document,
    bulletin_page,
    bulletin_text,
    draw_sun,
    write_bulletin,
)
from sunpy_farside.bulletin.schema import Gone, ListedRegion, PublishedList
from sunpy_farside.catalog.tracking import no_tracks
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import carrington_header

MIDDLE = far_side_central_meridian(START).deg
ALWAYS = range(-100, 100)
STEPS = [step for step in range(-12, 9) if step != 2]
STRONG = (MIDDLE - 40, 15, 7, ALWAYS)
LATE = (MIDDLE - 70, -20, 7, range(8, 100))
WEAK = (MIDDLE - 35, -30, 2.5, ALWAYS)
EVIL = "<script>alert('x')</script> & \"quotes\" {{ 7 * 7 }}"


@pytest.fixture(scope="module")
def day():
    return day_of([STRONG, LATE, WEAK], STEPS)


@pytest.fixture(scope="module")
def document(day):
    return bulletin_document(day)


@pytest.fixture(scope="module")
def picture(day, document):
    return draw_sun(day, document)


@pytest.fixture(scope="module")
def page(document, picture):
    return BeautifulSoup(bulletin_page(document, picture), "html.parser")


def test_page_says_what_the_document_says(page, document):
    text = page.get_text(" ", strip=True)
    rows = page.select("tbody tr")
    assert len(rows) == len(document.regions)
    for row, region in zip(rows, document.regions, strict=True):
        cells = row.get_text(" ", strip=True)
        assert cells.startswith(f"{region.number} {region.name}")
        assert region.arrival.date[:16].replace("T", " ") in cells
        assert f"{region.position.carrington_longitude:.0f}°" in cells
        assert ("new" in cells.split()) == bool(region.new)
    assert "2 active regions on the far side." in text
    assert "New since the bulletin before: " + document.regions[1].name in text


def test_page_needs_no_other_file_and_no_script(page):
    assert not page.select("script, iframe, object, embed, form")
    addresses = [
        tag[name]
        for tag in page.find_all(True)
        for name in ("src", "srcset", "href", "action", "data")
        if tag.has_attr(name)
    ]
    beside = {"bulletin.json", "bulletin.schema.json", "bulletin.txt", "jhelioviewer.json"}
    outside = {item for item in addresses if not item.startswith("data:")}
    assert outside == beside
    assert "url(" not in page.style.string
    assert "@import" not in page.style.string


def test_page_can_be_read_by_a_screen_reader(page):
    assert page.html["lang"] == "en"
    assert page.title.string.strip() == "The far side of the Sun on 2022-05-11 12:00 UT"
    assert len(page.select("h1")) == 1
    assert page.img["alt"].startswith("The far side of the Sun on 2022-05-09 00:00 UT with 3 ")
    for table in page.select("table"):
        labels = [cell.get_text() for cell in table.select("thead th")]
        for row in table.select("tbody tr"):
            # The labels of the cards on a phone are the headings of the columns.
            assert [cell["data-label"] for cell in row.find_all(["td", "th"])] == labels
            assert len(row.select('th[scope="row"]')) == 1
        assert table.caption.get_text()
    for strip in page.select("svg:not([aria-hidden])"):
        assert strip["role"] == "img"
        assert re.match(r"Detected on \d+ of \d+ dates? on the far side", strip["aria-label"])


def test_strip_has_a_mark_for_every_date(page, document):
    for strip, region in zip(page.select("svg.strip:not(.key)"), document.regions, strict=True):
        marks = [tag["class"][0] for tag in strip.find_all(True) if tag["class"] != ["base"]]
        assert marks == [entry.state for entry in region.measurements[0].history]
    assert "no_map" in marks


def test_text_of_others_is_escaped(day):
    first, *_ = day.series[0].tracks.tracks["designation"]
    evil = replace(
        day,
        names=dict.fromkeys(day.series[0].tracks.tracks["designation"].tolist(), EVIL),
        notes=(EVIL,),
        series=(Series(EVIL, *(getattr(day.series[0], n) for n in ("tracks", "detection"))),),
        previous=frozenset({EVIL, first}),
    )
    document = bulletin_document(evil)
    text = bulletin_page(document, draw_sun(evil, document))
    page = BeautifulSoup(text, "html.parser")
    assert not page.select("script")
    assert "<script" not in text
    # The text of a template that is in a name is no template.
    assert text.count("{{ 7 * 7 }}") > 3
    assert EVIL in page.select_one("tbody th").get_text()


@settings(max_examples=25)
@given(st.text(max_size=30))
@example("<b>bold</b>")
@example('" onclick="x')
@example("tab\tand \x1b[31mred")
def test_any_name_is_text(document, name):
    region = document.regions[0].model_copy(update={"name": name})
    named = document.model_copy(update={"regions": [region], "notes": [name]})
    page = BeautifulSoup(bulletin_page(named), "html.parser")
    allowed = {tag.name for tag in BeautifulSoup(bulletin_page(document), "html.parser")()}
    assert {tag.name for tag in page()} <= allowed
    text = bulletin_text(named)
    assert max(map(len, text.splitlines())) <= 80
    assert all(char.isprintable() or char == "\n" for char in text)


def test_picture_is_numbered_as_the_table(day, document, picture):
    for uri in (picture.wide, picture.narrow):
        kind, content = uri.split(",")
        assert kind == "data:image/png;base64"
        assert np.asarray(Image.open(io.BytesIO(base64.b64decode(content)))).std() > 10
    # Other numbers make another picture.
    regions = [
        region.model_copy(update={"number": region.number + 40}) for region in document.regions
    ]
    other = draw_sun(day, document.model_copy(update={"regions": regions}))
    assert other.wide != picture.wide
    for region in regions:
        assert f"{region.number} at Carrington longitude" in other.alt
    assert draw_sun(day, document) == picture


def test_near_side_makes_a_picture_of_the_whole_sun(day, document, picture):
    header = carrington_header(
        day.series[0].detection.date.isot, (181, 361), first_longitude=0, first_latitude=-90
    )
    near = Map(np.random.default_rng(0).normal(0, 50, (181, 361)), header | {"bunit": "G"})
    whole = draw_sun(replace(day, near_side=near), document)
    assert whole.alt.startswith("The whole Sun")
    assert whole.width > picture.width


def test_day_without_maps_says_that_nothing_is_known(tmp_path):
    day = Day(START, (Series("phase_map", no_tracks("seismic_strength")),))
    write_bulletin(tmp_path, day)
    for name in ("bulletin.html", "bulletin.txt"):
        text = (tmp_path / name).read_text()
        assert "nothing is known of the far side" in " ".join(text.split())
        assert "no active regions" not in text.lower()


def test_quiet_sun_says_that_there_is_no_region():
    document = bulletin_document(day_of([], STEPS))
    assert "No active regions on the far side." in bulletin_text(document)
    assert "No active regions on the far side." in bulletin_page(document)


def test_old_data_and_missing_maps_are_named(day, document):
    (source,) = day.sources
    late = replace(
        day,
        date=day.date + 2 * u.day,
        sources=(replace(source, missing=tuple(START + np.arange(9) * u.day)),),
        notes=("The archive did not answer.",),
    )
    old = bulletin_document(late)
    page, text = bulletin_page(old), " ".join(bulletin_text(old).split())
    for told in (page, text):
        assert "4.5 days" in told
        assert "2022-05-10 00:00 and 3 more" in told
        assert "The archive did not answer." in told
    assert "Old data" in page
    assert "Old data" not in bulletin_page(document)


def test_text_has_eighty_columns_and_all_regions(document):
    text = bulletin_text(document)
    assert max(map(len, text.splitlines())) <= 80
    assert all(region.name in text for region in document.regions)
    assert "(new)" in text
    assert text.endswith("\n")


def test_reliability_lists_and_gone_regions_are_told(document):
    place = document.regions[0].position
    listed = ListedRegion(
        designation="FS-2022-042",
        position=place,
        strength=812,
        section=None,
        arrival="2022-05-15T00:00:00Z",
        region=document.regions[0].name,
        separation=1.2,
    )
    due = listed.model_copy(
        update={"designation": "12999", "section": "II", "strength": None, "region": None}
    )
    gone = Gone(
        name="NN-old",
        designation="NN-old",
        confirmed=True,
        reason="arrived",
        merged_into=None,
        arrival="2022-05-10T06:00:00Z",
        position=place,
    )
    merged = gone.model_copy(
        update={"name": "NN-merged", "reason": "merged", "merged_into": "NN-big"}
    )
    lost = gone.model_copy(update={"name": "NN-lost", "reason": "not_detected"})
    weak = gone.model_copy(update={"name": "NN-weak", "confirmed": False})
    first, second, third = document.regions
    full = document.model_copy(
        update={
            "regions": [
                first.model_copy(
                    update={"reliability": 0.953, "jsoc": "FS-2022-042", "noaa": 12999}
                ),
                second.model_copy(update={"reliability": 0.999, "detected": False}),
                third.model_copy(update={"reliability": 0.004}),
            ],
            "gone": [gone, merged, lost, weak],
            "jsoc": PublishedList(date="2022-05-11T12:00:00Z", regions=[listed]),
            "noaa": PublishedList(date="2022-05-11T00:00:00Z", regions=[due]),
        }
    )
    page = BeautifulSoup(bulletin_page(full), "html.parser").get_text(" ", strip=True)
    text = " ".join(bulletin_text(full).split())
    for told in (page, text):
        for expected in (
            "95 %",
            "> 99 %",
            "< 1 %",
            "not detected on the latest date",
            "JSOC FS-2022-042",
            "NOAA 12999",
            "predicted to have come round the east limb on 2022-05-10 06:00",
            "merged with NN-big",
            "no longer detected",
            f"{first.name}, 1 deg away",
            "no region here",
            "strength 812",
            "section II",
        ):
            assert expected in told
        assert "NN-weak" not in told
    empty = full.model_copy(
        update={"jsoc": full.jsoc.model_copy(update={"regions": []}), "noaa": None}
    )
    assert "no region" in bulletin_text(empty)
    assert "No region." in bulletin_page(empty)
