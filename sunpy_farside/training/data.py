"""
Data of the training: simulated sequences, or a store of observed ones.
"""

from functools import cached_property
from math import ceil

import lightning
import torch
from torch.utils.data import DataLoader

from sunpy_farside.datasets.torch_dataset import StoredSequences
from sunpy_farside.training.examples import SIBLINGS, SimulatedSequences

__all__ = ["SimulatedData", "StoredData"]

# Batches of simulated sequences per epoch; each epoch ends with a checkpoint.
EPOCH = 100
# Offset of the seeds of the fixed validation set from those of the training.
_VALIDATION_SEED = 1_000_000


class SimulatedData(lightning.LightningDataModule):
    """
    Data module of simulated sequences, with new ones in every epoch.

    Parameters
    ----------
    recipe : `~sunpy_farside.training.recipe.Recipe`
        Settings of the training.
    workers : `int`
        Number of processes that simulate.

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
        Return a loader of the examples of the current epoch.
        """
        number = self.recipe.batch * EPOCH
        first = number * self.trainer.current_epoch
        data = self._examples(min(number, self.recipe.examples - first), 0, first)
        return DataLoader(data, batch_size=self.recipe.batch // SIBLINGS, num_workers=self.workers)

    @cached_property
    def _validation(self):
        # Simulated once and kept for all validations.
        data = self._examples(self.recipe.validation, _VALIDATION_SEED)
        return list(DataLoader(data, batch_size=None, num_workers=self.workers))

    def val_dataloader(self):
        """
        Return a loader of the fixed validation set.
        """
        return DataLoader(self._validation, batch_size=self.recipe.batch // SIBLINGS)

    def _examples(self, number, seed, first=0):
        recipe = self.recipe
        return SimulatedSequences(
            number,
            seed=recipe.seed + seed,
            first=first,
            width=recipe.width,
            alignment=recipe.alignment,
            target=recipe.target,
        )


class StoredData(lightning.LightningDataModule):
    """
    Data module of the sequences of a store, shuffled in every epoch.

    Parameters
    ----------
    recipe : `~sunpy_farside.training.recipe.Recipe`
        Settings of the training.
    path : path-like
        ``dataset.h5`` of `~sunpy_farside.datasets.build.build_dataset`.
    workers : `int`
        Number of processes that read.

    Raises
    ------
    ValueError
        The training split has fewer sequences than a batch.
    """

    def __init__(self, recipe, path, workers):
        super().__init__()
        self.recipe = recipe
        self.path = path
        self.workers = workers
        batches = len(self._sequences("training")) // recipe.batch
        if not batches:
            msg = (
                f"{path}: expected at least one batch of {recipe.batch} training sequences, found "
                f"{len(self._sequences('training'))}. Build a longer store or use smaller batches."
            )
            raise ValueError(msg)
        self.epochs = ceil(recipe.examples / (batches * recipe.batch))
        self.steps = self.epochs * batches

    def train_dataloader(self):
        """
        Return a loader of the training split, in the order of the current epoch.
        """
        data = self._sequences("training")
        # A resumed run has the same order as an uninterrupted one.
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
        Return a loader of the validation split.
        """
        return DataLoader(self._sequences("validation"), batch_size=self.recipe.batch)

    def _sequences(self, split):
        recipe = self.recipe
        # Missing pixels do not contribute to the loss.
        return StoredSequences(
            self.path, split, alignment=recipe.alignment, width=recipe.width, unknown=float("nan")
        )
