"""
Training of networks with Lightning.
"""

import zipfile

import lightning
import torch
from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch.nn import functional

from sunpy_farside.datasets.store import store_path
from sunpy_farside.network import NETWORKS, FarsideModel, Normalisation
from sunpy_farside.training.data import SimulatedData, StoredData
from sunpy_farside.utils.content import user_path

__all__ = ["TrainingModule", "fit", "trained_model"]

# Number of evaluations on the validation set in a run.
_VALIDATIONS = 20


class TrainingModule(lightning.LightningModule):
    """
    Lightning module that trains a network with binary cross-entropy.

    Binary cross-entropy is a proper scoring rule: its minimum is at calibrated probabilities.

    Parameters
    ----------
    recipe : `~sunpy_farside.training.recipe.Recipe`
        Settings of the training.
    steps : `int`
        Number of batches in the whole run.
    """

    def __init__(self, recipe, steps):
        super().__init__()
        self.recipe = recipe
        self.steps = steps
        self.normalise = Normalisation(**recipe.normalisation)
        settings = dict(recipe.network)
        self.network = NETWORKS[settings.pop("architecture")](**settings)
        self.network.to(memory_format=torch.channels_last)

    def _loss(self, batch):
        phases, active = (part.flatten(0, 1) for part in batch)
        maps = self.normalise(phases).contiguous(memory_format=torch.channels_last)
        logits = self.network(maps, phases.isnan())
        # Missing pixels are NaN.
        known = active.isfinite()
        active = active.nan_to_num(0)
        total = functional.binary_cross_entropy_with_logits(logits, active, known, reduction="sum")
        return total / known.sum().clamp(min=1), logits.where(known, -1), active

    def training_step(self, batch):
        """
        Compute the loss of one batch.
        """
        loss, _, _ = self._loss(batch)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch):
        """
        Log the loss and the Dice coefficient of one batch of the validation set.
        """
        loss, logits, active = self._loss(batch)
        found = (logits > 0).float()
        dice = 2 * (found * active).sum() / (found.sum() + active.sum()).clamp(min=1)
        self.log_dict({"val_loss": loss, "val_dice": dice}, prog_bar=True, batch_size=len(active))

    def configure_optimizers(self):
        """
        Return the Adam optimizer, with the learning-rate schedule of the recipe.
        """
        optimizer = torch.optim.Adam(self.parameters(), lr=self.recipe.learning_rate)
        if self.recipe.schedule == "constant":
            return optimizer
        # However short the run, the rise needs two steps and the decline one.
        steps = max(self.steps, 3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.recipe.learning_rate, total_steps=steps, pct_start=max(0.1, 2 / steps)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def fit(recipe, folder, *, data=None, start=None, workers=1, **trainer_options):
    """
    Train a network on simulated or observed sequences.

    An interrupted run is resumed from its last checkpoint in ``folder``, which is at most one
    epoch old (a hundred batches of simulated sequences), and ends with the same weights as an
    uninterrupted one.

    Parameters
    ----------
    recipe : `~sunpy_farside.training.recipe.Recipe`
        Settings of the training.
    folder : path-like
        Folder of the checkpoints and the log (``log/version_0/metrics.csv``; a resumed run writes
        ``version_1``).
    data : path-like, optional
        ``dataset.h5`` of `~sunpy_farside.datasets.build.build_dataset`, or its folder; simulated
        sequences by default.
    start : `~sunpy_farside.network.model.FarsideModel`, optional
        Model with the initial weights, for fine-tuning.
    workers : `int`
        Number of processes that simulate or read.
    **trainer_options
        Passed to `lightning.Trainer`: accelerator, devices, strategy, precision.

    Returns
    -------
    `TrainingModule`
        With the weights of the smallest loss on the validation set.

    Raises
    ------
    FileNotFoundError
        The store does not exist.
    FileFormatError
        The file is not a store.
    ValueError
        The store has too few sequences, or ``start`` is not a network of the recipe.
    """
    folder = user_path(folder)
    lightning.seed_everything(recipe.seed, workers=True, verbose=False)
    source = (
        SimulatedData(recipe, workers)
        if data is None
        else StoredData(recipe, store_path(data), workers)
    )
    module = TrainingModule(recipe, source.steps)
    if start is not None:
        _begin_with(module.network, start)
    trainer = lightning.Trainer(
        max_epochs=source.epochs,
        default_root_dir=folder,
        logger=CSVLogger(folder, name="log"),
        callbacks=[
            # The order matters: the last checkpoint records which one is the best.
            ModelCheckpoint(folder, filename="best", monitor="val_loss"),
            # The previous checkpoint is removed once the new one is complete.
            ModelCheckpoint(folder, filename="{epoch}", save_on_train_epoch_end=True),
            EarlyStopping("val_loss", patience=recipe.patience),
            LearningRateMonitor(),
        ],
        check_val_every_n_epoch=max(source.epochs // _VALIDATIONS, 1),
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        log_every_n_steps=20,
        **trainer_options,
    )
    trainer.fit(module, datamodule=source, ckpt_path=_last(folder))
    best = torch.load(trainer.checkpoint_callbacks[0].best_model_path, weights_only=True)
    module.load_state_dict(best["state_dict"])
    return module


def _begin_with(network, model):
    if (type(network), network.settings) != (type(model.network), model.network.settings):
        msg = (
            f"Expected weights of the recipe's network, {type(network).__name__} with "
            f"{network.settings}, found {model.name}: {type(model.network).__name__} with "
            f"{model.network.settings}. Choose a recipe of the same network."
        )
        raise ValueError(msg)
    network.load_state_dict(model.network.state_dict())


def _last(folder):
    """
    Return the last complete checkpoint of a run, or None.
    """
    paths = folder.glob("epoch=*.ckpt")
    for path in sorted(paths, key=lambda path: int(path.stem.split("=")[1]), reverse=True):
        # A run killed while writing leaves a damaged checkpoint beside the previous one.
        if zipfile.is_zipfile(path):
            return path
    return None


def trained_model(module, *, name, threshold):
    """
    Return the trained network as a model for detection.

    Parameters
    ----------
    module : `TrainingModule`
        Module returned by `fit`.
    name : `str`
        Name of the model.
    threshold : `float`
        Significance threshold: integrated probability in square degrees from which a region
        counts as significant.

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
        columns=module.recipe.width,
        **module.recipe.regions,
        threshold=threshold,
        device=torch.device("cpu"),
    )
