"""Writes tests/fixtures/classifiers: small networks that tell classes of pictures apart, as ONNX files of the forms that people
have, and what onnxruntime says of a picture of one colour, so that how it is resized makes no difference.

    channels_first.onnx   [n, 3, 16, 16] -> logits [n, 4]
    channels_last.onnx    [1, 16, 16, 3] -> probabilities [1, 4]; a Reshape in it is for one picture alone
    words.onnx            [1, 3, h, w] -> logits [1, 1000, 1, 1]
    expected.txt          FILE PIXELS and the probabilities of the first four classes

    python tests/oracle/onnx_classifiers.py tests/fixtures        (needs onnx, onnxruntime, numpy)
"""
import pathlib, sys
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(sys.argv[1]) / "classifiers"
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(5)
COLOUR = np.array([200, 100, 50], np.float32)
MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
PIXELS = {
    "imagenet": (COLOUR / 255 - MEAN) / DEVIATION,
    "symmetric": COLOUR / 127.5 - 1,
    "unit": COLOUR / 255,
    "bytes": COLOUR,
    "caffe": COLOUR[::-1] - np.float32([104, 117, 123]),
}
kernel = (rng.standard_normal((4, 3, 3, 3)) / 4).astype(np.float32)
bias = rng.standard_normal(4).astype(np.float32)


def save(name, nodes, shape, out, weights):
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)],
                              [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    onnx.checker.check_model(model)
    onnx.save(model, folder / f"{name}.onnx")


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs.split(), [output], **attributes)


def picture(shape, pixels):
    axis = 1 if shape[1] == 3 else 3
    view = [1, 1, 1, 1]
    view[axis] = 3
    return np.broadcast_to(pixels.reshape(view), shape).astype(np.float32)


small = kernel / np.float32(8)  # so that 0 to 255 is not too sure of itself
seen = [node("Conv", "x k b", "c", pads=[1, 1, 1, 1], strides=[2, 2]), node("Relu", "c", "r"), node("GlobalAveragePool", "r", "g")]
save("channels_first", [*seen, node("Flatten", "g", "y")], ["n", 3, 16, 16], ["n", 4], {"k": small, "b": bias})
save("channels_last", [node("Transpose", "x", "t", perm=[0, 3, 1, 2]), node("Conv", "t k b", "c"), node("Relu", "c", "r"),
                       node("ReduceMean", "r", "m", axes=[2, 3], keepdims=0), node("Reshape", "m s", "f"),
                       node("Softmax", "f", "y", axis=1)], [1, 16, 16, 3], [1, 4],
     {"k": small, "b": bias, "s": np.int64([1, 4])})
save("words", [*seen, node("Pad", "g p v", "y")], [1, 3, "h", "w"], [1, 1000, 1, 1],
     {"k": small, "b": bias, "p": np.int64([0, 0, 0, 0, 0, 996, 0, 0]), "v": np.float32(-9)})

lines = []
for name, shape in (("channels_first", (1, 3, 16, 16)), ("channels_last", (1, 16, 16, 3)), ("words", (1, 3, 224, 224))):
    session = onnxruntime.InferenceSession(folder / f"{name}.onnx")
    for kind, pixels in PIXELS.items():
        y = session.run(None, {"x": picture(shape, pixels)})[0].reshape(-1).astype(np.float64)
        if name != "channels_last":
            y = np.exp(y - y.max()) / np.exp(y - y.max()).sum()
        lines.append(f"{name} {kind} " + " ".join(f"{v:.7f}" for v in y[:4]))
(folder / "expected.txt").write_text("\n".join(lines) + "\n")
print("\n".join(lines))
