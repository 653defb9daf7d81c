"""
Region lists and solar region summaries in the formats of JSOC and NOAA.
"""

from astropy.time import Time


def region_list(date, longitude, latitude, rows=()):
    """
    Return a region list of a date such as "2022-05-05.0", seen from a longitude and latitude.
    """
    lines = [
        f"{date:>37}",
        f"        Far-Side Vantage:  CLon = {longitude:5.1f}, Lat = {latitude:5.1f}",
    ]
    if not rows:
        rows = ["No Strong Active Regions (SARs) in the Sun's far hemisphere at this time."]
        return "\n".join([*lines, "", *rows, ""])
    lines += [
        "",
        "Designation        Centroid       Strength    ETA at        Days from",
        "              Longitude  Latitude             East Limb     East Limb",
        "              (degree)   (degree)            (yyyy-mm-dd.d)",
        "",
    ]
    return "\n".join([*lines, *rows, ""])


THREE_REGIONS = region_list(
    "2015-03-01.0",
    175.0,
    7.2,
    [
        "FS-2015-030   239.3       19.0       177      2015-03-03.2    2.2",
        "FS-2015-033   226.5      -30.4       809      2015-03-03.7    2.7",
        "FS-2015-032   204.7      -10.1      1088      2015-03-05.4    4.4",
    ],
)


def summary(date, seen=(), plages=(), due=()):
    """
    Return a solar region summary of rows such as "2054 S12E65   290".
    """
    day = Time(date).datetime
    sections = [
        ("I.  Regions with Sunspots.", [f"{row}  0040 Hsx  02   01 Alpha" for row in seen]),
        ("IA. H-alpha Plages without Spots.", plages),
        ("II. Regions Due to Return", due),
    ]
    lines = [f":Product: {day:%m%d}SRS.txt", f":Issued: {day:%Y %b %d} 0030 UTC", "#"]
    for heading, rows in sections:
        lines += [heading, "Nmbr Location  Lo", *(rows or ["None"])]
    return "\n".join(lines) + "\n"


def location(longitude, latitude):
    """
    Return a Stonyhurst position in the form of a summary, such as "S12E65".
    """
    north, west = "NS"[int(latitude < 0)], "WE"[int(longitude < 0)]
    return f"{north}{abs(latitude):02.0f}{west}{abs(longitude):02.0f}"


WHOLE_SUMMARY = """\
:Product: 0505SRS.txt
:Issued: 2014 May 05 0030 UTC
# Prepared jointly by the U.S. Dept. of Commerce, NOAA,
# Space Weather Prediction Center and the U.S. Air Force.
#
Joint USAF/NOAA Solar Region Summary
SRS Number 125 Issued at 0030Z on 05 May 2014
I.  Regions with Sunspots.  Locations Valid at 04/2400Z
Nmbr Location  Lo  Area  Z   LL   NN Mag Type
2049 S07W41   048  0130 Dso  09   10 Beta
2051 S09W64   059  0180 Dac  06   10 Beta-Gamma
IA. H-alpha Plages without Spots.  Locations Valid at 04/2400Z May
Nmbr  Location  Lo
2045  S24W65   072
2052  N05E40   327
II. Regions Due to Return 05 May to 07 May
Nmbr Lat    Lo
2035 S15    277
2037 S10    264
"""
