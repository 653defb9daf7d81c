"""
Columns of the tables of tracks and of their members.
"""

__all__ = ["MEMBER_COLUMNS", "TRACK_COLUMNS"]

TRACK_COLUMNS = {
    "designation": (
        "NN (network) or FS (SAR method), then date, Carrington longitude and latitude of the "
        "first detection; a letter follows where two tracks would have the same designation"
    ),
    "first_date": "date of the first detection",
    "last_date": "date of the last detection",
    "n_detections": "number of detections",
    "n_possible": "number of dates from the first detection to the last",
    "reliability": "probability that an active region is there; NaN where the members have none",
    "persistent": "detected often enough, and reliable enough",
    "mean_position": "mean position, weighted by strength, on the date in the middle of the track",
    "latest_position": "position of the last detection",
    "scatter": (
        "standard deviation of the positions along each axis about the path of differential "
        "rotation; NaN of a single detection"
    ),
    "position_uncertainty": "standard deviation of the mean position along each axis",
    "drift": "drift in Carrington longitude; NaN of tracks shorter than a day",
    "peak_strength": "largest strength of a detection",
    "latest_strength": "strength of the last detection",
    "flux": (
        "estimated unsigned magnetic flux, mean over the detections of the five days before the "
        "last one; NaN where one of them has none"
    ),
    "flux_lower": "mean over the same detections of the lower bounds of their 68 % intervals",
    "flux_upper": "mean of the upper bounds",
    "split_from": "designation of the track next to which this one began, empty of others",
    "merged_into": "designation of the track next to which this one was lost, empty of others",
    "east_limb_arrival": "when rotation brings the mean position round the east limb",
    "arrival_uncertainty": "standard deviation of that time",
    "central_meridian_crossing": "when rotation brings the mean position to the central meridian",
}

MEMBER_COLUMNS = {
    "designation": "designation of the track",
    "date": "date of the detection",
    "label": "label of the region in the table of that detection",
    "centroid": "Carrington position of the region",
    "strength": "integrated probability (network) or seismic strength (SAR method)",
    "significant": "whether the region was significant on that date",
    "reliability": "reliability of the region on that date",
    "flux": "estimated unsigned magnetic flux of the region on that date",
    "flux_lower": "lower bound of its 68 % interval",
    "flux_upper": "upper bound of that interval",
}
