"""
Simulation of the phase maps of many sequences at once, with PyTorch.

A GPU computes what has a value at every pixel: the noise, and the phase shifts of the active
regions. Everything else is sampled beforehand, by several processes, as a draft of each sequence.
On a CPU, `sunpy_farside.simulation.phases` does the same five times as fast.
"""

from contextlib import contextmanager
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch.nn import functional

from sunpy_farside.coordinates.window import FIRST_LATITUDE, WINDOW_ROWS
from sunpy_farside.simulation.harmonics import legendre_functions
from sunpy_farside.simulation.measured_noise import (
    PROFILE_NODES,
    SPHERE_DEGREES,
    MeasuredNoise,
    sphere_spectrum,
)
from sunpy_farside.simulation.noise import (
    LIMB_ANGLE,
    TEXTURE_NODES,
    TEXTURE_SPACING,
    TRANSITION_WIDTH,
    sample_strength,
)
from sunpy_farside.simulation.signature import (
    DISK_CELLS,
    DISK_EXTENT,
    DISK_SPACING,
    LEAST_DEPTH,
    disk_gaussians,
    disk_points,
)

__all__ = ["Draft", "collate_drafts", "draft_sequence", "simulate_batch"]

# Numbers of a Gaussian (position, precision and depth) and of a point (position and mass).
_GAUSSIAN, _POINT = 6, 3
# Standard deviations at which a Gaussian filter ends, for textures and for points, as elsewhere.
_TEXTURE_END, _POINT_END = 3, 4


@dataclass
class Draft:
    """
    Inputs of the simulation of a sequence, or, as tensors, of a batch of sequences.

    Attributes
    ----------
    seed : `int`
        Seed of the noise.
    noise : `dict` of `str` to array
        Parameters of the noise model, and ``strengths``, the factors of the halves.
    centers : array, shape (12,)
        Far-side central meridian of every half in degrees.
    center_latitude : `float`
        Latitude of the far-side disk center in degrees.
    first, columns : `float`, `int`
        Longitude of the first column in degrees, and number of columns.
    gaussians : array, shape (suns, 12, n, 6)
        Phase shifts of active regions: position on the disk in solar radii, the three elements of
        the inverse covariance matrix, and the negative phase shift at the maximum in rad.
    points : array, shape (suns, 12, m, 3)
        Those of regions from magnetograms: position in solar radii, and integrated phase shift in
        rad times square solar radii.
    saturation, resolution : `float`
        The attributes of `~sunpy_farside.simulation.signature.Signature`.
    """

    seed: int
    noise: dict
    centers: np.ndarray
    center_latitude: float
    first: float
    columns: int
    gaussians: np.ndarray
    points: np.ndarray
    saturation: float
    resolution: float

    def to(self, device):
        """
        Return the draft of a batch on a device.
        """
        moved = {name: value.to(device) for name, value in vars(self).items() if name != "noise"}
        noise = {name: value.to(device) for name, value in self.noise.items()}
        return Draft(noise=noise, **moved)


def draft_sequence(rng, model, suns, view, signature):
    """
    Sample the inputs of the simulation of a sequence.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    model : `~sunpy_farside.simulation.noise.NoiseModel` or \
            `~sunpy_farside.simulation.measured_noise.MeasuredNoise`
    suns : sequence of `~sunpy_farside.simulation.active_regions.Regions` or \
            `~sunpy_farside.simulation.magnetograms.MagneticRegions`
        Sets of active regions that are seen through the same noise.
    view : `~sunpy_farside.simulation.phases.View`
    signature : `~sunpy_farside.simulation.signature.Signature`

    Returns
    -------
    `Draft`
    """
    gaussians, points = _tables(suns, view, signature)
    return Draft(
        seed=int(rng.integers(2**63)),
        noise=_noise_numbers(rng, model, len(view.days)),
        centers=view.center_longitudes,
        center_latitude=view.center_latitude,
        first=view.longitudes[0],
        columns=len(view.longitudes),
        gaussians=gaussians,
        points=points,
        saturation=signature.saturation,
        resolution=signature.resolution,
    )


def _noise_numbers(rng, model, halves):
    numbers = {item.name: np.float32(getattr(model, item.name)) for item in fields(model)}
    if isinstance(model, MeasuredNoise):
        numbers["spectrum"] = sphere_spectrum(model.sphere_grain)
    numbers["strengths"] = np.float32([sample_strength(rng, model) for _ in range(halves)])
    return numbers


def _tables(suns, view, signature):
    """
    Return the phase shifts of active regions as tables of Gaussians and of points.
    """
    gaussians, points = [], []
    for regions in suns:
        halves = [regions.lobes(day) for day in view.days]
        numbers = [len(lobes["flux"]) for lobes in halves]
        # All halves together, as most of the time is that of the calls.
        lobes = {key: np.concatenate([half[key] for half in halves]) for key in halves[0]}
        center = np.repeat(view.center_longitudes, numbers), view.center_latitude
        blobs, dots = np.zeros((0, _GAUSSIAN)), np.zeros((0, _POINT))
        of_half = np.repeat(np.arange(len(halves)), numbers)
        of_blob = of_dot = of_half[:0]
        if regions.dense and len(of_half):
            here, mass, near = disk_points(lobes, signature, center)
            dots, of_dot = np.stack([*here, mass], axis=1), of_half[near]
        elif len(of_half):
            here, covariance, depth, _ = disk_gaussians(lobes, signature, center)
            deep = depth > LEAST_DEPTH
            precision = np.linalg.inv(covariance[deep])[:, (0, 0, 1), (0, 1, 1)].T
            blobs, of_blob = (
                np.stack([*here[:, deep], *precision, depth[deep]], axis=1),
                of_half[deep],
            )
        gaussians += [blobs[of_blob == half] for half in range(len(halves))]
        points += [dots[of_dot == half] for half in range(len(halves))]
    return _padded(gaussians, len(suns)), _padded(points, len(suns))


def _padded(tables, suns):
    """
    Stack tables of different lengths by suns and halves. A row of zeros has no phase shift.
    """
    rows, columns = max(len(table) for table in tables), tables[0].shape[1]
    stacked = np.zeros((len(tables), rows, columns), np.float32)
    for out, table in zip(stacked, tables, strict=True):
        out[: len(table)] = table
    return stacked.reshape(suns, len(tables) // suns, rows, columns)


def collate_drafts(drafts):
    """
    Return the draft of a batch.

    Parameters
    ----------
    drafts : sequence of `Draft`
        All with the same noise model and the same signature.

    Returns
    -------
    `Draft`
        Its attributes are tensors, whose first axis counts the sequences.
    """
    values = {item.name: [getattr(draft, item.name) for draft in drafts] for item in fields(Draft)}
    for name in ("gaussians", "points"):
        tables = values[name]
        rows = max(table.shape[2] for table in tables)
        values[name] = [
            np.pad(table, ((0, 0), (0, 0), (0, rows - table.shape[2]), (0, 0))) for table in tables
        ]
    noise = {key: _tensor([item[key] for item in values["noise"]]) for key in values["noise"][0]}
    tensors = {name: _tensor(found) for name, found in values.items() if name != "noise"}
    return Draft(noise=noise, **tensors)


def _tensor(values):
    array = np.stack([np.asarray(value) for value in values])
    return torch.from_numpy(array.astype(np.float32) if array.dtype == np.float64 else array)


def simulate_batch(draft, normal=None):
    """
    Simulate the phase maps of a batch of sequences.

    Parameters
    ----------
    draft : `Draft`
        From `collate_drafts`, on any device.
    normal : callable, optional
        Returns a tensor of a given shape with numbers from the standard normal distribution; by
        default, from a generator with the seed of the first sequence.

    Returns
    -------
    noise : `torch.Tensor`, shape (n, 11, latitudes, columns)
        In rad, with zero mean.
    signal : `torch.Tensor`, shape (n, suns, 11, latitudes, columns)
        Mean phase shift and phase shifts of the active regions in rad.
    near_side : `torch.Tensor` of `bool`, shape (n, 11, latitudes, columns)
        True on the near side.
    """
    normal = normal or _generator(draft)
    view = _View(draft)
    with _full_precision():
        simulate = _measured_noise if "slow" in draft.noise else _drawn_noise
        noise, mean = simulate(draft.noise, view, normal)
        signal = _maps(_signatures(draft, view)) + mean[:, None]
    return noise, signal, view.heights < 0


def _generator(draft):
    device = draft.centers.device
    generator = torch.Generator(device).manual_seed(int(draft.seed[0]))
    return lambda *shape: torch.randn(shape, device=device, generator=generator)


@contextmanager
def _full_precision():
    # The exponents of narrow Gaussians are differences of large numbers.
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


class _View:
    """
    Positions of the nodes of the maps on the disk, as of `~sunpy_farside.simulation.phases.View`.

    Attributes
    ----------
    x, y : `torch.Tensor`, shape (n, 12, latitudes, columns)
        Positions in every half, extrapolated beyond the limb as by
        `~sunpy_farside.simulation.noise.compress_limb`.
    heights : `torch.Tensor`, shape (n, 11, latitudes, columns)
        Cosine of the distance from the disk center of every map.
    longitudes : `torch.Tensor`, shape (n, columns)
        In degrees.
    """

    def __init__(self, draft):
        device = draft.centers.device
        columns = torch.arange(int(draft.columns.max()), device=device)
        self.longitudes = draft.first[:, None] + columns
        rows = FIRST_LATITUDE + torch.arange(WINDOW_ROWS, dtype=torch.float32, device=device)
        self._latitudes = rows.deg2rad()[:, None]
        self._center_latitude = draft.center_latitude.deg2rad()[:, None, None, None]
        x, y, z = self._disk(draft.centers)
        radius = torch.hypot(x, y)
        angle = torch.atan2(radius, z)
        continued = np.sin(LIMB_ANGLE) + (angle - LIMB_ANGLE) * np.cos(LIMB_ANGLE)
        scale = torch.where(angle > LIMB_ANGLE, continued / radius.clamp(min=1e-6), 1)
        self.x, self.y = x * scale, y * scale
        self.heights = self._disk(_maps(draft.centers))[2]

    def _disk(self, centers):
        longitude = (self.longitudes[:, None] - centers[:, :, None]).deg2rad()[:, :, None]
        latitude, center = self._latitudes, self._center_latitude
        toward = latitude.cos() * longitude.cos()
        x = latitude.cos() * longitude.sin()
        y = center.cos() * latitude.sin() - center.sin() * toward
        return x, y, center.sin() * latitude.sin() + center.cos() * toward


def _maps(halves):
    """
    Average adjacent halves to maps, along the axis before latitudes and columns, or the last one.
    """
    axis = max(halves.dim() - 3, 1)
    number = halves.shape[axis] - 1
    return (halves.narrow(axis, 1, number) + halves.narrow(axis, 0, number)) / 2


def _drawn_noise(noise, view, normal):
    """
    Simulate the noise of `~sunpy_farside.simulation.noise.NoiseModel`, and its mean.
    """
    number, halves = view.x.shape[:2]
    # The texture that lasts comes first, on the disk of the middle half.
    order = torch.tensor([halves // 2, *range(halves)], device=view.x.device)
    x, y = view.x[:, order], view.y[:, order]
    white = normal(number, halves + 1, 2, TEXTURE_NODES, TEXTURE_NODES)
    edge = torch.sin(noise["transition"].deg2rad())[:, None, None, None]
    share = ((torch.hypot(x, y) - edge) / TRANSITION_WIDTH + 0.5).clamp(0, 1)
    texture = (1 - share).sqrt() * _texture(white[:, :, 0], noise["fine_grain"], x, y)
    texture += share.sqrt() * _texture(white[:, :, 1], noise["coarse_grain"], x, y)
    lasting = noise["lasting"][:, None, None, None]
    # Two halves with standard deviation s average to s / sqrt(2).
    changing = (2 * (1 - lasting**2)).sqrt() * noise["strengths"][:, :, None, None]
    texture = lasting * texture[:, :1] + changing * texture[:, 1:]
    mean = noise["mean"][:, None, None, None]
    return _maps(texture) * noise["level"][:, None, None, None], mean


def _measured_noise(noise, view, normal):
    """
    Simulate the noise of `~sunpy_farside.simulation.measured_noise.MeasuredNoise`, and its mean.
    """
    number, halves = view.x.shape[:2]
    white = normal(number, halves, TEXTURE_NODES, TEXTURE_NODES)
    texture = _texture(white, noise["grain"], view.x, view.y)
    texture *= noise["strengths"][:, :, None, None]
    shared = (2 * (1 - noise["slow"] - noise["alone"])).sqrt()
    maps = _maps(texture) * shared[:, None, None, None]
    maps += _sphere_fields(noise, view.longitudes, halves - 1, normal)
    distance = view.heights.clamp(-1, 1).acos().rad2deg()
    level = noise["level"][:, None, None, None] * _at(distance, noise["level_profile"])
    return maps * level, _at(distance, noise["mean_profile"])


def _at(distance, profile):
    """
    Interpolate the profiles of a batch, constant beyond their ends.
    """
    values = profile[:, 0, None, None, None].expand_as(distance)
    ends = zip(PROFILE_NODES[:-1], PROFILE_NODES[1:], profile.diff().unbind(1), strict=True)
    for low, high, step in ends:
        share = ((distance - low) / (high - low)).clamp(0, 1)
        values = values + share * step[:, None, None, None]
    return values


def _sphere_fields(noise, longitudes, maps, normal):
    """
    Simulate the parts of the measured noise whose grains have a constant size on the Sun.
    """
    number, orders = len(longitudes), SPHERE_DEGREES + 1
    alone = normal(number, maps, orders, orders, 2)
    # As many steps before the first map as the longest memory has.
    longest = int(noise["memory"].max())
    white = normal(number, maps + longest, orders, orders, 2)
    # The weights of the steps: 1 for the whole ones, and the oldest one has the rest.
    ages = torch.arange(longest + 1, device=white.device)
    memory = noise["memory"][:, None]
    whole = memory.floor()
    weights = torch.where(ages < whole, 1.0, torch.where(ages == whole, (memory - whole).sqrt(), 0))
    steps = torch.arange(maps, device=white.device)[:, None] + longest - ages
    mixing = weights.new_zeros(number, maps, maps + longest)
    mixing.scatter_(2, steps.expand(number, -1, -1), weights[:, None].expand(-1, maps, -1))
    slow = (mixing @ white.flatten(2)).unflatten(2, (orders, orders, 2))
    slow = slow * (noise["slow"] / noise["memory"]).sqrt()[:, None, None, None, None]
    coefficients = slow + alone * noise["alone"].sqrt()[:, None, None, None, None]
    coefficients = coefficients * noise["spectrum"][:, None]
    latitudes = tuple(FIRST_LATITUDE + np.arange(WINDOW_ROWS, dtype=float))
    legendre = torch.from_numpy(legendre_functions(SPHERE_DEGREES, latitudes)).to(white.device)
    order = torch.arange(orders, device=white.device)
    angle = (order[:, None] * longitudes[:, None]).deg2rad()
    # A real field has two harmonics of every order above zero.
    scale = torch.where(order > 0, np.sqrt(2), 1.0)[:, None]
    waves = scale * torch.stack([angle.cos(), angle.sin()])
    fields_ = 0
    for part, wave in zip(coefficients.unbind(-1), waves, strict=True):
        by_order = torch.einsum("ntlm,mlb->ntbm", part, legendre)
        fields_ = fields_ + by_order @ wave[:, None]
    return fields_


def _texture(white, grain, x, y):
    """
    Filter white noise to grains of unit variance, and sample it at points of the disk.

    Parameters
    ----------
    white : `torch.Tensor`, shape (n, halves, nodes, nodes)
    grain : `torch.Tensor`, shape (n,)
        Standard deviation of the grains in solar radii.
    x, y : `torch.Tensor`, shape (n, halves, latitudes, columns)

    Returns
    -------
    `torch.Tensor`, shape (n, halves, latitudes, columns)
    """
    nodes, sigma = white.shape[-1], grain / TEXTURE_SPACING
    # The Gaussian ends as that of `scipy.ndimage.gaussian_filter`, at a whole number of nodes.
    ends = (_TEXTURE_END * sigma + 0.5).floor()
    offset = torch.arange(int(ends.max()) + 1, device=white.device)
    kernel = torch.exp(-0.5 * (offset / sigma[:, None]) ** 2) * (offset <= ends[:, None])
    kernel = kernel * torch.where(offset > 0, 2, 1)
    kernel = kernel / kernel.sum(1, keepdim=True)
    # Around the ring of nodes, a convolution is a product of spectra.
    frequency = torch.arange(nodes, device=white.device)[:, None] * (2 * np.pi / nodes)
    spectrum = kernel @ torch.cos(frequency * offset).T
    # Restore the unit variance that white noise loses.
    spectrum_x = spectrum * (2 * np.sqrt(np.pi) * sigma)[:, None]
    spectra = torch.fft.rfft2(white)
    spectra *= spectrum[:, None, :, None]
    spectra *= spectrum_x[:, None, None, : nodes // 2 + 1]
    fields_ = torch.fft.irfft2(spectra, s=white.shape[-2:])
    return _interpolate(fields_, x / TEXTURE_SPACING + nodes // 2, y / TEXTURE_SPACING + nodes // 2)


def _interpolate(images, column, row):
    """
    Interpolate images of one size between their pixels.
    """
    size = images.shape[-1] - 1
    places = torch.stack([column, row], dim=-1).flatten(0, 1) * (2 / size) - 1
    values = functional.grid_sample(
        images.flatten(0, 1)[:, None], places, padding_mode="border", align_corners=True
    )
    return values[:, 0].unflatten(0, images.shape[:2])


def _signatures(draft, view):
    """
    Simulate the phase shifts of active regions, shape (n, suns, halves, latitudes, columns).
    """
    number, suns, halves = draft.gaussians.shape[:3]
    sum_ = view.x.new_zeros(number, suns, halves, view.x.shape[2] * view.x.shape[3])
    if draft.gaussians.shape[3]:
        # One half after the other, as every pixel has a value for every Gaussian.
        for half in range(halves):
            sum_[:, :, half] = _gaussians(draft.gaussians[:, :, half], view, half)
    sum_ = sum_.unflatten(3, view.x.shape[2:])
    if draft.points.shape[3]:
        sum_ += _points(draft, view)
    saturation = draft.saturation[:, None, None, None, None]
    return -saturation * torch.log1p(sum_ / saturation)


def _gaussians(table, view, half):
    """
    Sum Gaussians at the pixels of one half, shape (n, suns, pixels).
    """
    x0, y0, pxx, pxy, pyy, depth = table.unbind(-1)
    # The exponents are polynomials of the position, and thus a product of matrices.
    constant = depth.log() - (pxx * x0**2 + 2 * pxy * x0 * y0 + pyy * y0**2) / 2
    factors = torch.stack(
        [constant, pxx * x0 + pxy * y0, pxy * x0 + pyy * y0, -pxx / 2, -pxy, -pyy / 2], dim=-1
    )
    x, y = view.x[:, half].flatten(1), view.y[:, half].flatten(1)
    powers = torch.stack([torch.ones_like(x), x, y, x * x, x * y, y * y], dim=1)
    return (factors @ powers[:, None]).exp_().sum(2)


def _points(draft, view):
    """
    Bin points on the disk, smooth them with the point-spread function and interpolate.
    """
    x, y, mass = draft.points.flatten(0, 2).unbind(-1)
    # Rows of zeros are at the disk center, without mass.
    x, y = (x + DISK_EXTENT) / DISK_SPACING, (y + DISK_EXTENT) / DISK_SPACING
    column, row = x.floor(), y.floor()
    right, up = x - column, y - row
    cell = (row * DISK_CELLS + column).long()
    grid = mass.new_zeros(len(mass), DISK_CELLS * DISK_CELLS)
    for down, along in ((0, 1 - up), (1, up)):
        for across, over in ((0, 1 - right), (1, right)):
            grid.scatter_add_(1, cell + down * DISK_CELLS + across, mass * along * over)
    grid = grid.unflatten(1, (DISK_CELLS, DISK_CELLS)) / DISK_SPACING**2
    sigma = float(draft.resolution[0]) / DISK_SPACING
    end = int(_POINT_END * sigma + 0.5)
    node = torch.arange(DISK_CELLS, device=grid.device)
    apart = node - node[:, None]
    kernel = torch.exp(-0.5 * (apart / sigma) ** 2) * (apart.abs() <= end)
    # Of the whole kernel, also where it reaches beyond the grid.
    kernel = kernel / kernel[DISK_CELLS // 2].sum()
    grid = kernel @ grid @ kernel
    number, suns, halves = draft.points.shape[:3]
    grid = grid.unflatten(0, (number, suns, halves))
    positions = [(axis + DISK_EXTENT) / DISK_SPACING for axis in (view.x, view.y)]
    return torch.stack([_interpolate(images, *positions) for images in grid.unbind(1)], dim=1)
