"""Runs whole networks with onnxruntime and with `autodidact onnx run`, and compares all outputs.

    AUTODIDACT=build/autodidact python tests/oracle/onnx_nets.py FOLDER [NAME...]
        torchvision's networks with random weights, exported by both of PyTorch's exporters, kept in FOLDER
        (needs torch, torchvision, onnx, onnxscript, onnxruntime, numpy)
    AUTODIDACT=build/autodidact python tests/oracle/onnx_nets.py FILE.onnx...
        files that are there: inputs are random numbers in 0 .. 1, free sizes 1 (the first axis) and 64

In a quantised network a sum that rounds differently moves a number to the next of its steps, so that onnxruntime differs
from itself with and without its optimisations; there the root mean square of the difference may be three times that.
"""
import os, pathlib, subprocess, sys, tempfile, warnings
import numpy as np
import onnx
import onnxruntime

NETS = {"alexnet": 224, "vgg11_bn": 224, "vgg19": 224, "googlenet": 224, "resnet18": 224, "resnet50": 96, "squeezenet1_1": 224,
        "inception_v3": 299, "mobilenet_v2": 224, "mobilenet_v3_small": 224, "densenet121": 96, "shufflenet_v2_x0_5": 224,
        "efficientnet_b0": 128, "mnasnet0_5": 128, "regnet_y_400mf": 96, "convnext_tiny": 96}
TYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(uint8)": np.uint8, "tensor(double)": np.float64}
command = os.environ["AUTODIDACT"]
failed = passed = 0


def session(path, optimised=False):
    options = onnxruntime.SessionOptions()
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def compare(path, tolerance, shapes={}):
    global failed, passed
    net = session(path)
    rng = np.random.default_rng(1)
    feeds = {}
    for i in net.get_inputs():
        shape = shapes.get(i.name) or [d if isinstance(d, int) and d > 0 else (1 if k == 0 else 64) for k, d in enumerate(i.shape)]
        feeds[i.name] = rng.random(shape).astype(TYPES[i.type])
    want = dict(zip([o.name for o in net.get_outputs()], net.run(None, feeds)))
    steps = any(n.op_type == "QuantizeLinear" for n in onnx.load(path, load_external_data=False).graph.node)
    other = dict(zip(want, session(path, True).run(None, feeds))) if steps else None
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/in.npz", **feeds)
        run = subprocess.run([command, "onnx", "run", str(path), f"{folder}/in.npz", "-o", f"{folder}/out.npz", "-q"],
                             capture_output=True, text=True)
        if run.returncode:
            print(f"{path}: {run.stderr.strip()}")
            failed += 1
            return
        got = dict(np.load(f"{folder}/out.npz"))
    for name, values in want.items():
        size = max(1e-3, float(np.nanmax(np.abs(values))))
        difference = np.abs(got[name].astype(np.float64) - values) if got[name].shape == values.shape else np.array(np.inf)
        difference[np.isnan(got[name]) & np.isnan(values)] = 0
        error, most, what = float(difference.max()) / size, tolerance, "largest difference"
        if steps:
            error = float(np.sqrt((difference**2).mean())) / size
            most = 1e-4 + 3 * float(np.sqrt(np.nanmean((other[name].astype(np.float64) - values) ** 2))) / size
            what = f"mean difference (up to {most:.1e})"
        ok = error <= most
        passed, failed = passed + ok, failed + (not ok)
        print(f"{'' if ok else 'FAILED '}{pathlib.Path(path).name}: {name} {list(values.shape)}, {what} {error:.1e}")


def export(folder, name, size, dynamo):
    import torch, torchvision
    path = folder / f"{name}_{'dynamo' if dynamo else 'trace'}.onnx"
    if path.exists():
        return path
    torch.manual_seed(0)
    more = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    if name in ("googlenet", "inception_v3"):
        more["aux_logits"] = False
    net = getattr(torchvision.models, name)(weights=None, **more).eval()
    for m in net.modules():  # statistics that do not keep everything as it is
        if isinstance(m, torch.nn.BatchNorm2d):
            m.running_mean.normal_(0, 0.1)
            m.running_var.uniform_(0.5, 1.5)
    x = torch.rand(1, 3, size, size)
    if dynamo:
        torch.onnx.export(net, (x,), str(path), dynamo=True, external_data=name == "alexnet", verbose=False)
    else:
        torch.onnx.export(net, (x,), str(path), dynamo=False, opset_version=17, input_names=["x"], output_names=["y"])
    return path


def main():
    warnings.filterwarnings("ignore")
    if sys.argv[1].endswith(".onnx"):
        for path in sys.argv[1:]:
            compare(path, 1e-4)
    else:
        folder = pathlib.Path(sys.argv[1])
        folder.mkdir(parents=True, exist_ok=True)
        for name in sys.argv[2:] or NETS:
            for dynamo in (False, True):
                try:
                    path = export(folder, name, NETS[name], dynamo)
                except Exception as error:  # what PyTorch cannot export is no fault of ours
                    print(f"{name}: not exported: {str(error).splitlines()[0][:120]}")
                    continue
                compare(path, 1e-4)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
