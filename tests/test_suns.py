import numpy as np
import pytest

from sunpy_farside import simulate_sequence
from sunpy_farside.cli import main
from sunpy_farside.evaluation.simulated import reference_regions, simulated_case
from sunpy_farside.io.synoptic_maps import REDUCED
from sunpy_farside.simulation.magnetograms import MagneticRegions
from sunpy_farside.simulation.suns import DRAWN, load_sun
from sunpy_farside.training.data import SimulatedData
from sunpy_farside.training.examples import sample_examples
from sunpy_farside.training.recipe import load_recipe

TARGET = {"kind": "centers", "radius": 4.0, "flux": 2e21}


@pytest.fixture(scope="module")
def magnetograms(tmp_path_factory):
    """
    Write eight rotations with one to eight strong regions each.
    """
    folder = tmp_path_factory.mktemp("magnetograms")
    rng = np.random.default_rng(5)
    field = np.zeros((8, 180, 360), np.float16)
    for number, item in enumerate(field, 1):
        for _ in range(number):
            row, column = rng.choice([65, 110]), rng.integers(4, 350)
            item[row : row + 6, column : column + 4] = 300
            item[row : row + 6, column + 4 : column + 8] = -300
    np.savez(folder / REDUCED, carrington_rotation=2100 + np.arange(8), radial_field=field)
    return folder


@pytest.fixture(scope="module")
def observed(magnetograms):
    return load_sun("measured", magnetograms)


def test_the_default_sun_is_that_of_the_weights():
    one, two = (
        simulate_sequence("2022-05-05", seed=1, **options).sequence.data
        for options in ({}, {"sun": load_sun("drawn")})
    )
    assert np.array_equal(one, two, equal_nan=True)
    assert load_recipe().sun == {"kind": "drawn"}


def test_a_measured_sun_has_other_noise_and_signatures():
    drawn, measured = (
        simulate_sequence("2022-05-05", seed=1, sun=sun) for sun in (DRAWN, load_sun("measured"))
    )
    assert measured.signature != drawn.signature
    known = np.isfinite(measured.sequence.comoving_data)
    noise = (measured.sequence.comoving_data - measured.signatures())[known]
    assert abs(np.corrcoef(noise, measured.signatures()[known])[0, 1]) < 0.1


def test_magnetograms_give_regions_and_their_truth(observed):
    kinds, matches = set(), []
    for seed in range(12):
        simulated = simulate_sequence("2014-05-05", seed=seed, activity=1.2, sun=observed)
        kinds.add(type(simulated.sun))
        if type(simulated.sun) is not MagneticRegions:
            continue
        table = simulated.regions
        assert table["flux"][0] >= table["flux"][-1]
        known = reference_regions(simulated)
        assert len(known) <= len(table)
        active = simulated.active(TARGET)
        if active.any():
            signal = simulated.signatures().mean(axis=0)
            matches.append(signal[active].mean() / signal[~active].mean())
    assert len(kinds) == 2
    # Phase shifts are where the target is.
    assert np.median(matches) > 4


def test_activity_chooses_rotations(observed):
    low, high = (
        np.mean(
            [
                regions.flux_on(0).sum()
                for seed in range(40)
                if isinstance(
                    regions := observed.sample_regions(
                        np.random.default_rng(seed), activity, (-3, 3)
                    ),
                    MagneticRegions,
                )
            ]
        )
        for activity in (0.1, 1.2)
    )
    assert low < 0.6 * high
    assert len(observed.sample_regions(np.random.default_rng(0), 0, (-3, 3))) == 0


def test_longitudes_of_observed_regions_are_turned(observed):
    starts = []
    for seed in range(30):
        regions = observed.sample_regions(np.random.default_rng(seed), 0.9, (-3, 3))
        if isinstance(regions, MagneticRegions):
            starts += (regions.longitude_on(0) % 360).tolist()
    counts = np.histogram(starts, bins=6, range=(0, 360))[0]
    assert counts.min() > 0.4 * counts.mean()


@pytest.mark.parametrize("alignment", ["per_map", "common"])
def test_training_examples_of_a_measured_sun(observed, alignment):
    options = {"alignment": alignment, "sun": observed}
    phases, active = sample_examples(np.random.default_rng(3), TARGET, 120, **options)
    assert phases.shape == (4, 11, 144, 120)
    assert active.shape == (4, 144, 120)
    again, _ = sample_examples(
        np.random.default_rng(3), TARGET, 120, alignment=alignment, sun=observed
    )
    assert np.array_equal(phases, again, equal_nan=True)
    signal = (phases[0] + phases[1]) / 2
    active = active[0] > 0
    if alignment == "common" and active.any():
        assert np.nanmean(signal[:, active]) < np.nanmean(signal[:, ~active]) - 0.01


def test_half_of_the_examples_of_a_measured_sun_have_published_windows(observed):
    widths = []
    for seed in range(24):
        phases, _ = sample_examples(np.random.default_rng(seed), TARGET, 140, sun=observed)
        # The map of the middle, in its own window.
        columns = np.isfinite(phases[0, 5, 72])
        widths.append(np.ptp(np.flatnonzero(columns)) + 1)
    assert set(widths) == {120, 140}
    assert 6 <= widths.count(120) <= 18


def test_a_recipe_names_the_sun(tmp_path, magnetograms):
    path = tmp_path / "own.toml"
    path.write_text(
        f'base = "measured"\n[sun]\nkind = "measured"\nmagnetograms = "{magnetograms}"\n'
    )
    recipe = load_recipe(path)
    data = SimulatedData(recipe, 0)._examples(8, 0)
    assert data.options["sun"].film.rotations.tolist() == list(range(2101, 2107))
    # Weights record that there were magnetograms, not where.
    assert str(magnetograms) not in recipe.to_text()
    assert "'magnetograms': 'yes'" in recipe.to_text()
    assert SimulatedData(load_recipe("measured"), 0)._examples(8, 0).options["sun"].film is None


def test_evaluation_sets_of_a_measured_sun_differ(observed):
    drawn, measured = simulated_case(0), simulated_case(0, sun=observed)
    assert not np.array_equal(drawn.sequence.data, measured.sequence.data, equal_nan=True)
    assert len(simulated_case(0, kind="noise", sun=observed).regions) == 0


def test_simulate_writes_maps_of_observed_regions(tmp_path, magnetograms, capsys):
    arguments = ["simulate", "2014-05-05", "2", "--magnetograms", str(magnetograms)]
    assert main([*arguments, "--output", str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out").glob("*.fits"))) == 2
    assert main([*arguments, "--sun", "drawn", "--output", str(tmp_path / "other")]) == 2
    assert "--sun measured" in capsys.readouterr().err


def test_unknown_suns_are_named(magnetograms):
    with pytest.raises(ValueError, match="drawn, measured, found 'real'"):
        load_sun("real")
    with pytest.raises(ValueError, match="no magnetograms"):
        load_sun("drawn", magnetograms)
    with pytest.raises(FileNotFoundError):
        load_sun("measured", magnetograms / "absent")


def test_the_years_kept_for_evaluation_are_left_out(tmp_path):
    field = np.full((4, 180, 360), 0, np.float16)
    np.savez(tmp_path / REDUCED, carrington_rotation=[2249, 2250, 2251, 2252], radial_field=field)
    film = load_sun("measured", tmp_path).film
    assert max(film.patches) == 2251
