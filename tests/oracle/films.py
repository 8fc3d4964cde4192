#!/usr/bin/env python3
"""Writes tests/fixtures/films: tiny films made by ffmpeg, and frames of them as ffmpeg's own swscale decodes them
(raw RGB, or of deeper films little-endian 16 bits), which src/film must give as well. Needs ffmpeg with libx264,
libvpx-vp9 and aac.

    tests/oracle/films.py
"""
import os
import subprocess

out = os.path.join(os.path.dirname(__file__), "..", "fixtures", "films")
os.makedirs(out, exist_ok=True)

SCALE = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
EXACT = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1"]


def ffmpeg(*words):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *words], check=True)


def film(name, *words, size="32x24", rate=10, seconds=0.5, source="testsrc2"):
    ffmpeg("-f", "lavfi", "-i", f"{source}=size={size}:rate={rate}:duration={seconds}", *words, *EXACT, path(name))


def path(name):
    return os.path.join(out, name)


def frames(name, matrix, frange, fmt="rgb24", width=32, height=24, after="", numbers=(0, 2, 4)):
    """The frames of those numbers, by their place in the film."""
    pick = "+".join(f"eq(n\\,{n})" for n in numbers)
    scale = f"scale={width}:{height}:in_color_matrix={matrix}:in_range={frange}:out_range=full:{SCALE}"
    ffmpeg("-noautorotate", "-i", path(name), "-vf", f"select={pick},{scale},format={fmt}{after}", "-vsync", "passthrough",
           "-f", "rawvideo", path(name + ".rgb"))


X264 = ["-c:v", "libx264", "-crf", "12", "-x264-params", "keyint=3:bframes=2:no-info=1"]
TAGS709 = ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"]

# B-frames, tagged
film("bt709.mp4", "-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p", *TAGS709, *X264)
frames("bt709.mp4", "bt709", "tv")

# the whole range, BT.601, every pixel's own chroma
film("bt601-full.mp4", "-vf", "scale=out_color_matrix=smpte170m:out_range=pc", "-pix_fmt", "yuv444p", "-color_range", "pc",
     "-colorspace", "smpte170m", *X264)
frames("bt601-full.mp4", "smpte170m", "pc")

# 10 bits, BT.2020
film("deep.mkv", "-vf", "scale=out_color_matrix=bt2020:out_range=tv", "-pix_fmt", "yuv420p10le", "-colorspace", "bt2020nc",
     *X264)
frames("deep.mkv", "bt2020", "tv", "rgb48le")

# untagged, small: BT.601
film("untagged.webm", "-pix_fmt", "yuv420p", "-c:v", "libvpx-vp9", "-crf", "20", "-b:v", "0")
frames("untagged.webm", "smpte170m", "tv")

# pixels twice as wide as high, and a phone held upright, whose picture is to be turned to the left
film("wide.mp4", "-vf", "scale=out_color_matrix=bt709:out_range=tv,setsar=2", "-pix_fmt", "yuv420p", *TAGS709, *X264)
frames("wide.mp4", "bt709", "tv", width=64)
ffmpeg("-i", path("bt709.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90", *EXACT, path("turned.mp4"))
frames("turned.mp4", "bt709", "tv", after=",transpose=cclock")

# a GIF with pauses of its own, and frames at odd times
film("pauses.gif", "-vf", "select='not(eq(n\\,1)+eq(n\\,2))',split[a][b];[a]palettegen=max_colors=16[p];[b][p]paletteuse",
     "-vsync", "vfr", "-final_delay", "75", size="16x12")
film("uneven.mp4", "-vf", "select='not(eq(n\\,1)+eq(n\\,3)+eq(n\\,4))',scale=out_color_matrix=bt709:out_range=tv",
     "-vsync", "vfr", "-pix_fmt", "yuv420p", *TAGS709, *X264, size="16x12", seconds=0.8)

# sound: with pictures, and alone
TONE = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8000:duration=2"]
ffmpeg("-f", "lavfi", "-i", "testsrc2=size=16x12:rate=10:duration=2", *TONE, "-vf", "scale=out_color_matrix=bt709:out_range=tv",
       "-pix_fmt", "yuv420p", *TAGS709, *X264, "-c:a", "aac", "-b:a", "8k", *EXACT, path("sound.mp4"))
ffmpeg("-i", path("sound.mp4"), "-vn", "-c", "copy", *EXACT, path("sound.m4a"))

# the size changes in the middle
parts = []
for size in ("16x12", "32x24"):
    part = path("part.h264")
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=10:duration=0.3", "-pix_fmt", "yuv420p", "-c:v", "libx264",
           "-x264-params", "no-info=1:bframes=0", *EXACT, part)
    parts.append(open(part, "rb").read())
    os.remove(part)
open(path("changes.h264"), "wb").write(b"".join(parts))
