"""
Stacks of phase maps in HDF5 and IDL save files.
"""

import zlib

import h5py
import numpy as np
import pytest
from idl_files import idl_file, idl_variable, long

from sunpy_farside.errors import FileFormatError
from sunpy_farside.io import read_stack


def stack(width=120, n=2):
    return np.random.default_rng(1).normal(-0.02, 0.05, (n, 11, 144, width)).astype(np.float32)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "stack.h5"


def write(path, data, name="phases", **options):
    with h5py.File(path, "w") as file:
        file.create_dataset(name, data=data, **options)
    return path


@pytest.mark.parametrize("width", [120, 140])
@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8", "f2"])
def test_hdf5(path, width, kind):
    found = read_stack(write(path, stack(width).astype(kind)))
    assert found.dtype == np.dtype("=f4")
    assert np.array_equal(found, stack(width).astype(kind).astype(np.float32))


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": True},
        {"compression": "gzip", "shuffle": True},
        {"compression": "gzip", "fletcher32": True, "chunks": (1, 5, 100, 70)},
        {"compression": "lzf", "shuffle": True, "fletcher32": True},
        {"maxshape": (None, 11, 144, 120)},
    ],
)
def test_packed_hdf5(path, options):
    assert np.array_equal(read_stack(write(path, stack(), **options)), stack())


def test_a_chunk_that_its_filter_has_skipped(path):
    data = stack(n=1)
    with h5py.File(path, "w") as file:
        _chunk(file, data.tobytes(), filter_mask=1)
    assert np.array_equal(read_stack(path), data)


def test_missing_data_are_missing(path):
    data = stack()
    data[0, :, :, :20] = np.nan
    data[1, 3] = np.nan
    assert np.array_equal(read_stack(write(path, data)), data, equal_nan=True)


def write_idl(path, *variables, packed=False):
    path.write_bytes(idl_file(*variables, packed=packed))
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("name", "kind"), [("DATA_OUT", "f4"), ("PHASES", "f4"), ("phases", "f8")])
def test_idl(tmp_path, packed, name, kind):
    one = stack(140, n=1).astype(kind)
    other = idl_variable("OTHER", np.zeros((2, 3), "f4"))
    path = write_idl(tmp_path / "s.sav", other, idl_variable(name, one[0]), packed=packed)
    found = read_stack(path)
    assert found.dtype == np.dtype("=f4")
    assert np.array_equal(found, one)


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda data: np.full_like(data, np.inf), "infinite"),
        (lambda data: data * np.float32(1e30), "values up to"),
        (lambda data: data.astype(float) * 1e300, "infinite"),
        (np.rad2deg, "deviation|values up to"),
        (np.zeros_like, "deviation of 0"),
        (
            lambda data: np.where(np.arange(144)[:, None] < 100, data, 0),
            "one value .* row, 44",
        ),
    ],
)
def test_one_impossible_map_is_named(path, spoil, found):
    data = stack().astype(float)
    data[1, 6] = spoil(stack()[1, 6])
    with pytest.raises(FileFormatError, match=rf"map 7 of stack 2: .*({found})"):
        read_stack(write(path, data))


def _virtual(file):
    layout = h5py.VirtualLayout((2, 11, 144, 120), "f4")
    layout[0] = h5py.VirtualSource("absent.h5", "phases", (11, 144, 120))
    file.create_virtual_dataset("phases", layout, fillvalue=0.01)


def _external(file):
    other = file.filename + ".raw"
    stack().tofile(other)
    file.create_dataset(
        "phases", (2, 11, 144, 120), "f4", external=[(other, 0, h5py.h5f.UNLIMITED)]
    )


def _external_link(file):
    with h5py.File(file.filename + ".other", "w") as other:
        other["phases"] = stack()
    file["phases"] = h5py.ExternalLink(file.filename + ".other", "phases")


def _soft_link(file):
    file["phases"] = h5py.SoftLink("/elsewhere")


def _never_written(file):
    file.create_dataset("phases", (2, 11, 144, 120), "f4", fillvalue=0.01)


def _partly_written(file):
    data = file.create_dataset("phases", (2, 11, 144, 120), "f4", chunks=(1, 11, 144, 60))
    data[:, ..., :60] = stack()[..., :60]


def _unknown_filter(file):
    file.create_dataset(
        "phases", data=stack(), compression=32015, compression_opts=(3,), allow_unknown_filter=True
    )


def _rounded(file):
    file.create_dataset("phases", data=stack(), scaleoffset=2)


def _group(file):
    file.create_group("phases")["a"] = stack()


def _compound(file):
    file["phases"] = np.zeros((2, 11, 144, 120), [("a", "f4"), ("b", "f4")])


def _texts(file):
    file["phases"] = ["a", "b"]


def _whole_numbers(file):
    file["phases"] = np.ones((2, 11, 144, 120), int)


def _complex(file):
    file["phases"] = stack().astype(complex)


def _nothing(file):
    file["phases"] = h5py.Empty("f4")


def _single(file):
    file["phases"] = 0.02


def _other_name(file):
    file["other"] = stack()


def _other_shape(file):
    file["phases"] = stack().swapaxes(2, 3)


def _no_stack(file):
    file["phases"] = stack()[:0]


def _huge(file):
    file.create_dataset("phases", (100_000, 11, 144, 120), "f4", chunks=True)


def _bomb(file):
    data = file.create_dataset(
        "phases", (1, 11, 144, 120), "f4", chunks=(1, 11, 144, 120), compression="gzip"
    )
    data.id.write_direct_chunk((0, 0, 0, 0), zlib.compress(bytes(100_000_000)))


def _chunk(file, content, **options):
    """
    Write one chunk of a data set as it is.
    """
    shape = (1, 11, 144, 120)
    data = file.create_dataset("phases", shape, "f4", chunks=shape, compression="gzip")
    data.id.write_direct_chunk((0, 0, 0, 0), content, **options)


def _garbage_in_a_chunk(file):
    _chunk(file, b"no zlib stream")


def _large_chunk(file):
    _chunk(file, zlib.compress(np.random.default_rng(1).bytes(900_000)))


def _shuffled_last(file):
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk((1, 11, 144, 120))
    settings.set_deflate(4)
    settings.set_shuffle()
    space = h5py.h5s.create_simple((1, 11, 144, 120))
    h5py.h5d.create(file.id, b"phases", h5py.h5t.IEEE_F32LE, space, settings)


def _huge_chunks(file):
    file.create_dataset(
        "phases",
        (1, 11, 144, 120),
        "f4",
        chunks=(1000, 11, 144, 120),
        maxshape=(None, 11, 144, 120),
        compression="gzip",
    )


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (_virtual, "data in other files"),
        (_external, "data in other files"),
        (_external_link, "a link"),
        (_soft_link, "a link"),
        (_never_written, "never written"),
        (_partly_written, "never written"),
        (_unknown_filter, "filters .32015"),
        (_rounded, "filters"),
        (_group, "a group"),
        (_compound, "values of the type"),
        (_texts, "values of the type"),
        (_whole_numbers, "values of the type int64"),
        (_complex, "values of the type complex"),
        (_nothing, "values of the type"),
        (_single, r"found \(\)"),
        (_other_name, "found other"),
        (_other_shape, r"found \(2, 11, 120, 144\)"),
        (_no_stack, r"found \(0, 11, 144, 120\)"),
        (_huge, "19008000000 values"),
        (_bomb, "unpacks to more"),
        (_huge_chunks, "1 chunks of 760320000 bytes"),
        (_garbage_in_a_chunk, "a chunk that does not unpack"),
        (_large_chunk, "a chunk of 9[0-9]+ bytes for 760320"),
        (_shuffled_last, "filters in the order"),
    ],
)
def test_hdf5_files_that_hold_something_else(path, make, found):
    with h5py.File(path, "w") as file:
        make(file)
    with pytest.raises(FileFormatError, match=f"{path.name}: .*{found}"):
        read_stack(path)


def _itself(content):
    return content[:8] + long(4) + content[12:]


def _backwards(content):
    return content[:8] + long(0) + content[12:]


def _beyond(content):
    return content[:8] + long(2**31 - 1) + content[12:]


def _no_end(content):
    return content[:-16]


def _cut(content):
    return content[: len(content) // 2]


def _long_name(content):
    return content[:20] + long(2**30) + content[24:]


def _garbage(_content):
    return b"SR\x00\x04" + b"\x07" * 40


@pytest.mark.parametrize(
    "spoil", [_itself, _backwards, _beyond, _no_end, _cut, _long_name, _garbage]
)
def test_damaged_idl_files(tmp_path, spoil):
    path = write_idl(tmp_path / "s.sav", idl_variable("PHASES", stack(n=1)[0]))
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(FileFormatError, match=r"s\.sav: expected an IDL save file"):
        read_stack(path)


def test_idl_variables_of_other_kinds(tmp_path):
    variable = idl_variable("PHASES", stack(n=1)[0])
    place = 4 + 8
    for kind, flags in ((3, 4), (7, 4), (4, 0), (4, 0x24), (8, 0x24)):
        changed = variable[:place] + long(kind) + long(flags) + variable[place + 8 :]
        with pytest.raises(FileFormatError, match="no array of floats"):
            read_stack(write_idl(tmp_path / "s.sav", changed))
    with pytest.raises(FileFormatError, match="the variables other"):
        read_stack(write_idl(tmp_path / "s.sav", idl_variable("OTHER", stack(n=1)[0])))


@pytest.mark.parametrize(
    ("offset", "value", "found"),
    [
        (24, 0, "an array phases of 0 axes"),
        (24, 9, "an array phases of 9 axes"),
        (20, 7, "an array phases of 7 values in 760320 bytes"),
        (16, 8, "an array phases of 190080 values in 8 bytes"),
    ],
)
def test_idl_arrays_that_contradict_themselves(tmp_path, offset, value, found):
    variable = idl_variable("PHASES", stack(n=1)[0])
    place = 4 + 8 + offset
    changed = variable[:place] + long(value) + variable[place + 4 :]
    with pytest.raises(FileFormatError, match=found):
        read_stack(write_idl(tmp_path / "s.sav", changed))


def test_an_unknown_kind_of_idl_file(tmp_path):
    path = write_idl(tmp_path / "s.sav", idl_variable("PHASES", stack(n=1)[0]))
    path.write_bytes(b"SR\x00\x05" + path.read_bytes()[4:])
    with pytest.raises(FileFormatError, match="found characters that are no text at its beginning"):
        read_stack(path)


def test_packed_idl_bombs(tmp_path):
    bomb = write_idl(tmp_path / "s.sav", bytes(80_000_000), packed=True)
    with pytest.raises(FileFormatError, match="a variable of more than"):
        read_stack(bomb)


def test_truncated_and_foreign_files(path, tmp_path):
    content = write(path, stack()).read_bytes()
    cut = tmp_path / "cut.h5"
    cut.write_bytes(content[:5000])
    half = tmp_path / "half.h5"
    half.write_bytes(content[: len(content) // 2])
    other = tmp_path / "stack.sav"
    other.write_text("not a save file")
    for bad in (cut, half, other, tmp_path):
        with pytest.raises(FileFormatError, match=bad.name):
            read_stack(bad)
    with pytest.raises(FileNotFoundError):
        read_stack(tmp_path / "absent.h5")


def test_a_sparse_file_is_not_read(tmp_path):
    path = tmp_path / "huge.sav"
    with path.open("wb") as file:
        file.write(b"SR\x00\x04")
        file.truncate(50_000_000_000)
    with pytest.raises(FileFormatError, match="more than 64000000 bytes"):
        read_stack(path)


def test_the_users_home(path, monkeypatch):
    write(path, stack())
    monkeypatch.setenv("HOME", str(path.parent))
    assert read_stack(f"~/{path.name}").shape == (2, 11, 144, 120)


def test_real_stacks(real_data):
    found = read_stack(real_data / "farnet2/20220505_00_20220505_12.h5")
    assert found.shape == (2, 11, 144, 120)
