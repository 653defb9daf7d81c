"""
Training of the network with Lightning.
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

# How often a run is judged on the validation set.
_VALIDATIONS = 20


class TrainingModule(lightning.LightningModule):
    """
    A network under binary cross-entropy, the loss that keeps probabilities honest.

    Parameters
    ----------
    recipe : `~sunpy_farside.training.recipe.Recipe`
    steps : `int`
        Batches of the whole run.
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
        # NaN where nothing is known.
        known = active.isfinite()
        active = active.nan_to_num(0)
        total = functional.binary_cross_entropy_with_logits(logits, active, known, reduction="sum")
        return total / known.sum().clamp(min=1), logits.where(known, -1), active

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
        # The rise needs two steps and the fall one, however short the run.
        steps = max(self.steps, 3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.recipe.learning_rate, total_steps=steps, pct_start=max(0.1, 2 / steps)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def fit(recipe, folder, *, data=None, start=None, workers=1, **trainer_options):
    """
    Train a network.

    A run that was interrupted goes on from its last checkpoint in ``folder``, one at most an
    epoch old (with simulated sequences a hundred batches), and ends with the weights of an
    uninterrupted one.

    Parameters
    ----------
    recipe : `~sunpy_farside.training.recipe.Recipe`
    folder : path-like
        Where checkpoints and the log go (``log/version_0/metrics.csv``; a run that goes on
        writes ``version_1``).
    data : path-like, optional
        ``dataset.h5`` of `~sunpy_farside.datasets.build.build_dataset`, or the folder that it lies
        in; simulated sequences by default.
    start : `~sunpy_farside.network.model.FarsideModel`, optional
        Whose weights to begin with: fine-tuning.
    workers : `int`
        Processes that simulate or read.
    **trainer_options
        Passed to `lightning.Trainer`: accelerator, devices, strategy, precision.

    Returns
    -------
    `TrainingModule`
        With the weights of the smallest loss on the validation set.

    Raises
    ------
    FileNotFoundError, FileFormatError, ValueError
        There is no such store, it is too short, or ``start`` is another network than the
        recipe's.
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
            # In this order: the last checkpoint has to know which is the best.
            ModelCheckpoint(folder, filename="best", monitor="val_loss"),
            # The one before goes when the new one is whole.
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
        columns=module.recipe.width,
        **module.recipe.regions,
        threshold=threshold,
        device=torch.device("cpu"),
    )
