"""
Measure the time to read a listing of 2,000 names.
"""

import re
from datetime import datetime, timedelta

from sunpy_farside.net import listing

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
    page = "\n".join(LINE.format(listing.file_name("phase_map", time)) for time in times)
    pattern = re.compile(rf"PHASE_MAP_{listing._STAMP}\.fits")
    files = benchmark(lambda: list(listing._parse(page, URL, pattern)))
    assert [file.time for file in files] == times
