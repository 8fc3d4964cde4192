#!/usr/bin/env python3
"""Prints the mean colour of some frames of films as ffmpeg decodes them, for tests/data/films.c: untagged, so by their
size BT.709.

    tests/oracle/film_means.py FOLDER
"""
import os
import subprocess
import sys

SCALE = "scale=in_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
for name, numbers in (("one_second_clip.mp4", (0, 11, 23)), ("naive_example.mp4", (0, 13, 29)),
                      ("deepdream_video.mp4", (0, 57, 99))):
    for number in numbers:
        raw = subprocess.run(["ffmpeg", "-v", "error", "-i", os.path.join(sys.argv[1], name), "-vf",
                              f"select=eq(n\\,{number}),{SCALE},format=rgb24", "-frames:v", "1", "-f", "rawvideo", "-"],
                             check=True, stdout=subprocess.PIPE).stdout
        means = [sum(raw[c::3]) / (len(raw) // 3) for c in range(3)]
        print(f'    {{"{name}", {number}, {{{means[0]:.3f}, {means[1]:.3f}, {means[2]:.3f}}}}},')
