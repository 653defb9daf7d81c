"""
Scores of predictions as a public page.
"""

import math
from importlib import resources

import numpy as np

import astropy.units as u

import sunpy_farside
from sunpy_farside.bulletin.page import render_page
from sunpy_farside.bulletin.values import moment, number
from sunpy_farside.detection.methods import METHODS
from sunpy_farside.evaluation.scores_schema import ScoresDocument
from sunpy_farside.utils.files import whole_files

__all__ = ["scores_document", "write_scores"]

_DECIMALS = 3
_SCHEMA = "scores.schema.json"


def write_scores(folder, scores):
    """
    Write how predictions came true, as a page and as JSON.

    Parameters
    ----------
    folder : path-like
        Created if it does not exist. It gets ``scores.html``, ``scores.json``, and
        ``scores.schema.json``, the schema of the latter.
    scores : `~sunpy_farside.evaluation.predictions.PredictionScores`

    Examples
    --------
    >>> from sunpy_farside.evaluation.scores_page import write_scores
    >>> write_scores("public", scores)  # doctest: +SKIP
    """
    document = scores_document(scores)
    with whole_files(folder, last="scores.json") as partial:
        page = render_page("scores.html", scores=document)
        (partial / "scores.html").write_text(page, encoding="utf-8")
        text = document.model_dump_json(indent=1)
        (partial / "scores.json").write_text(f"{text}\n", encoding="utf-8")
        schema = (resources.files("sunpy_farside.data") / _SCHEMA).read_text(encoding="utf-8")
        (partial / _SCHEMA).write_text(schema, encoding="utf-8")


def scores_document(scores):
    """
    Return scores as a document of numbers and text.

    Parameters
    ----------
    scores : `~sunpy_farside.evaluation.predictions.PredictionScores`

    Returns
    -------
    `~sunpy_farside.evaluation.scores_schema.ScoresDocument`
        Unknown values are None, never NaN.
    """
    meta = scores.predictions.meta
    return ScoresDocument(
        software=sunpy_farside.__version__,
        until=moment(scores.until),
        lead=meta["lead"],
        method=METHODS[meta["method"]].title if meta["method"] in METHODS else meta["method"],
        total=_plain(scores.total()),
        months=_rows(scores.monthly()),
        reliability=[
            row | {"number": int(row["number"])} | _interval(row["real"], row["number"])
            for row in _rows(scores.reliability())
            if row["number"]
        ],
        predictions=[_prediction(row) for row in scores.predictions],
    )


def _prediction(row):
    found = int(row["number"])
    return {
        "designation": str(row["designation"]),
        "issued": moment(row["issued"]),
        "arrival": moment(row["arrival"]),
        "uncertainty": number(row["uncertainty"].to_value(u.day), 2),
        "reliability": number(row["reliability"], _DECIMALS),
        "confirmed": bool(row["confirmed"]),
        "outcome": str(row["outcome"]),
        "noaa": None if found < 0 else found,
        "error": number(row["error"].to_value(u.day), 2),
    }


def _rows(table):
    return [_plain({name: row[name] for name in table.colnames}) for row in table]


def _plain(values):
    return {name: _value(value) for name, value in values.items()}


def _value(value):
    value = getattr(value, "value", value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int | np.integer):
        return int(value)
    return number(value, _DECIMALS)


def _interval(share, n):
    """
    Return the interval of a share of n by Wilson [1927, J. Am. Stat. Assoc. 22, 209] at 68 %.
    """
    middle = (share + 0.5 / n) / (1 + 1 / n)
    half = math.sqrt(share * (1 - share) / n + 0.25 / n**2) / (1 + 1 / n)
    return {
        "low": max(number(middle - half, _DECIMALS), 0.0),
        "high": min(number(middle + half, _DECIMALS), 1.0),
    }
