"""
What training reads: simulated sequences or a store of the real Sun.
"""

from functools import cached_property
from math import ceil

import lightning
import torch
from torch.utils.data import DataLoader

from sunpy_farside.datasets.torch_dataset import StoredSequences
from sunpy_farside.training.examples import SIBLINGS, SimulatedSequences

__all__ = ["SimulatedData", "StoredData"]

# Batches of simulated sequences in an epoch, after each of which there is a checkpoint.
EPOCH = 100
# What separates the seeds of the fixed validation set from those of training.
_VALIDATION_SEED = 1_000_000


class SimulatedData(lightning.LightningDataModule):
    """
    Simulated sequences, new ones in every epoch.

    Parameters
    ----------
    recipe : `~sunpy_farside.training.recipe.Recipe`
    workers : `int`
        Processes that simulate.

    Raises
    ------
    ValueError
        A batch or the validation set is no multiple of eight examples, which are simulated
        together, or there are fewer.
    """

    def __init__(self, recipe, workers):
        super().__init__()
        wrong = [name for name in ("batch", "validation") if getattr(recipe, name) % SIBLINGS]
        wrong += ["examples"] if recipe.examples < SIBLINGS else []
        if wrong:
            found = ", ".join(f"{name} = {getattr(recipe, name)}" for name in wrong)
            msg = (
                f"Expected a recipe for simulated examples, which come in sets of {SIBLINGS}, "
                f"found {found}."
            )
            raise ValueError(msg)
        self.recipe = recipe
        self.workers = workers
        self.steps = ceil(recipe.examples / recipe.batch)
        self.epochs = ceil(self.steps / EPOCH)

    def train_dataloader(self):
        """
        The examples of the present epoch.
        """
        number = self.recipe.batch * EPOCH
        first = number * self.trainer.current_epoch
        data = self._examples(min(number, self.recipe.examples - first), 0, first)
        return DataLoader(data, batch_size=self.recipe.batch // SIBLINGS, num_workers=self.workers)

    @cached_property
    def _validation(self):
        # Simulated once and kept: it is judged on many times.
        data = self._examples(self.recipe.validation, _VALIDATION_SEED)
        return list(DataLoader(data, batch_size=None, num_workers=self.workers))

    def val_dataloader(self):
        """
        The fixed validation set.
        """
        return DataLoader(self._validation, batch_size=self.recipe.batch // SIBLINGS)

    def _examples(self, number, seed, first=0):
        recipe = self.recipe
        return SimulatedSequences(
            number,
            seed=recipe.seed + seed,
            first=first,
            width=recipe.width,
            frames=recipe.frames,
            target=recipe.target,
        )


class StoredData(lightning.LightningDataModule):
    """
    Sequences of a store, all of them in every epoch, in another order each time.

    Parameters
    ----------
    recipe : `~sunpy_farside.training.recipe.Recipe`
    path : path-like
        ``dataset.h5`` of `~sunpy_farside.datasets.build.build_dataset`.
    workers : `int`
        Processes that read.

    Raises
    ------
    ValueError
        The training split holds less than a batch.
    """

    def __init__(self, recipe, path, workers):
        super().__init__()
        self.recipe = recipe
        self.path = path
        self.workers = workers
        batches = len(self._sequences("training")) // recipe.batch
        if not batches:
            msg = (
                f"{path}: expected {recipe.batch} sequences for training, a batch, or more, found "
                f"{len(self._sequences('training'))}. Build a longer store or take smaller batches."
            )
            raise ValueError(msg)
        self.epochs = ceil(recipe.examples / (batches * recipe.batch))
        self.steps = self.epochs * batches

    def train_dataloader(self):
        """
        The sequences in the order of the present epoch.
        """
        data = self._sequences("training")
        # A run that goes on has the order of one that was not interrupted.
        generator = torch.Generator().manual_seed(self.recipe.seed + self.trainer.current_epoch)
        return DataLoader(
            data,
            batch_size=self.recipe.batch,
            sampler=torch.randperm(len(data), generator=generator).tolist(),
            drop_last=True,
            num_workers=self.workers,
        )

    def val_dataloader(self):
        """
        The validation split.
        """
        return DataLoader(self._sequences("validation"), batch_size=self.recipe.batch)

    def _sequences(self, split):
        recipe = self.recipe
        # Where nothing is known there is no loss.
        return StoredSequences(
            self.path, split, frames=recipe.frames, width=recipe.width, unknown=float("nan")
        )
