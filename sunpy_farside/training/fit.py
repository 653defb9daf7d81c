"""
Training of the network with Lightning.
"""

import zipfile
from functools import cached_property
from math import ceil
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch.nn import functional
from torch.utils.data import DataLoader

from sunpy_farside.network import NETWORKS, FarsideModel, Normalisation
from sunpy_farside.training.simulated import SIBLINGS, SimulatedSequences

__all__ = ["TrainingModule", "fit", "trained_model"]

# Batches in an epoch, after each of which there is a checkpoint.
EPOCH = 100
# How often a run is judged on the validation set.
_VALIDATIONS = 20
# What separates the seeds of the fixed validation set from those of training.
_VALIDATION_SEED = 1_000_000


class TrainingModule(lightning.LightningModule):
    """
    A network under binary cross-entropy, the loss that keeps probabilities honest.

    Parameters
    ----------
    recipe : `~sunpy_farside.training.recipe.Recipe`
    """

    def __init__(self, recipe):
        super().__init__()
        self.recipe = recipe
        self.normalise = Normalisation(**recipe.normalisation)
        settings = dict(recipe.network)
        self.network = NETWORKS[settings.pop("architecture")](**settings)
        self.network.to(memory_format=torch.channels_last)

    def _loss(self, batch):
        phases, active = (part.flatten(0, 1) for part in batch)
        maps = self.normalise(phases).contiguous(memory_format=torch.channels_last)
        logits = self.network(maps, phases.isnan())
        return functional.binary_cross_entropy_with_logits(logits, active), logits, active

    def training_step(self, batch):
        """
        Loss of one batch.
        """
        loss, _, _ = self._loss(batch)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch):
        """
        Loss and overlap with the truth on one batch of the validation set.
        """
        loss, logits, active = self._loss(batch)
        found = (logits > 0).float()
        dice = 2 * (found * active).sum() / (found.sum() + active.sum()).clamp(min=1)
        self.log_dict({"val_loss": loss, "val_dice": dice}, prog_bar=True, batch_size=len(active))

    def configure_optimizers(self):
        """
        Adam, with one cycle of the learning rate if the recipe says so.
        """
        optimizer = torch.optim.Adam(self.parameters(), lr=self.recipe.learning_rate)
        if self.recipe.schedule == "constant":
            return optimizer
        steps = ceil(self.recipe.examples / self.recipe.batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            self.recipe.learning_rate,
            total_steps=steps,
            # The rise needs two steps, however short the run.
            pct_start=max(0.1, 2 / steps),
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class SimulatedData(lightning.LightningDataModule):
    """
    Simulated sequences, new ones in every epoch.

    Parameters
    ----------
    recipe : `~sunpy_farside.training.recipe.Recipe`
    workers : `int`
        Processes that simulate.
    """

    def __init__(self, recipe, workers):
        super().__init__()
        self.recipe = recipe
        self.workers = workers

    def train_dataloader(self):
        """
        The examples of the present epoch.
        """
        number = self.recipe.batch * EPOCH
        first = number * self.trainer.current_epoch
        return self._loader(self._examples(min(number, self.recipe.examples - first), 0, first))

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

    def _loader(self, data):
        return DataLoader(data, batch_size=self.recipe.batch // SIBLINGS, num_workers=self.workers)


def fit(recipe, folder, *, workers=1, **trainer_options):
    """
    Train a network on simulated sequences.

    A run that was interrupted goes on from its last checkpoint in ``folder``, one at most a
    hundred batches old, and ends with the weights of an uninterrupted one.

    Parameters
    ----------
    recipe : `~sunpy_farside.training.recipe.Recipe`
    folder : path-like
        Where checkpoints and the log (``log/metrics.csv``) go.
    workers : `int`
        Processes that simulate.
    **trainer_options
        Passed to `lightning.Trainer`: accelerator, devices, strategy, precision.

    Returns
    -------
    `TrainingModule`
        With the weights of the smallest loss on the validation set.
    """
    folder = Path(folder)
    lightning.seed_everything(recipe.seed, workers=True, verbose=False)
    module = TrainingModule(recipe)
    epochs = ceil(recipe.examples / (recipe.batch * EPOCH))
    trainer = lightning.Trainer(
        max_epochs=epochs,
        default_root_dir=folder,
        logger=CSVLogger(folder, name="", version="log"),
        callbacks=[
            # The one before goes when the new one is whole.
            ModelCheckpoint(folder, filename="{epoch}", save_on_train_epoch_end=True),
            ModelCheckpoint(folder, filename="best", monitor="val_loss"),
            EarlyStopping("val_loss", patience=recipe.patience),
            LearningRateMonitor(),
        ],
        check_val_every_n_epoch=max(epochs // _VALIDATIONS, 1),
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        log_every_n_steps=min(20, EPOCH),
        **trainer_options,
    )
    trainer.fit(module, datamodule=SimulatedData(recipe, workers), ckpt_path=_last(folder))
    best = torch.load(trainer.checkpoint_callbacks[1].best_model_path, weights_only=True)
    module.load_state_dict(best["state_dict"])
    return module


def _last(folder):
    """
    The last whole checkpoint of a run, or None.
    """
    paths = folder.glob("epoch=*.ckpt")
    for path in sorted(paths, key=lambda path: int(path.stem.split("=")[1]), reverse=True):
        # A run that was killed while it wrote leaves a damaged one beside the one before.
        if zipfile.is_zipfile(path):
            return path
    return None


def trained_model(module, *, name, threshold):
    """
    The network of a training run, ready for use.

    Parameters
    ----------
    module : `TrainingModule`
    name : `str`
    threshold : `float`
        Integrated probability in square degrees from which a region is significant.

    Returns
    -------
    `~sunpy_farside.network.model.FarsideModel`
    """
    return FarsideModel(
        module.network,
        name=name,
        frames=module.recipe.frames,
        normalisation=module.normalise,
        target=module.recipe.target,
        **module.recipe.regions,
        threshold=threshold,
        device=torch.device("cpu"),
    )
