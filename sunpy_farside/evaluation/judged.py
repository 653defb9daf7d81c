"""
Deprecated name of the module `sunpy_farside.evaluation.cases`.
"""

from sunpy_farside.utils.moved import moved_names

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.evaluation.calibration_bins": ["BINS", "Pixels", "reliability_bins"],
        "sunpy_farside.evaluation.cases": {
            "Case": "Case",
            "Found": "ComparedDetections",
            "Judged": "EvaluationResult",
            "collect": "collect",
            "detect_all": "detect_all",
            "held_against": "compare_detection",
            "load_models": "load_models",
            "real_detections": "real_detections",
            "scores_of": "score_method",
        },
    },
)
