"""
Training runs in tests.
"""

import csv

import pytest

from sunpy_farside.training.fit import TrainingModule

# Lightning advises on workers and devices, and about its own use of torch.
lightning_warns = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"
)
QUIETLY = {"workers": 0, "accelerator": "cpu", "enable_progress_bar": False}


def validations(folder):
    """
    Return the rows of the logs of a run that have the loss of a validation.
    """
    paths = sorted(folder.glob("log/*/metrics.csv"))
    rows = [row for path in paths for row in csv.DictReader(path.read_text().splitlines())]
    return [row for row in rows if row.get("val_loss")]


def losses(folder):
    return [float(row["val_loss"]) for row in validations(folder)]


def kill_at_step(monkeypatch, number):
    """
    Let a training step fail; return the list to which each step is added.
    """
    step, calls = TrainingModule.training_step, []

    def training_step(self, batch):
        calls.append(1)
        if len(calls) == number:
            raise RuntimeError("killed")
        return step(self, batch)

    monkeypatch.setattr(TrainingModule, "training_step", training_step)
    return calls
