"""
Training of networks with Lightning.
"""

import pickle
import re
import zipfile
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.plugins.io import TorchCheckpointIO
from torch.nn import functional

from sunpy_farside.datasets.store import store_path
from sunpy_farside.errors import WeightsError
from sunpy_farside.network import NETWORKS, FarsideModel, Normalization
from sunpy_farside.training.data import SimulatedData, StoredData
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.files import whole_files

__all__ = ["TrainingModule", "fit", "trained_model"]

_EPOCH = re.compile(r"epoch=([0-9]+)\.ckpt")
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
        self.normalize = Normalization(**recipe.normalization)
        settings = dict(recipe.network)
        self.network = NETWORKS[settings.pop("architecture")](**settings)
        self.network.to(memory_format=torch.channels_last)

    def _loss(self, batch):
        phases, active = (part.flatten(0, 1) for part in batch)
        maps = self.normalize(phases).contiguous(memory_format=torch.channels_last)
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


class _WholeCheckpoints(TorchCheckpointIO):
    """
    Checkpoints that appear in their folder once they are complete.
    """

    # Lightning writes to the system's temporary folder, from where a file cannot move to another
    # disk in one step.
    def save_checkpoint(self, checkpoint, path, storage_options=None):
        path = Path(path)
        with whole_files(path.parent) as partial:
            torch.save(checkpoint, partial / path.name)


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
    FileNotFoundError, FileFormatError, ValueError
        There is no such store, it is too short, or ``start`` or the run in the folder is of
        another network than the recipe's.
    WeightsError
        A checkpoint in the folder holds more than tensors and numbers.
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
    # Checkpoints of an interrupted run are replaced, not kept under other names.
    replaced = {"enable_version_counter": False}
    trainer = lightning.Trainer(
        max_epochs=source.epochs,
        default_root_dir=folder,
        logger=CSVLogger(folder, name="log"),
        callbacks=[
            # The order matters: the last checkpoint records which one is the best.
            ModelCheckpoint(folder, filename="best", monitor="val_loss", **replaced),
            # The previous checkpoint is removed once the new one is complete.
            ModelCheckpoint(folder, filename="{epoch}", save_on_train_epoch_end=True, **replaced),
            EarlyStopping("val_loss", patience=recipe.patience),
            LearningRateMonitor(),
        ],
        check_val_every_n_epoch=max(source.epochs // _VALIDATIONS, 1),
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        log_every_n_steps=20,
        plugins=[_WholeCheckpoints()],
        **trainer_options,
    )
    trainer.fit(module, datamodule=source, ckpt_path=_last(folder, module))
    module.load_state_dict(_state(Path(trainer.checkpoint_callbacks[0].best_model_path)))
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


def _last(folder, module):
    """
    Return the last complete checkpoint of a run, or None.
    """
    expected = {key: value.shape for key, value in module.state_dict().items()}
    found = ((_EPOCH.fullmatch(path.name), path) for path in folder.glob("epoch=*.ckpt"))
    epochs = {int(match[1]): path for match, path in found if match}
    for epoch in sorted(epochs, reverse=True):
        path = epochs[epoch]
        # A run that was killed while it wrote leaves a damaged one beside the one before.
        if not zipfile.is_zipfile(path):
            continue
        try:
            state = _state(path)
        except WeightsError:
            raise
        # torch raises many kinds on damaged files.
        except Exception:
            continue
        if {key: getattr(value, "shape", None) for key, value in state.items()} != expected:
            msg = (
                f"{folder}: expected a run of this recipe, found one of another network "
                f"({path.name}). Choose another folder."
            )
            raise ValueError(msg)
        return path
    return None


def _state(path):
    """
    Return the tensors of a checkpoint.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    # torch advises to let it run code.
    except pickle.UnpicklingError as error:
        msg = (
            f"{path}: expected a checkpoint of plain tensors, found one that asks to run code when "
            "it is opened. Remove it."
        )
        raise WeightsError(msg) from error


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
        alignment=module.recipe.alignment,
        normalization=module.normalize,
        target=module.recipe.target,
        columns=module.recipe.width,
        **module.recipe.regions,
        threshold=threshold,
        device=torch.device("cpu"),
    )
