"""Writes tests/fixtures/onnx: small ONNX files, and what onnxruntime makes of them.

    NAME.onnx            some nodes of a kind each, in one of several opsets
    values.safetensors   NAME.in.X what their inputs are given, NAME.out.Y what comes out
    bad/NAME.onnx        files that are refused

    python tests/oracle/onnx_files.py tests/fixtures        (needs onnx, onnxruntime, numpy, safetensors)
"""
import pathlib, sys
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

folder = pathlib.Path(sys.argv[1]) / "onnx"
(folder / "bad").mkdir(parents=True, exist_ok=True)
for old in [*folder.glob("*.onnx"), *folder.glob("bad/*")]:
    old.unlink()
rng = np.random.default_rng(3)
values = {}
IR = {7: 3, 9: 4, 10: 5, 11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10}


def normal(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def positive(*shape):
    return (np.abs(rng.standard_normal(shape)) + 0.1).astype(np.float32)


def ints(*numbers):
    return np.array(numbers, np.int64)


class Net:
    """Collects nodes; every result that is not read again is an output."""

    def __init__(self, name, opset):
        self.name, self.opset = name, opset
        self.nodes, self.inputs, self.weights, self.outs = [], {}, {}, []

    def input(self, name, array):
        self.inputs[name] = array
        return name

    def weight(self, array, name=None):
        name = name or f"w{len(self.weights)}"
        self.weights[name] = np.asarray(array)
        return name

    def node(self, op, *inputs, out=None, outs=1, show=True, **attributes):
        ins = [self.weight(i) if isinstance(i, (np.ndarray, np.generic)) else i for i in inputs]
        names = [f"{op.lower()}{len(self.nodes)}" + (f"_{i}" if outs > 1 else "") for i in range(outs)]
        if out:
            names = [out]
        self.nodes.append(helper.make_node(op, ins, names, name=f"n{len(self.nodes)}", **attributes))
        if show:
            self.outs += names
        return names[0] if outs == 1 else names

    def model(self):
        kind = helper.np_dtype_to_tensor_dtype
        graph = helper.make_graph(
            self.nodes, self.name,
            [helper.make_tensor_value_info(k, kind(v.dtype), v.shape) for k, v in self.inputs.items()],
            [onnx.ValueInfoProto(name=o) for o in self.outs],
            [numpy_helper.from_array(v, k) for k, v in self.weights.items()])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=IR[self.opset],
                                 producer_name="onnx_files")

    def write(self):
        model = self.model()
        onnx.save(model, folder / f"{self.name}.onnx")
        self.record(model)

    def record(self, model):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 3
        path = folder / f"{self.name}.onnx"
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        for k, v in self.inputs.items():
            values[f"{self.name}.in.{k}"] = np.array(v, order="C")
        for k, v in zip(self.outs, session.run(self.outs, self.inputs)):
            v = np.asarray(v)
            if v.dtype in (np.int8, np.uint8, np.int16, np.uint16, np.float16):
                v = v.astype(np.float32)
            values[f"{self.name}.out.{k}"] = np.array(v, order="C")


# ---- convolutions and pools -------------------------------------------------------------------------------------


def conv(opset):
    n = Net(f"conv_{opset}", opset)
    x = n.input("x", normal(2, 4, 7, 6))
    w = n.weight(normal(6, 4, 3, 3))
    b = n.weight(normal(6))
    n.node("Conv", x, w, b)
    n.node("Conv", x, w, kernel_shape=[3, 3], pads=[1, 0, 2, 1], strides=[2, 1])
    n.node("Conv", x, w, b, dilations=[2, 1], pads=[2, 1, 2, 1])
    n.node("Conv", x, w, auto_pad="SAME_UPPER", strides=[2, 2])
    n.node("Conv", x, w, auto_pad="SAME_LOWER", strides=[3, 2])
    n.node("Conv", x, w, auto_pad="VALID", strides=[2, 2])
    n.node("Conv", x, normal(6, 2, 2, 3), b, group=2, pads=[0, 1, 1, 2])
    n.node("Conv", x, normal(8, 1, 3, 3), group=4, pads=[1, 1, 1, 1])
    n.node("Conv", n.input("s", normal(2, 3, 9)), normal(4, 3, 3), normal(4), pads=[1, 2], strides=[2], dilations=[2])
    n.write()


def conv_transpose():
    n = Net("conv_transpose", 11)
    x = n.input("x", normal(1, 4, 4, 3))
    w, b = n.weight(normal(4, 3, 3, 2)), n.weight(normal(3))
    n.node("ConvTranspose", x, w, b)
    n.node("ConvTranspose", x, w, strides=[2, 3], pads=[1, 0, 1, 0])
    n.node("ConvTranspose", x, w, b, strides=[2, 2], pads=[0, 1, 1, 0], output_padding=[1, 1])
    n.node("ConvTranspose", x, w, strides=[2, 2], output_shape=[9, 7])
    n.node("ConvTranspose", x, w, strides=[2, 2], auto_pad="SAME_UPPER")
    n.node("ConvTranspose", x, w, strides=[2, 2], auto_pad="SAME_LOWER")
    n.node("ConvTranspose", x, normal(4, 2, 2, 2), group=2, dilations=[2, 2])
    n.node("ConvTranspose", n.input("s", normal(1, 2, 5)), normal(2, 3, 4), normal(3), strides=[2], pads=[1, 1])
    n.write()


def pools(opset):
    n = Net(f"pool_{opset}", opset)
    x = n.input("x", normal(1, 2, 7, 8))
    more = [{}]
    if opset >= 10:
        more += [{"ceil_mode": 1}]
    for m in more:
        for op in ("MaxPool", "AveragePool"):
            n.node(op, x, kernel_shape=[2, 3], **m)
            n.node(op, x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], **m)
            n.node(op, x, kernel_shape=[3, 2], strides=[2, 3], pads=[0, 1, 2, 0], **m)
    for op in ("MaxPool", "AveragePool"):
        n.node(op, x, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
        n.node(op, x, kernel_shape=[2, 2], strides=[3, 3], auto_pad="SAME_LOWER")
    n.node("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)
    n.node("AveragePool", x, kernel_shape=[3, 2], strides=[2, 3], pads=[0, 1, 2, 0], count_include_pad=1)
    if opset >= 10:
        n.node("MaxPool", x, kernel_shape=[3, 2], dilations=[2, 3], strides=[1, 2], pads=[1, 0, 0, 1])
        n.node("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 0, 0], count_include_pad=1, ceil_mode=1)
    n.node("GlobalAveragePool", x)
    n.node("GlobalMaxPool", x)
    s = n.input("s", normal(2, 3, 9))
    n.node("MaxPool", s, kernel_shape=[3], strides=[2], pads=[1, 1])
    n.node("AveragePool", s, kernel_shape=[2], strides=[2])
    n.node("GlobalAveragePool", s)
    n.write()


# ---- norms ------------------------------------------------------------------------------------------------------


def norms():
    for opset in (9, 15):
        n = Net(f"batch_norm_{opset}", opset)
        four = lambda c: [n.weight(a) for a in (normal(c), normal(c), normal(c), positive(c))]
        n.node("BatchNormalization", n.input("x", normal(2, 3, 4, 2)), *four(3))
        n.node("BatchNormalization", n.input("s", normal(2, 3, 4)), *four(3), epsilon=0.1)
        n.node("BatchNormalization", n.input("v", normal(4, 5)), *four(5), epsilon=1e-3)
        n.write()
    n = Net("norms_17", 17)
    x = n.input("x", normal(2, 4, 3, 5))
    n.node("InstanceNormalization", x, normal(4), normal(4), epsilon=1e-3)
    n.node("InstanceNormalization", n.input("s", normal(2, 3, 6)), normal(3), normal(3))
    n.node("LayerNormalization", x, normal(5), normal(5))
    n.node("LayerNormalization", x, normal(4, 3, 5), axis=1, epsilon=1e-2)
    n.node("LRN", x, size=3)
    n.node("LRN", x, size=5, alpha=0.3, beta=0.6, bias=2.0)
    n.node("LpNormalization", x, axis=1, p=2)
    n.node("LpNormalization", x, axis=-1, p=1)
    n.write()
    n = Net("group_norm_21", 21)
    x = n.input("x", normal(2, 6, 3, 2))
    n.node("GroupNormalization", x, normal(6), normal(6), num_groups=3)
    n.write()
    n = Net("group_norm_18", 18)
    n.node("GroupNormalization", n.input("x", normal(2, 6, 3, 2)), normal(2), normal(2), num_groups=2, epsilon=1e-3)
    n.write()


# ---- arithmetic -------------------------------------------------------------------------------------------------


def products():
    n = Net("products", 13)
    a = n.input("a", normal(3, 4))
    n.node("Gemm", a, normal(4, 5), normal(5))
    n.node("Gemm", a, normal(5, 4), normal(3, 1), transB=1, alpha=0.5, beta=2.0)
    n.node("Gemm", a, normal(3, 5), transA=1)
    n.node("MatMul", a, normal(4, 2))
    n.node("MatMul", a, normal(4))
    n.node("MatMul", normal(3), a)
    n.node("MatMul", n.input("b", normal(2, 1, 3, 4)), normal(3, 4, 2))
    n.write()
    n = Net("gemm_9", 9)
    n.node("Gemm", n.input("a", normal(2, 3)), normal(3, 2), normal(1))
    n.write()


def binary(opset):
    n = Net(f"binary_{opset}", opset)
    a, b = n.input("a", normal(2, 3, 1, 4)), n.input("b", normal(3, 5, 1))
    for op in ("Add", "Sub", "Mul", "Div"):
        n.node(op, a, b)
    n.node("Pow", n.input("p", positive(2, 3)), normal(3))
    n.node("Pow", a, np.array(2, np.float32))
    n.node("Pow", a, np.array(3, np.float32))
    n.node("PRelu", a, normal(3, 1, 1))
    if opset >= 8:
        for op in ("Min", "Max", "Sum", "Mean"):
            n.node(op, a, b, normal(1, 4))
    n.node("Sum", a)
    if opset >= 9:
        c = n.node("Greater", a, b)
        n.node("Where", c, a, b)
        n.node("Less", a, b)
        n.node("Not", c)
        i, j = n.input("i", ints(5, -7, 9, -3)), n.input("j", ints(2, 2, -4, -3))
        for op in ("Add", "Sub", "Mul", "Div"):
            n.node(op, i, j)
    if opset >= 11:
        n.node("Equal", i, j)
    if opset >= 12:
        n.node("GreaterOrEqual", a, b)
        n.node("LessOrEqual", a, b)
        n.node("Max", i, j)
    n.write()


def layouts():
    """Values in this library's order of axes beside values in the file's."""
    n = Net("layouts", 13)
    x = n.node("Conv", n.input("x", normal(2, 3, 4, 5)), normal(4, 3, 1, 1), show=False)
    n.node("Add", x, normal(4, 1, 1))
    n.node("Mul", x, normal(5))
    n.node("Mul", normal(4, 5), x)
    n.node("Sub", x, n.input("y", normal(1, 4, 4, 1)))
    n.node("Add", x, normal(3, 1, 4, 1, 1))
    n.node("Concat", x, normal(2, 2, 4, 5), axis=1)
    n.node("Concat", x, x, axis=-1)
    t = n.node("Transpose", x, perm=[0, 2, 3, 1])
    n.node("Softmax", t, axis=1)
    n.node("Relu", n.node("Transpose", t, perm=[0, 3, 1, 2], show=False))
    n.node("Transpose", x, perm=[3, 1, 0, 2])
    n.node("Transpose", x)
    n.node("Softmax", x, axis=1)
    n.node("LogSoftmax", x, axis=-2)
    n.node("Flatten", x)
    n.node("Reshape", x, ints(2, -1))
    n.node("Reshape", x, ints(0, 2, 2, 0, -1))
    g = n.node("GlobalAveragePool", x, show=False)
    n.node("Squeeze", g, ints(2, 3))
    n.node("Flatten", g)
    n.node("ReduceMean", x, axes=[1], keepdims=0)
    n.node("ReduceSum", x, ints(-1, -2))
    n.node("ReduceMax", x, keepdims=0)
    n.node("ArgMax", x, axis=1)
    n.node("Slice", x, ints(1, 0), ints(3, 9), ints(1, 3), ints(1, 2))
    n.node("Split", x, ints(1, 3), axis=1, outs=2)
    n.node("Pad", x, ints(0, 1, 0, 2, 0, 0, 1, 0), np.array(0.5, np.float32))
    n.node("Gather", x, ints(2, 0, -1), axis=1)
    n.node("Unsqueeze", x, ints(1))
    n.node("BatchNormalization", x, normal(4), normal(4), normal(4), positive(4))
    n.node("MatMul", x, normal(5, 2))
    n.node("PRelu", x, normal(4, 1, 1))
    n.node("Tile", x, ints(1, 2, 1, 3))
    n.node("Expand", n.node("GlobalMaxPool", x, show=False), ints(1, 1, 2, 3))
    n.node("LayerNormalization" if n.opset >= 17 else "Identity", x)
    n.write()


def unary(opset):
    n = Net(f"unary_{opset}", opset)
    x = n.input("x", np.concatenate([normal(10) * 3, np.float32([0, -0.5, 0.5, 1.5, 2.5, -1.5])]).reshape(2, 8))
    for op in ("Relu", "Sigmoid", "Tanh", "Exp", "Softplus", "Softsign", "Abs", "Neg", "Floor", "Ceil", "LeakyRelu", "Elu",
               "Selu", "HardSigmoid", "Identity", "Dropout"):
        n.node(op, x)
    n.node("LeakyRelu", x, alpha=0.2)
    n.node("Elu", x, alpha=0.5)
    n.node("Selu", x, alpha=1.5, gamma=2.0)
    n.node("HardSigmoid", x, alpha=0.5, beta=0.1)
    p = n.input("p", positive(2, 3))
    for op in ("Log", "Sqrt", "Reciprocal"):
        n.node(op, p)
    n.node("Cos", x)
    n.node("Sin", x)
    if opset >= 9:
        n.node("Erf", x)
        n.node("Sign", x)
    if opset >= 10:
        n.node("ThresholdedRelu", x, alpha=0.7)
    if opset >= 11:
        n.node("Round", x)
    if opset >= 12:
        n.node("Celu", x, alpha=0.7)
    if opset >= 14:
        n.node("HardSwish", x)
    if opset >= 18:
        n.node("Mish", x)
    if opset >= 20:
        n.node("Gelu", x)
        n.node("Gelu", x, approximate="tanh")
    if opset < 11:
        n.node("Clip", x, min=-0.5, max=0.7)
        n.node("Clip", x, min=0.0)
    else:
        n.node("Clip", x, np.float32(-0.5).reshape(()), np.float32(0.7).reshape(()))
        n.node("Clip", x, "", np.float32(0.2).reshape(()))
    for to in ("INT64", "INT32", "BOOL", "FLOAT16", "DOUBLE", "INT8", "UINT8"):
        if to != "UINT8":
            c = n.node("Cast", x, to=getattr(TensorProto, to), show=False)
        else:
            c = n.node("Cast", n.node("Abs", x, show=False), to=TensorProto.UINT8, show=False)
        n.node("Cast", c, to=TensorProto.FLOAT)
    n.write()


def softmax_9():
    n = Net("softmax_9", 9)
    x = n.input("x", normal(2, 3, 2, 2))
    n.node("Softmax", x)
    n.node("Softmax", x, axis=3)
    n.node("LogSoftmax", x, axis=2)
    n.node("Softmax", n.node("Conv", x, normal(4, 3, 1, 1), show=False))
    n.node("Softmax", n.node("GlobalAveragePool", x, show=False))
    n.write()


def reductions(opset):
    n = Net(f"reduce_{opset}", opset)
    x = n.input("x", positive(2, 3, 4))
    for op in ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare",
               "ReduceLogSum", "ReduceLogSumExp"):
        by_input = opset >= (13 if op == "ReduceSum" else 18)
        if by_input:
            n.node(op, x, ints(1))
            n.node(op, x, ints(-1, 0), keepdims=0)
            n.node(op, x, noop_with_empty_axes=1)
        else:
            n.node(op, x, axes=[1])
            n.node(op, x, axes=[-1, 0] if opset >= 11 else [2, 0], keepdims=0)
        n.node(op, x)
    n.node("ArgMax", x)
    n.node("ArgMin", x, axis=2, keepdims=0)
    if opset >= 12:
        n.node("ArgMax", n.input("t", np.float32([[1, 3, 3], [2, 2, 1]])), axis=1, select_last_index=1)
    n.write()


# ---- shape ------------------------------------------------------------------------------------------------------


def movement(opset):
    n = Net(f"movement_{opset}", opset)
    x = n.input("x", normal(2, 3, 4, 5))
    n.node("Transpose", x, perm=[0, 2, 3, 1])
    n.node("Transpose", x)
    n.node("Flatten", x, axis=2)
    n.node("Flatten", x, axis=0)
    n.node("Reshape", x, ints(0, -1, 2))
    n.node("Concat", x, normal(2, 1, 4, 5), axis=1)
    n.node("Gather", x, ints(1, 0, 2), axis=1)
    n.node("Gather", x, np.array(3, np.int64), axis=2)
    n.node("Gather", x, n.input("index", ints(4, 0)), axis=3)
    n.node("Gather", n.weight(normal(5, 3)), n.input("rows", np.int64([[0, 4], [2, 2]])))
    n.node("Tile", x, ints(1, 2, 1, 2))
    n.node("Expand", normal(3, 1), ints(2, 1, 4))
    n.node("SpaceToDepth", normal(1, 2, 4, 6), blocksize=2)
    d = n.input("d", normal(1, 8, 2, 3))
    n.node("DepthToSpace", d, blocksize=2)
    if opset >= 11:
        n.node("DepthToSpace", d, blocksize=2, mode="CRD")
        n.node("GatherND", x, np.int64([[[0, 2], [-1, 0]], [[1, 1], [0, -3]]]))
    if opset < 13:
        n.node("Squeeze", n.node("Unsqueeze", x, axes=[0, 3]), axes=[0])
        n.node("Split", x, axis=2, split=[1, 3], outs=2)
        n.node("Split", x, axis=2, outs=2)
    else:
        n.node("Squeeze", n.node("Unsqueeze", x, ints(0, -2)), ints(0))
        n.node("Split", x, ints(1, 3), axis=2, outs=2)
        if opset >= 18:
            n.node("Split", x, axis=3, num_outputs=2, outs=2)
        else:
            n.node("Split", x, axis=2, outs=2)
        n.node("Squeeze", n.weight(normal(1, 3, 1)))
    if opset < 10:
        n.node("Slice", x, starts=[1, -3], ends=[9, -1], axes=[1, 3])
        n.node("Slice", x, starts=[0, 1], ends=[1, 2])
    else:
        n.node("Slice", x, ints(1, -3), ints(9, -1), ints(1, 3))
        n.node("Slice", x, ints(-1, 4), ints(-9, 0), ints(2, 3), ints(-1, -2))
        n.node("Slice", x, ints(0, 1), ints(2**62, 2**63 - 1))
        n.node("Slice", x, ints(1), ints(1), ints(1))
    if opset < 11:
        n.node("Pad", x, pads=[0, 0, 1, 2, 0, 1, 0, 1], value=0.3)
        n.node("Pad", x, pads=[0, 0, 1, 2, 0, 0, 3, 1], mode="reflect")
        n.node("Pad", x, pads=[0, 1, 1, 2, 0, 0, 3, 1], mode="edge")
    else:
        n.node("Pad", x, ints(0, 0, 1, 2, 0, 1, 0, 1), np.float32(0.3).reshape(()))
        n.node("Pad", x, ints(0, 0, 1, 2, 0, 0, 3, 1), mode="reflect")
        n.node("Pad", x, ints(0, 1, 1, 2, 0, 0, 3, 1), mode="edge")
        n.node("Pad", x, ints(0, 0, -1, 2, 0, 0, 1, -1))
    if opset >= 18:
        n.node("Pad", x, ints(1, 2, 0, 3), "", ints(2, -1))
    if opset >= 14:
        n.node("Reshape", n.input("none", normal(0, 3)), ints(3, 0), allowzero=1)
    n.write()


def shapes():
    """What frameworks write: new shapes are computed from the shapes of values."""
    n = Net("shapes", 17)
    x = n.input("x", normal(2, 3, 4, 6))
    quiet = lambda *a, **k: n.node(*a, show=False, **k)
    shape = quiet("Shape", x)
    rows = quiet("Gather", shape, np.array(0, np.int64), axis=0)
    rows = quiet("Unsqueeze", rows, ints(0))
    n.node("Reshape", x, quiet("Concat", rows, ints(-1), axis=0))
    half = quiet("Div", quiet("Slice", shape, ints(2), ints(4), ints(0)), ints(2))
    n.node("Slice", x, ints(0, 0), half, ints(2, 3))
    n.node("Expand", normal(1, 3, 1, 1), shape)
    n.node("Reshape", x, quiet("Concat", quiet("Shape", x, start=0, end=-2), quiet("ReduceProd", half, keepdims=1), ints(-1), axis=0))
    n.node("ConstantOfShape", half, value=helper.make_tensor("v", TensorProto.FLOAT, [1], [1.5]))
    f = quiet("Cast", half, to=TensorProto.FLOAT)
    f = quiet("Floor", quiet("Mul", f, np.float32([1.5, 2.5])))
    n.node("Add", quiet("ConstantOfShape", quiet("Cast", f, to=TensorProto.INT64)), np.float32(2))
    n.node("Range", np.array(1, np.int64), quiet("Size", x), np.array(40, np.int64))
    n.node("Gather", x, quiet("Range", np.array(0, np.int64), quiet("Gather", shape, np.array(1, np.int64)), np.array(2, np.int64)), axis=1)
    quiet("Constant", value_ints=[0, 0, 24], out="c")
    n.node("Reshape", x, "c")
    quiet("Constant", value_float=0.25, out="quarter")
    n.node("Mul", x, "quarter")
    pads = quiet("Concat", ints(0, 1), quiet("ConstantOfShape", ints(6), value=helper.make_tensor("v", TensorProto.INT64, [1], [0])), axis=0)
    pads = quiet("Reshape", quiet("Transpose", quiet("Slice", quiet("Reshape", pads, ints(-1, 2)), ints(-1), ints(-99), ints(0), ints(-1)), perm=[1, 0]), ints(-1))
    n.node("Pad", x, pads)
    n.node("Where", quiet("Equal", shape, ints(3)), shape, ints(-1))
    n.node("Mod", shape, ints(4))
    n.node("Min", shape, ints(3))
    n.node("Squeeze", quiet("Tile", quiet("Unsqueeze", shape, ints(1)), ints(1, 2)))
    n.node("Expand", quiet("Neg", shape), ints(2, 1))
    n.node("Abs", quiet("Sub", quiet("Pow", shape, ints(2)), ints(10)))
    n.write()


def choice():
    for name, opset in (("if", 13),):
        n = Net(name, opset)
        x = n.input("x", normal(1, 2, 3))
        rank = n.node("Size", x, show=False)
        yes = n.node("Equal", rank, np.array(6, np.int64), show=False)
        then = helper.make_graph([helper.make_node("Add", ["x", "bias"], ["t"]), helper.make_node("Relu", ["t"], ["r"])], "then", [],
                                 [onnx.ValueInfoProto(name="r")])
        other = helper.make_graph([helper.make_node("Nonsense", ["x"], ["o"])], "else", [], [onnx.ValueInfoProto(name="o")])
        other = helper.make_graph([helper.make_node("Neg", ["x"], ["o"])], "else", [], [onnx.ValueInfoProto(name="o")])
        n.weight(normal(3), "bias")
        n.node("If", yes, then_branch=then, else_branch=other)
        no = n.node("Not", yes, show=False)
        n.node("If", no, then_branch=then, else_branch=other)
        n.write()


# ---- resizing ---------------------------------------------------------------------------------------------------


def resizes(opset):
    n = Net(f"resize_{opset}", opset)
    x = n.input("x", normal(1, 2, 4, 5))
    f = lambda *a: np.float32(a)
    up = (1, 1, 2, 3)
    if opset == 7:
        n.node("Upsample", x, scales=list(map(float, up)))
        n.node("Upsample", x, scales=[1.0, 1.0, 2.0, 2.0], mode="linear")
    elif opset == 9:
        n.node("Upsample", x, f(*up))
        n.node("Upsample", x, f(1, 1, 2, 1.5), mode="linear")
    elif opset == 10:
        n.node("Resize", x, f(*up))
        n.node("Resize", x, f(1, 1, 0.5, 0.6))
        n.node("Resize", x, f(1, 1, 2, 2), mode="linear")
    else:
        roi = no = n.weight(f()) if opset < 13 else ""  # required once
        where = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
        if opset >= 19:
            where.append("half_pixel_symmetric")
        for place in where:
            for mode in ("linear", "cubic"):
                n.node("Resize", x, roi, f(1, 1, 2, 1.3), mode=mode, coordinate_transformation_mode=place)
            n.node("Resize", x, roi, f(1, 1, 0.6, 1.5), coordinate_transformation_mode=place, nearest_mode="floor")
        for near in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
            n.node("Resize", x, roi, no, ints(1, 2, 7, 3), nearest_mode=near, coordinate_transformation_mode="asymmetric")
        n.node("Resize", x, roi, f(*up), coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        n.node("Resize", x, roi, no, ints(1, 2, 8, 10), mode="linear")
        n.node("Resize", x, roi, no, ints(1, 2, 8, 10), mode="cubic", coordinate_transformation_mode="half_pixel")
        n.node("Resize", x, roi, no, ints(1, 2, 6, 4), mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1)
        n.node("Resize", x, roi, no, ints(1, 2, 1, 1), mode="linear", coordinate_transformation_mode="align_corners")
        if opset >= 18:
            n.node("Resize", x, roi, no, ints(7, 3), axes=[2, 3], mode="linear")
    n.write()


# ---- quantised --------------------------------------------------------------------------------------------------


def quantised(opset):
    n = Net(f"quantized_{opset}", opset)
    x = n.input("x", normal(2, 3, 4, 4))
    s = lambda v: np.float32(v).reshape(())
    zp = lambda v, t: np.array(v, t)
    q = n.node("QuantizeLinear", x, s(0.02), zp(128, np.uint8))
    d = n.node("DequantizeLinear", q, s(0.02), zp(128, np.uint8))
    n.node("DequantizeLinear", n.node("QuantizeLinear", x, s(0.03), zp(-3, np.int8)), s(0.03), zp(-3, np.int8))
    n.node("QuantizeLinear", n.node("Div", x, s(0), show=False), s(0.03), zp(5, np.int8))  # of infinities
    if opset >= 13:
        w = n.weight(rng.integers(-128, 127, (4, 3, 3, 3)).astype(np.int8))
        w = n.node("DequantizeLinear", w, positive(4) * 0.01, np.int8([0, 1, 0, -2]), axis=0, show=False)
        b = n.weight(rng.integers(-1000, 1000, (4,)).astype(np.int32))
        b = n.node("DequantizeLinear", b, positive(4) * 1e-3, axis=0, show=False)
        n.node("Conv", d, w, b, pads=[1, 1, 1, 1])
        n.node("DequantizeLinear", n.node("QuantizeLinear", x, positive(3) * 0.02, np.int8([1, 2, 3]), axis=1), positive(3) * 0.02, np.int8([1, 2, 3]), axis=1)
    if opset >= 11:
        n.node("DynamicQuantizeLinear", x, outs=3)
    n.write()


# ---- what weights are kept as ------------------------------------------------------------------------------------


def tensors():
    n = Net("tensors", 13)
    x = n.input("x", normal(2, 3))
    model = None
    raw = {"float": np.float32, "double": np.float64, "half": np.float16, "int8": np.int8, "uint8": np.uint8, "int16": np.int16,
           "uint16": np.uint16, "int32": np.int32, "int64": np.int64, "uint32": np.uint32, "uint64": np.uint64, "bool": bool}
    for kind in ("raw", "typed"):
        for name, dtype in raw.items():
            array = np.array([0, 1, 3], dtype) if name in ("bool",) or name[0] == "u" else np.array([-2, 1, 3], dtype)
            n.weights[f"{kind}_{name}"] = array
            n.node("Mul", x, n.node("Cast", f"{kind}_{name}", to=TensorProto.FLOAT, show=False))
    n.nodes.append(helper.make_node("Cast", ["bf16"], ["wide"], to=TensorProto.FLOAT))
    n.outs.append("wide")
    model = n.model()
    for i, t in enumerate(model.graph.initializer):
        if t.name.startswith("typed"):
            array = n.weights[t.name]
            numbers = array.view(np.uint16) if array.dtype == np.float16 else array
            typed = TensorProto(name=t.name, data_type=t.data_type, dims=[3])
            field = {"float32": "float_data", "float64": "double_data", "int64": "int64_data", "uint32": "uint64_data",
                     "uint64": "uint64_data"}.get(str(array.dtype), "int32_data")
            getattr(typed, field).extend([int(v) if v is True or v is False else v for v in numbers.tolist()])
            model.graph.initializer[i].CopyFrom(typed)
    model.graph.initializer.append(helper.make_tensor("bf16", TensorProto.BFLOAT16, [3], [1.5, -2, 0.25]))
    onnx.save(model, folder / "tensors.onnx")
    n.record(model)


def old_inputs():
    """IR 3 listed weights among the inputs."""
    n = Net("old_inputs", 7)
    n.node("Conv", n.input("x", normal(1, 2, 3, 3)), n.weight(normal(2, 2, 2, 2), "weight"))
    model = n.model()
    model.graph.input.append(helper.make_tensor_value_info("weight", TensorProto.FLOAT, [2, 2, 2, 2]))
    onnx.save(model, folder / "old_inputs.onnx")
    n.record(model)


def external():
    n = Net("external", 17)
    n.node("Conv", n.input("x", normal(1, 2, 3, 3)), n.weight(normal(2, 2, 2, 2), "weight"), n.weight(normal(2), "bias"))
    (folder / "external.bin").unlink(missing_ok=True)
    onnx.save(n.model(), folder / "external.onnx", save_as_external_data=True, location="external.bin", size_threshold=0)
    n.record(None)


def picture():
    """One that turns red, green and blue around, for pictures of any size; as PyTorch and as TensorFlow have it."""
    turn = np.eye(3, dtype=np.float32)[[1, 2, 0]].reshape(3, 3, 1, 1)
    n = Net("picture", 13)
    n.node("Clip", n.node("Conv", n.input("image", rng.random((1, 3, 5, 4), np.float32)), turn, show=False), np.float32(0), np.float32(1), out="turned")
    model = n.model()
    for axis, name in ((2, "height"), (3, "width")):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    onnx.save(model, folder / "picture.onnx")
    n.record(model)
    n = Net("picture_tf", 13)
    x = n.node("Transpose", n.input("image", rng.random((1, 4, 4, 3), np.float32)), perm=[0, 3, 1, 2], show=False)
    n.node("Transpose", n.node("Conv", x, turn, show=False), perm=[0, 2, 3, 1], out="turned")
    n.write()


def styles():
    """One of three styles, each of which dims the colours its own way, mixed by weights; ends in a sigmoid."""
    dims = np.array([[4, 0, 0], [0, 4, 0], [0, 0, 4]], np.float32)
    n = Net("styles", 17)
    image = n.input("image", rng.random((1, 3, 5, 4), np.float32))
    mixed = n.node("MatMul", n.input("style_weights", np.array([0.5, 0.25, 0.25], np.float32)), dims, show=False)
    gain = n.node("Reshape", mixed, ints(1, 3, 1, 1), show=False)
    n.node("Sigmoid", n.node("Sub", n.node("Mul", image, gain, show=False), np.float32(1), show=False), out="stylized")
    model = n.model()
    for axis, name in ((2, "height"), (3, "width")):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    onnx.save(model, folder / "styles.onnx")
    n.record(model)


# ---- files that are wrong ---------------------------------------------------------------------------------------


def bad():
    def save(name, model):
        data = model if isinstance(model, bytes) else model.SerializeToString()
        (folder / "bad" / f"{name}.onnx").write_bytes(data)

    def net():
        n = Net("bad", 13)
        n.node("Relu", n.node("Add", n.input("x", normal(2, 3)), n.weight(normal(3), "bias"), out="sum", show=False), out="y")
        return n.model()

    save("cut", net().SerializeToString()[:-9])
    save("text", b"This is a text and no network.\n")
    save("empty", b"")
    m = net(); m.graph.node[0].input[0] = "y"; save("circle", m)
    m = net(); m.graph.node[0].input[1] = "nothing"; save("missing", m)
    m = net(); m.graph.node[1].output[0] = "sum"; save("twice", m)
    m = net(); m.graph.output[0].name = "z"; save("no_output", m)
    m = net(); m.graph.initializer[0].dims[0] = 4; save("short", m)
    m = net(); m.graph.initializer[0].dims[:] = [2**40, 2**40]; save("overflow", m)
    m = net(); m.graph.initializer[0].dims[:] = [-3]; save("negative", m)
    m = net(); m.graph.initializer[0].dims[:] = [1] * 9; save("many_axes", m)
    m = net(); m.opset_import[0].version = 6; save("opset", m)
    m = net(); m.graph.node[1].op_type = "Loop"; m.graph.node[0].op_type = "Strange"; m.graph.node[0].domain = "com.example"; save("unknown", m)
    m = net(); m.graph.ClearField("node"); m.ClearField("graph"); save("no_graph", m)

    def elsewhere(location, **more):
        m = net()
        t = m.graph.initializer[0]
        t.ClearField("raw_data")
        t.data_location = TensorProto.EXTERNAL
        for k, v in {"location": location, **more}.items():
            t.external_data.add(key=k, value=v)
        return m

    save("outside", elsewhere("../values.safetensors"))
    save("absolute", elsewhere("/etc/passwd"))
    save("not_there", elsewhere("nothing.bin"))
    save("beyond", elsewhere("opset.onnx", offset="100000", length="12"))
    save("length", elsewhere("opset.onnx", offset="0", length="13"))
    n = Net("bad", 13)
    n.node("Conv", n.input("x", normal(1, 2, 4, 4)), normal(2, 3, 3, 3), out="y")
    save("channels", n.model())
    n = Net("bad", 13)
    n.node("Reshape", n.input("x", normal(1, 2, 4, 4)), n.node("Cast", "x", to=TensorProto.INT64, show=False), out="y")
    save("unknown_shape", n.model())
    n = Net("bad", 13)
    x, w = n.input("x", normal(2, 3)), n.weight(np.int8([1, 2, 3]), "bytes")
    both = [n.node("DequantizeLinear", w, np.float32(scale), show=False) for scale in (0.5, 0.25)]
    n.node("Add", n.node("Add", x, both[0], show=False), both[1], out="y")
    save("two_scales", n.model())
    m = net(); m.graph.initializer[0].raw_data = np.float32([1, np.nan, 2]).tobytes(); save("nan", m)


for opset in (9, 11):
    conv(opset)
conv_transpose()
for opset in (7, 19):
    pools(opset)
norms()
products()
for opset in (7, 11, 13):
    binary(opset)
layouts()
for opset in (9, 20):
    unary(opset)
softmax_9()
for opset in (9, 13, 18):
    reductions(opset)
for opset in (9, 11, 18):
    movement(opset)
shapes()
choice()
for opset in (7, 9, 10, 11, 19):
    resizes(opset)
for opset in (10, 13, 21):
    quantised(opset)
tensors()
old_inputs()
external()
picture()
bad()
styles()
save_file(values, folder / "values.safetensors")
print(len(values), "tensors,", sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()), "bytes")
