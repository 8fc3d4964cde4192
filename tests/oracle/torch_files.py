"""Writes tests/fixtures/weights: small files as PyTorch, NumPy and safetensors save them, for the tests of
weights files in tests/unit. Run from the root of the repository with PyTorch 2.x, NumPy and safetensors:

    python tests/oracle/torch_files.py

Element i (row-major) of every tensor is known to both sides: see numbers().
"""
import collections
import io
import os
import pathlib
import struct
import tarfile
import zipfile

import numpy as np
import torch
from safetensors.torch import save_file

FOLDER = pathlib.Path("tests/fixtures/weights")


def numbers(count, seed):
    return (np.arange(count) * 37 + seed) % 101 - 50


def tensor(shape, dtype, seed):
    n = numbers(int(np.prod(shape)), seed)
    if dtype == torch.bool:
        t = torch.from_numpy((n + 50) % 2 == 1)
    elif dtype == torch.uint8:
        t = torch.from_numpy(n + 50).to(dtype)
    elif dtype.is_floating_point or dtype.is_complex:
        t = torch.from_numpy(n / 8.0).to(dtype)
    else:
        t = torch.from_numpy(n).to(dtype)
    return t.reshape(shape)


def every_dtype():
    return collections.OrderedDict(
        f32=tensor((3, 4), torch.float32, 1),
        f64=tensor((5,), torch.float64, 2),
        f16=tensor((2, 3), torch.float16, 3),
        bf16=tensor((7,), torch.bfloat16, 4),
        i64=tensor((2, 2, 2), torch.int64, 5),
        i32=tensor((3,), torch.int32, 6),
        i16=tensor((3,), torch.int16, 7),
        i8=tensor((3,), torch.int8, 8),
        u8=tensor((9,), torch.uint8, 9),
        bool=tensor((10,), torch.bool, 10),
        scalar=tensor((), torch.float32, 11),
        empty=torch.zeros(0, 3),
    )


def strided():
    """Views whose row-major elements are numbers(); `twin` shares the storage of `base`."""
    base = tensor((4, 6), torch.float32, 20)
    conv = tensor((4, 3, 2, 2), torch.float32, 21)
    return dict(
        base=base,
        twin=base.view(24)[6:18],
        transposed=tensor((4, 6), torch.float32, 22).t().contiguous().t(),
        channels_last=conv.to(memory_format=torch.channels_last),
        every_second=tensor((12,), torch.int64, 23).repeat_interleave(2)[::2],
        expanded=tensor((3, 1), torch.float32, 24).expand(3, 4),
    )


def checkpoint():
    return {
        "epoch": 7,
        "best": 0.25,
        "arch": "small",
        "done": True,
        "state_dict": collections.OrderedDict(
            [
                ("module.conv.weight", tensor((2, 3, 1, 1), torch.float32, 30)),
                ("module.conv.bias", tensor((2,), torch.float32, 31)),
            ]
        ),
        "optimizer": {
            "state": {0: {"step": 3, "exp_avg": tensor((2,), torch.float32, 32)}},
            "param_groups": [{"lr": 0.1, "params": [0, 1]}],
        },
    }


class Command:
    def __reduce__(self):
        return os.system, ("echo this must never run",)


class Nested:
    """A pickle that hides what it asks for one level down, behind tensors."""

    def __init__(self, inner):
        self.inner = inner

    def __reduce__(self):
        return eval, (self.inner,)


def save(name, what, **options):
    torch.save(what, FOLDER / name, **options)


def rewrite(source, target, change, compression=zipfile.ZIP_STORED):
    """Copies an archive, member by member; change(name, data) gives the new data, or None to leave it out."""
    with zipfile.ZipFile(FOLDER / source) as old, zipfile.ZipFile(FOLDER / target, "w", compression) as new:
        for info in old.infolist():
            data = change(info.filename, old.read(info))
            if data is not None:
                new.writestr(zipfile.ZipInfo(info.filename), data, compression)


def damaged_archives():
    def without_storage(name, data):
        return None if name.endswith("/data/1") else data

    def short_storage(name, data):
        return data[:-4] if name.endswith("/data/1") else data

    def big_endian(name, data):
        return b"big" if name.endswith("/byteorder") else data

    rewrite("checkpoint.pth", "missing_storage.pth", without_storage)
    rewrite("checkpoint.pth", "short_storage.pth", short_storage)
    rewrite("checkpoint.pth", "big_endian.pth", big_endian)
    rewrite("checkpoint.pth", "deflated.pth", lambda name, data: data, zipfile.ZIP_DEFLATED)
    # an archive whose member claims 3 GB: the size in the central directory and in the local header
    with zipfile.ZipFile(FOLDER / "claims.npz", "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr(zipfile.ZipInfo("a.npy"), b"\x93NUMPY\1\0" + bytes(300), zipfile.ZIP_DEFLATED)
    data = bytearray((FOLDER / "claims.npz").read_bytes())
    for at in (22, data.index(b"PK\1\2") + 24):
        struct.pack_into("<I", data, at, 3000000000)
    (FOLDER / "claims.npz").write_bytes(bytes(data))
    with zipfile.ZipFile(FOLDER / "neither.zip", "w") as new:
        new.writestr(zipfile.ZipInfo("readme.txt"), b"no weights")
    with tarfile.open(FOLDER / "tar.pth", "w", format=tarfile.GNU_FORMAT) as new:
        info = tarfile.TarInfo("storages")
        info.size = 4
        new.addfile(info, io.BytesIO(b"data"))
    os.truncate(FOLDER / "tar.pth", 1024)  # without the padding


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    old = dict(_use_new_zipfile_serialization=False)
    save("dtypes.pth", every_dtype())
    save("dtypes_old.pth", every_dtype(), **old)
    save("dtypes_protocol4.pth", every_dtype(), pickle_protocol=4)
    save("dtypes_old_protocol5.pth", every_dtype(), pickle_protocol=5, **old)
    save("strided.pth", strided())
    save("strided_old.pth", strided(), **old)
    save("checkpoint.pth", checkpoint())
    save("checkpoint_old.pth", checkpoint(), **old)
    save("bare.pth", tensor((2, 2), torch.float32, 40))
    save("list.pth", [tensor((2,), torch.float32, 41), ({"deep": tensor((3,), torch.float32, 42)},)])
    layer = torch.nn.Linear(2, 1)
    layer.weight = torch.nn.Parameter(tensor((1, 2), torch.float32, 43))
    save("parameter.pth", {"weight": layer.weight})
    plain = tensor((3,), torch.float32, 44)
    plain.note = "an attribute"
    save("attribute.pth", {"plain": plain, "wide": tensor((3,), torch.int32, 45).to(torch.uint16)})
    save("complex.pth", {"real": tensor((2,), torch.float32, 46), "wave": tensor((2,), torch.complex64, 47)})
    save(
        "numpy_scalars.pth",
        {
            "accuracy": np.float64(0.75),
            "small": np.float32(-2.5),
            "count": np.int64(-3),
            "flag": np.bool_(True),
            "weight": tensor((2,), torch.float32, 48),
        },
    )
    save("command.pth", {"weight": tensor((2,), torch.float32, 49), "x": Command()})
    save("command_old.pth", {"weight": tensor((2,), torch.float32, 49), "x": Command()}, **old)
    save("nested_code.pth", {"weight": tensor((2,), torch.float32, 50), "list": [Nested("1 + 1")]})
    save("network.pth", torch.nn.Linear(2, 1))
    twice = tensor((1,), torch.float32, 51)
    save("twice.pth", {"a": {"b": twice}, "a.b": twice})
    damaged_archives()
    save_file(
        {
            "conv.weight": tensor((2, 3, 2), torch.float32, 52),
            "half": tensor((3,), torch.bfloat16, 53),
            "flags": tensor((5,), torch.bool, 54),
            "small": tensor((3,), torch.int16, 55),
            "empty": torch.zeros(0, 2),
        },
        FOLDER / "library.safetensors",
        metadata={"format": "pt"},
    )

    def array(shape, dtype, seed):
        n = numbers(int(np.prod(shape)), seed)
        return (n if np.dtype(dtype).kind == "i" else n / 8.0).astype(dtype).reshape(shape)

    arrays = dict(
        first=array((3, 4), "f4", 60),
        second=array((2, 3, 2), "i8", 61),
        fortran=np.asfortranarray(array((4, 3), "f8", 62)),
        half=array((5,), "f2", 63),
        flags=(numbers(6, 64) + 50) % 2 == 1,
        scalar=array((), "f4", 65),
        empty=np.zeros((0, 2), "f4"),
        words=np.array(["style", "content"]),
        objects=np.array([None, {}], dtype=object),
    )
    np.savez(FOLDER / "arrays.npz", **arrays)
    np.savez_compressed(FOLDER / "arrays_compressed.npz", **arrays)
    np.save(FOLDER / "fortran.npy", np.asfortranarray(array((4, 3), "f4", 66)))
    np.save(FOLDER / "big_endian.npy", array((6,), ">f4", 67))
    with open(FOLDER / "version2.npy", "wb") as f:
        np.lib.format.write_array(f, array((2, 5), "i2", 68), version=(2, 0))


main()
