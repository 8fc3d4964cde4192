"""What a workload is built from in PyTorch: the tensors of a safetensors file, or random ones, and how to compute.

Tensors become the modules' parameters without a copy."""
from contextlib import nullcontext

import torch

from .work import File, Work

KINDS = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I32": torch.int32, "I64": torch.int64,
         "U8": torch.uint8}


def empty(shape, kind):
    tensor = torch.empty(shape, dtype=KINDS[kind])
    return tensor, tensor.data_ptr(), tensor.nbytes


class Setting:
    def __init__(self, weights, form, precision):
        self.form, self.precision = form, precision
        self.file = File(weights, empty) if weights else None
        if self.file is None:
            torch.manual_seed(0)

    @property
    def channels_last(self):
        """The layout of pictures: inductor, too, computes convolutions so."""
        return self.form in ("channels_last", "compile")

    def module(self, make, prefix="", dtype=None):
        """The module with its weights, all of which the file has to have."""
        if self.file is None:
            return self.laid_out(make()).to(dtype=dtype)
        with torch.device("meta"):
            module = make()
        state = {}
        for name, tensor in module.state_dict().items():
            if name.endswith("num_batches_tracked"):
                state[name] = torch.zeros(tensor.shape, dtype=tensor.dtype)
                continue
            state[name] = self.file.take(prefix + name, tensor.shape).to(dtype or torch.float32)
        module.load_state_dict(state, assign=True)
        return self.laid_out(module.requires_grad_())

    def laid_out(self, module):
        return module.to(memory_format=torch.channels_last) if self.channels_last else module

    def input(self, name, make):
        """input.NAME, or what make() gives; indices are i64, as PyTorch wants them."""
        tensor = make()
        if self.file is not None:
            tensor = self.file.take("input." + name, tensor.shape)
        return tensor.long() if tensor.dtype in (torch.int32, torch.int64) else tensor

    def pictures(self, name, *shape):
        """[n, h, w, c] in the file, [n, c, h, w] here."""
        x = self.input(name, lambda: torch.rand(shape)).permute(0, 3, 1, 2)
        return x if self.channels_last else x.contiguous()

    def cast(self):
        return torch.autocast("cpu", dtype=torch.bfloat16) if self.precision == "bf16" else nullcontext()

    def compiled(self, function):
        return torch.compile(function) if self.form == "compile" else function

    def training(self, loss, optimizer, before=None, compiled=True):
        """A step: the loss, its gradient, the update."""
        loss = self.compiled(loss) if compiled else loss

        def step():
            optimizer.zero_grad(set_to_none=True)
            with self.cast():
                value = loss()
            value.backward()
            if before:
                before()
            optimizer.step()
            return value.detach()

        return step
