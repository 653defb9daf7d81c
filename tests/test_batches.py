from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning_runs import QUIETLY, lightning_warns, losses

from sunpy_farside.coordinates.far_side import disk_coordinates
from sunpy_farside.io.synoptic_maps import SynopticMaps
from sunpy_farside.simulation.batches import collate_drafts, draft_sequence, simulate_batch
from sunpy_farside.simulation.magnetograms import Film
from sunpy_farside.simulation.noise import NoiseModel, compress_limb, sample_strength, sample_white
from sunpy_farside.simulation.signature import disk_gaussians
from sunpy_farside.simulation.suns import DRAWN, load_sun
from sunpy_farside.training import drafts as drafts_module
from sunpy_farside.training.data import SimulatedData
from sunpy_farside.training.drafts import DraftedSequences, collate_examples, simulate_examples
from sunpy_farside.training.examples import sample_gaps, sample_regions, sample_view
from sunpy_farside.training.fit import fit, trained_model
from sunpy_farside.training.recipe import Recipe

# A narrow window, for speed.
WIDTH = 60
CENTERS = {"kind": "centers", "radius": 4.0, "flux": 2e21}
MEASURED = load_sun("measured")


def observed_sun():
    """
    Return the measured Sun with regions from made-up magnetograms.
    """
    latitude = np.rad2deg(np.arcsin((np.arange(180) + 0.5) / 90 - 1))
    field = np.zeros((4, 180, 360))
    for number, center in ((0, 20), (1, 110), (2, 200), (3, 320)):
        rows = np.abs(latitude - 18) < 5
        field[:, rows, center : center + 8] = 120
        field[number, rows, (center + 50) % 300 : (center + 50) % 300 + 6] = -90
    return replace(MEASURED, film=Film(SynopticMaps(np.arange(2100, 2104), np.float32(field))))


def drafted(rng, sun, alignment="common"):
    """
    Return the view, the noise model, two sets of regions and the draft of a sequence.
    """
    view, _ = sample_view(rng, 140, alignment)
    model = sun.noise.sample(rng)
    suns = [sample_regions(rng, sun, view) for _ in range(2)]
    return view, model, suns, draft_sequence(rng, model, suns, view, sun.signature)


def white_noise(rng, model, halves):
    """
    Return the random numbers that a noise model draws, in the order of `simulate_batch`.
    """
    if isinstance(model, NoiseModel):
        white, strengths = [[sample_white(rng), sample_white(rng)]], []
        for _ in range(halves):
            strengths.append(sample_strength(rng, model))
            white.append([sample_white(rng), sample_white(rng)])
        return strengths, [np.array(white)]
    white, strengths = [], []
    for _ in range(halves):
        strengths.append(sample_strength(rng, model))
        white.append(sample_white(rng))
    shape = (73, 73, 2)
    alone = rng.standard_normal((halves - 1, *shape), dtype=np.float32)
    slow = rng.standard_normal((halves - 1 + int(model.memory), *shape), dtype=np.float32)
    return strengths, [np.array(white), alone, slow]


@pytest.mark.parametrize("sun", [DRAWN, MEASURED], ids=["drawn", "measured"])
@pytest.mark.parametrize("seed", range(3))
def test_noise_equals_that_of_the_noise_model(sun, seed):
    view, model, _, draft = drafted(np.random.default_rng(seed), sun)
    expected = model.noise(np.random.default_rng(seed), view)
    strengths, numbers = white_noise(np.random.default_rng(seed), model, len(view.days))
    draft.noise["strengths"] = np.float32(strengths)
    numbers = iter(numbers)

    def normal(*shape):
        return torch.from_numpy(next(numbers)[None]).reshape(shape)

    noise, _, near_side = simulate_batch(collate_drafts([draft]), normal)
    # Positions at the limb round differently.
    assert np.abs(noise[0].numpy() - expected).max() < 2e-5
    assert np.array_equal(near_side[0].numpy(), view.hidden())
    assert expected.std() > 0.03


@pytest.mark.parametrize("seed", range(2))
def test_signatures_are_saturated_sums_of_gaussians(seed):
    view, model, suns, draft = drafted(np.random.default_rng(seed), DRAWN)
    _, signal, _ = simulate_batch(collate_drafts([draft]))
    for number, regions in enumerate(suns):
        halves = []
        for day, center in zip(view.days, view.center_longitudes, strict=True):
            center = center, view.center_latitude
            here, covariance, depth, _ = disk_gaussians(regions.lobes(day), DRAWN.signature, center)
            precision = np.linalg.inv(covariance)
            grid = np.meshgrid(view.longitudes, view.latitudes)
            x, y = compress_limb(*disk_coordinates(*grid, *center))
            apart = np.stack([x[..., None] - here[0], y[..., None] - here[1]], axis=-1)
            exponent = np.einsum("...ni,nij,...nj->...n", apart, precision, apart) / 2
            total = (np.exp(-exponent) * np.where(depth > 2e-3, depth, 0)).sum(axis=-1)
            halves.append(-0.2 * np.log1p(total / 0.2))
        maps = (np.array(halves[1:]) + np.array(halves[:-1])) / 2
        assert maps.min() < -0.05
        found = signal[0, number].numpy() - model.mean
        assert np.abs(found - maps).max() < 5e-5
        # The CPU ends each Gaussian where it is small.
        ended = view.signatures(regions, DRAWN.signature)
        assert np.abs(found - ended)[~view.hidden()].std() < 2e-3


def test_signatures_of_observed_regions_equal_those_of_the_view():
    sun, dense = observed_sun(), 0
    for seed in range(4):
        view, model, suns, draft = drafted(np.random.default_rng(seed), sun)
        _, signal, _ = simulate_batch(collate_drafts([draft]))
        for number, regions in enumerate(suns):
            if regions.dense:
                expected = view.signatures(regions, sun.signature) + model.mean_phase(view)
                assert np.abs(signal[0, number].numpy() - expected)[~view.hidden()].max() < 1e-5
                dense += expected.min() < -0.05
    assert dense


def test_a_batch_equals_its_sequences():
    rng = np.random.default_rng(5)
    found = [drafted(rng, MEASURED)[-1] for _ in range(3)]
    _, together, _ = simulate_batch(collate_drafts(found))
    for number, draft in enumerate(found):
        _, alone, _ = simulate_batch(collate_drafts([draft]))
        assert torch.allclose(together[number], alone[0], atol=1e-6)


def test_the_statistics_of_a_batch_are_those_of_the_noise_model():
    # White noise from the seed of the draft, as in training.
    model = MEASURED.noise(level_profile=(1,) * 6, mean_profile=(-0.02,) * 6, jitter=0, bad_share=0)
    rng = np.random.default_rng(2)
    view, _ = sample_view(rng, 140, "common")
    quiet = [MEASURED.sample_regions(rng, 0, (-2.75, 2.75))]
    found = [draft_sequence(rng, model, quiet, view, MEASURED.signature) for _ in range(24)]
    noise, _, near_side = simulate_batch(collate_drafts(found))
    noise = noise.masked_fill(near_side, float("nan"))
    assert noise[:, 5].nan_to_num().square().mean().sqrt() == pytest.approx(model.level, rel=0.04)
    one, next_ = noise[:, 4:9].flatten(), noise[:, 5:10].flatten()
    both = ~(one * next_).isnan()
    correlation = torch.corrcoef(torch.stack([one[both], next_[both]]))[0, 1]
    # Half of the shared part, and four fifths of the slow one.
    assert float(correlation) == pytest.approx(0.65 / 2 + 0.8 * 0.21, abs=0.03)


def expected_gaps(rng, sun, alignment):
    """
    Return the mask of missing pixels that a draft of the same random numbers has.
    """
    view, starts = sample_view(rng, WIDTH, alignment)
    sun.noise.sample(rng)
    gaps = sample_gaps(rng, sun, WIDTH, len(view.longitudes))
    hidden = view.hidden()
    if gaps.column >= 0:
        hidden[:, :, gaps.column] = True
    if alignment == "per_map":
        cuts = zip(hidden, starts - starts.min(), strict=True)
        return np.stack([part[:, start : start + WIDTH] for part, start in cuts]), gaps
    for out, start in zip(hidden, starts, strict=True):
        if gaps.margin >= 0:
            inside = view.longitudes >= start + gaps.margin
            inside &= view.longitudes < start + WIDTH - gaps.margin
            out[:, ~inside] = True
    return hidden, gaps


@pytest.mark.parametrize("alignment", ["common", "per_map"])
@pytest.mark.parametrize("sun", [DRAWN, MEASURED], ids=["drawn", "measured"])
def test_missing_data_are_those_of_the_examples(sun, alignment):
    data = DraftedSequences(
        8 * 16, seed=4, target=CENTERS, first=0, width=WIDTH, alignment=alignment, sun=sun
    )
    phases, active = simulate_examples(collate_examples([data[index] for index in range(16)]))
    assert phases.shape == (16, 8, 11, 144, WIDTH)
    assert active.shape == (16, 8, 144, WIDTH)
    margins, columns = set(), set()
    for index, found in enumerate(phases):
        expected, gaps = expected_gaps(np.random.default_rng([4, index]), sun, alignment)
        margins.add(gaps.margin)
        columns.add(gaps.column)
        for one in found[:4]:
            assert np.array_equal(one.isnan().numpy(), expected)
    assert len(margins) > 1
    assert len(columns) > 1
    assert active.unique().tolist() == [0, 1]


def test_active_pixels_have_the_larger_phase_shifts():
    data = DraftedSequences(
        8, seed=1, target=CENTERS, first=0, width=120, alignment="common", sun=DRAWN
    )
    (phases,), (active,) = simulate_examples(collate_examples([data[0]]))
    deep = (phases[0, 5] + phases[1, 5]) / 2
    known = ~deep.isnan()
    assert deep[known & (active[0] > 0)].mean() < deep[known & (active[0] == 0)].mean() - 0.02


def test_examples_come_from_their_seed():
    options = {"target": CENTERS, "width": 32, "alignment": "common", "sun": DRAWN}

    def phases(index, **others):
        data = DraftedSequences(16, **options | {"seed": 1, "first": 0} | others)
        return simulate_examples(collate_examples([data[index]]))[0].nan_to_num(9)

    assert torch.equal(phases(0), phases(0))
    assert torch.equal(phases(0, first=8), phases(1))
    assert not torch.equal(phases(0, seed=2), phases(0))


def test_matrix_products_of_low_precision_change_nothing():
    draft = collate_drafts([drafted(np.random.default_rng(1), DRAWN)[-1]])
    expected = simulate_batch(draft)[1]
    torch.set_float32_matmul_precision("medium")
    try:
        assert torch.equal(simulate_batch(draft)[1], expected)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")


TINY = Recipe(
    network={"architecture": "coarse_unet", "hidden": 2},
    normalization={"kind": "valid", "clip": False},
    alignment="common",
    width=32,
    regions={"level": 0.1, "deblend": True},
    target={"kind": "field", "level": 15.0},
    examples=640,
    batch=16,
    learning_rate=2e-2,
    schedule="one_cycle",
    validation=16,
    patience=100,
    seed=3,
)


@lightning_warns
def test_training_on_drafts_lowers_the_loss(tmp_path, monkeypatch):
    monkeypatch.setattr("sunpy_farside.training.data.EPOCH", 8)
    # As with CUDA, on the CPU.
    monkeypatch.setattr("sunpy_farside.training.data.DRAFTED_ON", ("cpu",))
    simulated = []

    def simulate(drafts):
        simulated.append(drafts)
        return drafts_module.simulate_examples(drafts)

    monkeypatch.setattr("sunpy_farside.training.data.simulate_examples", simulate)
    module = fit(TINY, tmp_path, **QUIETLY)
    assert len(simulated) == 40
    found = losses(tmp_path)
    assert np.mean(found[-2:]) < 0.7 * found[0]
    model = trained_model(module, name="tiny", threshold=100)
    assert model.columns == 32


def test_long_runs_have_a_hundred_epochs():
    assert SimulatedData(TINY, 0).epochs == 1
    long = SimulatedData(replace(TINY, examples=16 * 50_000), 0)
    assert long.epochs == 100
    assert long.epoch == 500
    assert SimulatedData(replace(TINY, examples=16 * 6250), 0).epoch == 100
