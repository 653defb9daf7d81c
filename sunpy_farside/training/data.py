"""
Data of the training: simulated sequences, or a store of observed ones.
"""

from functools import cached_property
from math import ceil

import lightning
import torch
from torch.utils.data import DataLoader

from sunpy_farside.datasets.torch_dataset import StoredSequences
from sunpy_farside.simulation.suns import load_sun
from sunpy_farside.training.drafts import (
    DraftedSequences,
    ExampleDrafts,
    collate_examples,
    simulate_examples,
)
from sunpy_farside.training.examples import SIBLINGS, SimulatedSequences

__all__ = ["SimulatedData", "StoredData"]

# Batches of simulated sequences per epoch, and largest number of epochs of a run; each epoch ends
# with a checkpoint.
EPOCH, _EPOCHS = 100, 100
# Devices that simulate the maps of the training from drafts.
DRAFTED_ON = ("cuda",)
# Offset of the seeds of the fixed validation set from those of the training.
_VALIDATION_SEED = 1_000_000


class SimulatedData(lightning.LightningDataModule):
    """
    Data module of simulated sequences, with new ones in every epoch.

    With CUDA, the GPU simulates the maps of the training, of the same distribution as, but with
    other random numbers than on a CPU.

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
        self.epoch = max(EPOCH, ceil(self.steps / _EPOCHS))
        self.epochs = ceil(self.steps / self.epoch)

    def train_dataloader(self):
        """
        Return a loader of the examples of the current epoch.
        """
        number = self.recipe.batch * self.epoch
        first = number * self.trainer.current_epoch
        number = min(number, self.recipe.examples - first)
        options = {"batch_size": self.recipe.batch // SIBLINGS, "num_workers": self.workers}
        if self.trainer.strategy.root_device.type in DRAFTED_ON:
            data = self._examples(number, 0, first, DraftedSequences)
            return DataLoader(data, collate_fn=collate_examples, **options)
        return DataLoader(self._examples(number, 0, first), **options)

    def on_after_batch_transfer(self, batch, dataloader_idx):
        """
        Simulate the maps of a batch of drafts.
        """
        return simulate_examples(batch) if isinstance(batch, ExampleDrafts) else batch

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

    def _examples(self, number, seed, first=0, kind=SimulatedSequences):
        recipe = self.recipe
        return kind(
            number,
            seed=recipe.seed + seed,
            first=first,
            width=recipe.width,
            alignment=recipe.alignment,
            target=recipe.target,
            sun=load_sun(**recipe.sun),
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
