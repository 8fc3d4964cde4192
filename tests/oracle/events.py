"""Event files for TensorBoard, from both sides.

    events.py write tests/fixtures/events     the fixture that tests/unit/events.c compares with,
                                              written by TensorBoard's own protocol buffers
    events.py read FOLDER                     reads what tests/peers/events.c wrote into FOLDER with
                                              TensorBoard's own loader and checks every value

Needs tensorboard, torch (for its histogram), numpy and pillow.
"""
import glob
import io
import os
import struct
import sys

import numpy as np

WALL = 1700000000.25


def values():
    """What tests/unit/events.c makes as well: sixty-fourths, so that sums are exact in any order."""
    i = np.arange(1000)
    return ((i * 37 % 401) - 200) / 64.0


def write(folder):
    from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
    from torch.utils.tensorboard.summary import histogram, text

    bins, v = [0.0], 1e-12
    while v < 1e20:
        bins += [v, -v]
        v *= 1.1
    png = open(os.path.join(os.path.dirname(folder), "pictures", "png-RGB.png"), "rb").read()
    said = text("x", "**bold** \ufffd \u00e9")
    said.value[0].tag = "samples/told"
    events = [
        event_pb2.Event(wall_time=WALL, file_version="brain.Event:2"),
        event_pb2.Event(wall_time=WALL, step=7, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)),
        event_pb2.Event(wall_time=WALL, step=0, summary=summary_pb2.Summary(
            value=[summary_pb2.Summary.Value(tag="loss", simple_value=0.0)])),
        event_pb2.Event(wall_time=WALL, step=1 << 40, summary=summary_pb2.Summary(
            value=[summary_pb2.Summary.Value(tag="validation/accuracy", simple_value=-1.25e-3)])),
        event_pb2.Event(wall_time=WALL, step=8, summary=said),
        event_pb2.Event(wall_time=WALL, step=9, summary=summary_pb2.Summary(
            value=[summary_pb2.Summary.Value(tag="picture", image=picture(summary_pb2, png))])),
        event_pb2.Event(wall_time=WALL, step=10, summary=histogram("weights", values(), np.array(sorted(bins)))),
        event_pb2.Event(wall_time=WALL, step=11, summary=histogram("ones", np.ones(3), np.array(sorted(bins)))),
    ]
    with open(os.path.join(folder, "all.tfevents"), "wb") as out:
        for event in events:
            data = event.SerializeToString()
            head = struct.pack("<Q", len(data))
            out.write(head + struct.pack("<I", masked_crc32c(head)) + data + struct.pack("<I", masked_crc32c(data)))


def picture(summary_pb2, png):
    from PIL import Image

    image = Image.open(io.BytesIO(png))
    return summary_pb2.Summary.Image(height=image.height, width=image.width, colorspace=len(image.getbands()),
                                     encoded_image_string=png)


class Checks:
    passed = failed = 0

    def __call__(self, what, good):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED", what)


def read(folder):
    from PIL import Image
    from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
    from tensorboard.util import tensor_util

    check = Checks()
    check("two files", len(glob.glob(os.path.join(folder, "events.out.tfevents.*"))) == 2)
    got = event_accumulator.EventAccumulator(folder, {"scalars": 0, "images": 0, "histograms": 0, "tensors": 0})
    got.Reload()
    # The second file goes on from step 60, which voids steps 60 .. 99 of the first.
    loss = got.Scalars("loss")
    check("steps, each once", [s.step for s in loss] == list(range(100)))
    check("values", all(abs(s.value - ((0.5 if s.step >= 60 else 1) / (1 + s.step))) < 1e-7 for s in loss))
    check("wall times rise", all(a.wall_time <= b.wall_time for a, b in zip(loss, loss[1:])))
    check("grouped tag", [s.value for s in got.Scalars("validation/accuracy")] == [0.75])
    check("text", tensor_util.make_ndarray(got.Tensors("told")[0].tensor_proto).tolist() == ["caf\u00e9 \ufffd".encode()])
    image = got.Images("picture")[0]
    check("picture's size", (image.width, image.height) == Image.open(io.BytesIO(image.encoded_image_string)).size)
    histogram = got.Histograms("weights")[0].histogram_value
    wanted = values()
    check("histogram's moments", [histogram.min, histogram.max, histogram.num, histogram.sum, histogram.sum_squares] ==
          [wanted.min(), wanted.max(), len(wanted), wanted.sum(), wanted.dot(wanted)])
    limits = np.array(histogram.bucket_limit)
    counts = np.histogram(wanted, bins=limits)[0]
    check("histogram's counts", list(histogram.bucket)[1:] == counts.tolist() and sum(histogram.bucket) == len(wanted))
    # The form that the histograms tab asks for.
    plugins = plugin_event_accumulator.EventAccumulator(folder)
    plugins.Reload()
    check("plugins", {"scalars", "text", "images", "histograms"} <= set(plugins.ActivePlugins()))
    shown = tensor_util.make_ndarray(plugins.Tensors("weights")[0].tensor_proto)
    check("histograms tab", shown.shape[1] == 3 and shown[:, 2].sum() == len(wanted))
    print(f"{check.passed} passed, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("write", "read"):
        sys.exit(__doc__)
    sys.exit(write(sys.argv[2]) if sys.argv[1] == "write" else read(sys.argv[2]))
