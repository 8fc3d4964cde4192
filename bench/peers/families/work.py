"""What both libraries share: how a workload is timed, and the tensors of a safetensors file.

Tensors are read one by one into memory of their own, without a mapping of the file: a library's peak memory is its
own, not the reader's."""
import ctypes
import json
import struct
from dataclasses import dataclass
from typing import Callable, Optional


@dataclass
class Work:
    """step() is what is timed and returns the loss, or a tensor; value(of that) is what `check` shows of it."""

    step: Callable
    value: Callable = lambda result: result.item()
    check: Optional[Callable] = None  # what is run for `check`, if not the step
    parts: int = 1  # seconds are of one of so many parts of a step


class File:
    """take(name) reads a tensor, once, into what empty(shape, dtype as the file has it) makes: (it, address, size)."""

    def __init__(self, path, empty):
        self.path, self.file, self.empty = path, open(path, "rb"), empty
        size, = struct.unpack("<Q", self.file.read(8))
        self.entries = json.loads(self.file.read(size))
        self.entries.pop("__metadata__", None)
        self.start = 8 + size

    def take(self, name, shape=None):
        entry = self.entries.pop(name, None)
        if entry is None:
            raise SystemExit(f"{self.path}: no tensor {name}; there are {', '.join(list(self.entries)[:8])} ...")
        tensor, address, size = self.empty(entry["shape"], entry["dtype"])
        begin, end = entry["data_offsets"]
        if size != end - begin:
            raise SystemExit(f"{self.path}: {name} has {end - begin} bytes, its shape takes {size}")
        if shape is not None and tuple(tensor.shape) != tuple(shape):
            raise SystemExit(f"{self.path}: {name}: found {list(tensor.shape)}, expected {list(shape)}")
        self.file.seek(self.start + begin)
        if size:
            self.file.readinto((ctypes.c_char * size).from_address(address))
        return tensor

    def all_taken(self):
        left = [name for name in self.entries if not name.endswith("num_batches_tracked")]
        if left:
            raise SystemExit(f"{self.path}: nothing takes {', '.join(left[:8])}")
