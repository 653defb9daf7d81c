"""
Damaged weights and checkpoints.
"""

import io
import json
import os
import zipfile

import torch
from cases import ANY, REFUSED, SAME, Corpus, flip
from safetensors import safe_open
from safetensors.torch import save

from sunpy_farside.network import CoarseUNet, FarsideModel, Normalization, UNet, save_model


def _own_weights(path):
    torch.manual_seed(16)
    model = FarsideModel(
        CoarseUNet(hidden=2),
        name="small",
        alignment="common",
        normalization=Normalization("valid", clip=False),
        threshold=37.2,
        device=torch.device("cpu"),
        target={"kind": "centers", "radius": 4.0, "flux": 2e21},
        columns=140,
        level=0.25,
        deblend=True,
    )
    save_model(model, path, recipe="by hand")


def weights(rng, folder):
    """
    Change weights in the package's format.
    """
    source = folder / "source" / "weights.safetensors"
    source.parent.mkdir(parents=True)
    _own_weights(source)
    whole = source.read_bytes()
    corpus = Corpus(folder, source.name, whole)
    add = corpus.add
    corpus.add_no_files(20_000_000_000)
    with safe_open(source, framework="pt") as file:
        notes = file.metadata()
        state = {key: file.get_tensor(key) for key in file.keys()}

    def rewrite(what, due, entries=None, drop=(), without=(), **metadata):
        kept = {key: value for key, value in (state | (entries or {})).items() if key not in drop}
        given = {key: value for key, value in (notes | metadata).items() if key not in without}
        add(what, save(kept, metadata=given), due)

    rewrite("note", SAME, later="version")
    rewrite("former", SAME, without=("sha256", "reliability", "license"))
    for key, values in {
        "threshold": ("nan", "-1", "", "many"),
        "level": ("5", "0", "nan", "inf", "-1"),
        "columns": ("13", "15", "200", "-120", "140.5", "true", "[]"),
        "deblend": ("2", "null", "maybe"),
        "alignment": ("first", ""),
        "architecture": ("unet", "transformer", ""),
        "network": (
            '{"hidden": 3000}',
            '{"hidden": 0}',
            '{"hidden": 32}',
            '{"n_maps": 5}',
            "[]",
            "{",
            "[" * 90_000,
        ),
        "normalization": (
            '{"kind": "batch"}',
            "{}",
            '{"kind": "constants", "standard_deviation": -1}',
            "3",
        ),
        "target": ('{"kind": "spots"}', "{}", '{"kind": "field", "level": -3}', "null"),
        "reliability": ("{}", "[1]", '{"coefficients": {"a": -1}, "intercept": 0, "settings": {}}'),
    }.items():
        for value in values:
            rewrite(key, REFUSED, **{key: value})
        if key != "reliability":
            rewrite("without", REFUSED, without=(key,))
    for key in list(state)[::4]:
        value = state[key]
        rewrite("missing", REFUSED, drop=(key,))
        rewrite("misshapen", REFUSED, {key: torch.zeros(3, 5)})
        rewrite("changed", REFUSED, {key: value + 1})
        if value.is_floating_point():
            rewrite("nan", REFUSED, {key: torch.full_like(value, torch.nan)}, without=("sha256",))
            rewrite("whole-numbers", REFUSED, {key: value.int()}, without=("sha256",))
        if key.endswith("running_var"):
            rewrite("variance", REFUSED, {key: -value}, without=("sha256",))
    rewrite("extra", REFUSED, {"extra": torch.zeros(1)})
    start = 8 + int.from_bytes(whole[:8], "little")
    for size in (0, 1, start + 1, 2_000_000, 10**9, 2**40, 2**63):
        add("header-size", size.to_bytes(8, "little") + whole[8:], REFUSED)
    header = json.loads(whole[8:start])
    for change in ({"data_offsets": [0, 10**12]}, {"shape": [10**9, 10**9]}, {"dtype": "F99"}):
        other = header | {"outlet.weight": header["outlet.weight"] | change}
        text = json.dumps(other).encode()
        add("header", len(text).to_bytes(8, "little") + text + whole[start:], REFUSED)
    for place in rng.integers(1, len(whole), 30):
        add("cut", whole[:place], REFUSED)
    for place in rng.integers(8, start, 40):
        add("header-byte", flip(whole, place, rng), ANY)
    for place in rng.integers(start, len(whole), 40):
        add("data-bit", flip(whole, place, rng), REFUSED)
        add("lost", whole[:place] + whole[place + 1 :], REFUSED)
    return corpus.due


class _Program:
    """
    Object that runs code where it is unpickled.
    """

    def __reduce__(self):
        return (os.mkdir, ("ran",))


def checkpoints(rng, folder):
    """
    Change checkpoints of PyTorch in the published format.
    """
    torch.manual_seed(16)
    network = UNet(hidden=2)
    state = network.state_dict()

    def saved(content, old=False):
        file = io.BytesIO()
        torch.save(content, file, _use_new_zipfile_serialization=not old)
        return file.getvalue()

    whole = saved({"state_dict": state})
    corpus = Corpus(folder, "weights.pth", whole)
    add = corpus.add
    corpus.add_no_files(20_000_000_000)
    add("old", saved({"state_dict": state}, old=True), SAME)
    add("more", saved({"epoch": 3, "state_dict": state, "loss": 0.1}), SAME)
    add("program", saved({"state_dict": state, "args": _Program()}), REFUSED)
    add("program-old", saved({"state_dict": state, "args": _Program()}, old=True), REFUSED)
    add("pickled", saved(network), REFUSED)
    for content in (
        [],
        {},
        {"state_dict": 3},
        {"model": state},
        5,
        "text",
        state["outc.conv.bias"],
    ):
        add("content", saved(content), REFUSED)
    for key in list(state)[::5]:
        value = state[key]
        others = [value.new_zeros(3, 5, 7), 3, "text", None, [1.0], value.to(torch.complex64)]
        others += [value.to_sparse(), torch.empty(value.shape, device="meta")] if value.ndim else []
        if value.is_floating_point():
            others += [value + torch.inf, value + torch.nan, value + 1e30, value.int()]
        if key.endswith("running_var"):
            others.append(-value)
        for other in others:
            add("entry", saved({"state_dict": state | {key: other}}), REFUSED)
        add("missing", saved({"state_dict": {k: state[k] for k in state if k != key}}), REFUSED)
    add("extra", saved({"state_dict": state | {"extra": torch.zeros(1)}}), REFUSED)
    add("number", saved({"state_dict": state | {5: torch.zeros(1)}}), REFUSED)
    for size in (0, 3000):
        wide = torch.zeros(1).expand(size, 11, 3, 3)
        add("wide", saved({"state_dict": state | {"inc.conv.conv.0.weight": wide}}), REFUSED)
    for size in (3_000_000, 300_000_000):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("archive/data.pkl", bytes(size))
        add("zip-bomb", file.getvalue(), REFUSED)
    for pickled in (
        b"\x80\x02cos\nmkdir\n(S'ran'\ntR.",
        b"\x80\x02c__builtin__\nbytearray\n\x8a\x06\x00\x00\x00\x00\xff\x00\x85R.",
        b"\x80\x02" + b"(" * 100_000 + b".",
        b"\x80\x02" + b"]" * 100_000 + b".",
        b"\x80\x02.",
        b"",
    ):
        add("pickle", pickled, REFUSED)
    for old in (False, True):
        content = saved({"state_dict": state}, old=old)
        for place in rng.integers(1, len(content), 25):
            # The directory of a zip archive follows the tensors; the old form has none.
            add("cut", content[:place], REFUSED)
        for place in rng.integers(0, len(content), 60):
            add("byte", flip(content, place, rng), ANY)
    return corpus.due
