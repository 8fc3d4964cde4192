"""OpenCV's DIS on the scenes of tests/flow_scenes.h, beside ours: mean end-point error and milliseconds.

    make build/peers/flow_scenes && python tests/oracle/flow.py build/peers/flow_scenes [WIDTH HEIGHT [THREADS]]

Needs opencv and numpy. The errors of its preset "medium" at 320 x 180 are the bounds of tests/unit/flow.c.
"""
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np

PRESETS = {"ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST, "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
           "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM}


def read_flo(path):
    with open(path, "rb") as file:
        assert file.read(4) == b"PIEH"
        width, height = np.fromfile(file, np.int32, 2)
        return np.fromfile(file, np.float32).reshape(height, width, 2)


def error(flow, truth):
    return float(np.sqrt(((flow.astype(np.float64) - truth) ** 2).sum(2)).mean())


def measure(preset, first, second, rounds=5):
    dis = cv2.DISOpticalFlow_create(PRESETS[preset])
    best = 1e9
    for _ in range(rounds):
        start = time.perf_counter()
        flow = dis.calc(first, second, None)
        best = min(best, time.perf_counter() - start)
    return flow, 1e3 * best


def main():
    program, (width, height) = sys.argv[1], sys.argv[2:4] or ("320", "180")
    threads = sys.argv[4] if len(sys.argv) > 4 else "2"
    cv2.setNumThreads(int(threads))
    with tempfile.TemporaryDirectory() as folder:
        ours = subprocess.run([program, folder, width, height, threads], check=True, capture_output=True, text=True)
        print(f"OpenCV {cv2.__version__}, {width} x {height}, {threads} threads: mean end-point error in pixels, ms")
        print(f"{'':10}{'ours':>16}" + "".join(f"{p:>16}" for p in PRESETS))
        for line in ours.stdout.splitlines():
            name, mean, ms = line.split()
            first, second = (cv2.imread(f"{folder}/{name}-{i}.png", cv2.IMREAD_GRAYSCALE) for i in (1, 2))
            truth = read_flo(f"{folder}/{name}-truth.flo")
            assert abs(error(read_flo(f"{folder}/{name}-ours.flo"), truth) - float(mean)) < 1e-3
            row = f"{name:10}{float(mean):8.4f}{float(ms):6.1f}ms"
            for preset in PRESETS:
                flow, ms = measure(preset, first, second)
                row += f"{error(flow, truth):8.4f}{ms:6.1f}ms"
            print(row)


main()
