"""The top-1 and top-5 of published weights in a framework of their own, beside `autodidact classify eval` (docs/vision.md).

    python3 tests/oracle/imagenet_sample.py DATA PICTURES

DATA holds w_squeezenet, w_darknet_tiny and w_mobilenet_tflite; PICTURES is a folder of a picture per class, whose names begin
with their wnids. MobileNets run in LiteRT, quantised as they are; SqueezeNet v1.0 (Caffe's padding and means) and Tiny Darknet in
PyTorch. Pictures as torchvision has them: shorter side by bilinear reduction, and the centre. Needs numpy, pillow, torch,
ai-edge-litert."""
import importlib.machinery
import importlib.util
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

DATA, PICTURES = sys.argv[1:3]
loader = importlib.machinery.SourceFileLoader("weights_from", os.path.join(os.path.dirname(__file__), "../../tools/weights_from"))
weights_from = importlib.util.module_from_spec(importlib.util.spec_from_loader("weights_from", loader))
loader.exec_module(weights_from)


def pictures(resize, side):
    files = sorted(f for f in os.listdir(PICTURES) if f.endswith(".jpg"))
    for f in files:
        im = Image.open(os.path.join(PICTURES, f)).convert("RGB")
        w, h = im.size
        w, h = (resize, round(resize * h / w)) if w < h else (round(resize * w / h), resize)
        im = im.resize((w, h), Image.BILINEAR)
        left, top = (w - side) // 2, (h - side) // 2
        yield np.asarray(im.crop((left, top, left + side, top + side)))


def report(name, logits_of, resize, side, first=0):
    best = five = count = 0
    for label, x in enumerate(pictures(resize, side)):
        order = np.argsort(-logits_of(x), kind="stable")[:5] - first
        best, five, count = best + (order[0] == label), five + (label in order), count + 1
    print(f"{name}: {count} pictures, top 1 {100 * best / count:.1f} %, top 5 {100 * five / count:.1f} %", flush=True)


def squeezenet():
    """As the prototxt says, with the pad around the last convolution."""
    saved, weights_from.from_caffe = weights_from.from_caffe, lambda w, b: (w, b)
    t, _ = weights_from.squeezenet_net(f"{DATA}/w_squeezenet/squeezenet_v1.0_deepcompressed.net")
    weights_from.from_caffe = saved
    t = {k: torch.from_numpy(np.array(v)) for k, v in t.items()}

    def conv(x, name, **more):
        return F.relu(F.conv2d(x, t[name + ".weight"], t[name + ".bias"], **more))

    def run(x):
        x = torch.from_numpy(x[:, :, ::-1].astype(np.float32) - np.array([104, 117, 123], np.float32)).permute(2, 0, 1)[None]
        x = conv(x, "features.0", stride=2)
        for at in range(2, 13):
            if at in (2, 6, 11):
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
            else:
                s = conv(x, f"features.{at}.squeeze")
                x = torch.cat([conv(s, f"features.{at}.expand1x1"), conv(s, f"features.{at}.expand3x3", padding=1)], 1)
        return conv(x, "classifier.1", padding=1).mean((2, 3))[0].numpy()
    return run


def darknet():
    t, *_ = weights_from.tfjs(f"{DATA}/w_darknet_tiny/model.json")
    t = {k: torch.from_numpy(np.array(v)) for k, v in t.items()}

    def run(x):
        x = torch.from_numpy(x.astype(np.float32) / 255).permute(2, 0, 1)[None]
        for i in range(1, 16):
            w = t[f"conv{i}.conv.weight"]
            x = F.conv2d(x, w, padding=w.shape[-1] // 2)
            x = F.batch_norm(x, t[f"conv{i}.bn.running_mean"], t[f"conv{i}.bn.running_var"], t[f"conv{i}.bn.weight"],
                             t[f"conv{i}.bn.bias"], eps=1e-3)
            x = F.leaky_relu(x, 0.1)
            if i in (1, 2, 6, 10):
                x = F.max_pool2d(x, 2)
        return F.conv2d(x, t["conv16.weight"], t["conv16.bias"]).mean((2, 3))[0].numpy()
    return run


def litert(path):
    from ai_edge_litert.interpreter import Interpreter
    it = Interpreter(model_path=path)
    it.allocate_tensors()
    into, out = it.get_input_details()[0], it.get_output_details()[0]

    def run(x):
        it.set_tensor(into["index"], x[None])
        it.invoke()
        return it.get_tensor(out["index"])[0].astype(np.float32)
    return run, int(into["shape"][1])


with torch.no_grad():
    for name in "v1_0.25_128", "v1_0.5_160", "v2_1.0_224":
        run, side = litert(f"{DATA}/w_mobilenet_tflite/mobilenet_{name}_quant.tflite")
        report(f"mobilenet_{name}", run, side * 8 // 7, side, first=1)
    report("darknet_tiny", darknet(), 256, 224)
    report("squeezenet1_0", squeezenet(), 256, 224)
