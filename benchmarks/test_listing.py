"""
Measure the time to read a listing of 2,000 names.
"""

from datetime import datetime, timedelta

from sunpy_farside.net.listing_page import parse_listing
from sunpy_farside.products import PRODUCTS

URL = "http://archive.example/farside/Phase_Maps/"
LINE = (
    '<tr><td valign="top"><img src="/icons/unknown.gif" alt="[   ]"></td><td><a href="./{0}">{0}'
    '</a></td><td align="right">2022-05-03 07:01  </td><td align="right">262K</td></tr>'
)


def test_a_listing_of_2000_names(benchmark):
    """
    Check a listing of 2,000 names; the target is 0.3 s.
    """
    times = [datetime(2020, 1, 1) + k * timedelta(hours=12) for k in range(2000)]
    product = PRODUCTS["phase_map"]
    lines = "\n".join(LINE.format(product.file_name(time)) for time in times)
    page = f"<html><h1>Index of /farside/Phase_Maps</h1>{lines}</html>"
    entries = benchmark(lambda: parse_listing(page, URL))
    assert [product.file_time(name) for name in entries] == times
