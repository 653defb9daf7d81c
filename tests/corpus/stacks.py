"""
Damaged stacks.
"""

import io

import h5py
import numpy as np
from cases import ANY, REFUSED, SAFE, SAME, Corpus, bomb, flip
from idl_files import idl_file, idl_record, idl_variable, long


def _stack():
    rng = np.random.default_rng(16)
    return rng.normal(-0.02, 0.05, (2, 11, 144, 16)).astype(np.float32)


def _hdf5(data, name="phases", libver=None, **options):
    file = io.BytesIO()
    with h5py.File(file, "w", libver=libver) as h5:
        if data is not None:
            h5.create_dataset(name, data=data, **options)
    return file.getvalue()


def _in_hdf5(make):
    def write(path):
        with h5py.File(path, "w") as file:
            make(file)

    return write


def _virtual(file):
    layout = h5py.VirtualLayout((2, 11, 144, 16), "f4")
    layout[0] = h5py.VirtualSource("nowhere.h5", "phases", (11, 144, 16))
    file.create_virtual_dataset("phases", layout, fillvalue=0.01)


def _link(file):
    file["phases"] = h5py.ExternalLink("nowhere.h5", "phases")


def _loop(file):
    file["phases"] = h5py.SoftLink("/phases")


def _external(file):
    file.create_dataset("phases", (2, 11, 144, 16), "u1", external="/etc/passwd")


def _external_floats(file):
    file.create_dataset("phases", (2, 11, 144, 16), "f4", external="/etc/passwd")


def _group(file):
    file.create_group("phases")


def _huge(file):
    file.create_dataset("phases", (100_000, 11, 144, 16), "f4", chunks=True)


def _huge_in_one(file):
    file.create_dataset("phases", (100_000, 11, 144, 16), "f4")


def _partly(file):
    data = file.create_dataset("phases", (2, 11, 144, 16), "f4", chunks=(1, 1, 144, 16))
    data[0] = _stack()[0]


def _deflate_bomb(file):
    shape = (1, 11, 144, 16)
    data = file.create_dataset("phases", shape, "f4", chunks=shape, compression="gzip")
    data.id.write_direct_chunk((0, 0, 0, 0), bomb(15))


def stacks_hdf5(rng, folder):
    """
    Change a stack in HDF5.
    """
    data = _stack()
    whole = _hdf5(data)
    corpus = Corpus(folder, "stack.h5", whole)
    add = corpus.add
    # HDF5 does not read a sparse end.
    corpus.add_no_files(80_000_000_000, sparse_end=SAME)
    for options in (
        {"chunks": True},
        {"compression": "gzip"},
        {"compression": "gzip", "shuffle": True, "fletcher32": True},
        {"compression": "lzf"},
        {"fletcher32": True},
        {"maxshape": (None, 11, 144, 16)},
        {"libver": "latest"},
        {"libver": "latest", "compression": "gzip"},
    ):
        add("written", _hdf5(data, **options), SAME)
    for kind in ("<f4", ">f4", "<f8", ">f8"):
        add("kind", _hdf5(data.astype(kind)), SAME)
    for kind in ("i4", "u1", "c8", "?", "S4"):
        add("kind", _hdf5(data.astype(kind)), REFUSED)
    add("compound", _hdf5(np.zeros((2, 11, 144, 16), [("a", "f4")])), REFUSED)
    add("text", _hdf5(["one", "two"]), REFUSED)
    add("name", _hdf5(data, name="other"), REFUSED)
    add("nothing", _hdf5(None), REFUSED)
    add("null", _hdf5(h5py.Empty("f4")), REFUSED)
    for shape in ((), (1,), (144, 16), (2, 11, 16, 144), (1, 2, 11, 144, 16), (0, 11, 144, 16)):
        add("shape", _hdf5(np.full(shape, 0.02, "f4")), REFUSED)
    for make in (
        _virtual,
        _link,
        _loop,
        _external,
        _external_floats,
        _group,
        _huge,
        _huge_in_one,
        _partly,
        _deflate_bomb,
    ):
        add(make.__name__.strip("_"), _in_hdf5(make), REFUSED)
    add("rounded", _hdf5(data, scaleoffset=3), REFUSED)
    add("filter", _hdf5(data, compression=32015, allow_unknown_filter=True), REFUSED)
    for factor in (1e30, 1e300, 1e3, 180 / np.pi, 47.0, 1e-3, 0, np.nan, np.inf):
        with np.errstate(all="ignore"):
            for index in ((0, 0), (1, 10)):
                other = data.astype(float)
                other[index] *= factor
                # A map without any data is a missing map.
                add("factor", _hdf5(other), ANY if np.isnan(factor) else REFUSED)
    other = data.copy()
    other[1, 3, 100:] = 0
    add("rows", _hdf5(other), REFUSED)
    start = whole.index(data.tobytes())
    for content in (whole, _hdf5(data, compression="gzip"), _hdf5(data, libver="latest")):
        for place in rng.integers(1, len(content), 25):
            add("cut", content[:place], REFUSED)
        # Most bytes other than the values are at the beginning.
        for place in rng.integers(0, min(3000, len(content)), 40):
            add("byte", flip(content, place, rng), ANY)
        for place in rng.integers(0, 3000, 10):
            add("zeros", content[:place] + bytes(40) + content[place + 40 :], ANY)
    summed = _hdf5(data, fletcher32=True, chunks=data.shape)
    for place in summed.index(data.tobytes()) + rng.integers(0, data.nbytes, 10):
        add("summed-bit", flip(summed, place, rng), REFUSED)
    for place in rng.integers(start, len(whole), 10):
        add("data-bit", flip(whole, place, rng), ANY)
        add("lost", whole[:place] + whole[place + 1 :], REFUSED)
        place = min(place, len(whole) - 10_000)
        add("hole", whole[:place] + bytes(8000) + whole[place + 8000 :], REFUSED)
    return corpus.due


def stacks_idl(rng, folder):
    """
    Change a stack in an IDL save file.
    """
    data = _stack()[0].astype(">f4")
    variable = idl_variable("DATA_OUT", data)
    whole = idl_file(variable)
    corpus = Corpus(folder, "stack.sav", whole)
    add = corpus.add
    corpus.add_no_files(20_000_000_000)
    add("packed", idl_file(variable, packed=True), SAME)
    add("other", idl_file(idl_variable("A", np.zeros((2, 3), ">f4")), variable), SAME)
    add("name", idl_file(idl_variable("PHASES", data)), SAME)
    add("double", idl_file(idl_variable("DATA_OUT", data.astype(">f8"))), SAME)
    add("name", idl_file(idl_variable("OTHER", data)), REFUSED)
    add("nothing", idl_file(), REFUSED)
    for kind in (0, 1, 2, 3, 5, 6, 7, 8, 9, 12, 14, 99, -1):
        add("kind", idl_file(idl_variable("DATA_OUT", data, kind=kind)), REFUSED)
    for flags in (0, 1, 0x20, 0x24):
        add("flags", idl_file(idl_variable("DATA_OUT", data, flags=flags)), REFUSED)
    for factor in (1e30, 1e3, 57.3, 1e-3, 0):
        add("factor", idl_file(idl_variable("DATA_OUT", (data * factor).astype(">f4"))), REFUSED)
    add("swapped", idl_file(idl_variable("DATA_OUT", data.byteswap())), REFUSED)
    for shape in ((11, 16, 144), (144, 16), (1, 144, 16)):
        add("shape", idl_file(idl_variable("DATA_OUT", np.resize(data, shape))), REFUSED)
    for place in (4, 8, 12, 16, 20, 28, 32, 36, 44, 48, 52, 64, 68, 72, 76, 100):
        for value in (0, -1, 1, 4, place, 2**30, 2**31 - 1):
            changed = whole[:place] + long(value) + whole[place + 4 :]
            if changed != whole:
                # Two of the words are not read.
                add("word", changed, SAFE)
    add("packed-bomb", b"SR\x00\x06" + idl_record(4, bomb(15)), REFUSED)
    for content in (whole, idl_file(variable, packed=True)):
        for place in rng.integers(1, len(content) - 4, 40):
            add("cut", content[:place], REFUSED)
        for place in rng.integers(0, 110, 40):
            add("byte", flip(content, place, rng), SAFE)
    for place in rng.integers(200, len(whole) - 20_000, 15):
        add("data-bit", flip(whole, place, rng), ANY)
        add("lost", whole[:place] + whole[place + 1 :], REFUSED)
        add("inserted", whole[:place] + b"a" + whole[place:], REFUSED)
        add("hole", whole[:place] + bytes(8000) + whole[place + 8000 :], REFUSED)
    return corpus.due
