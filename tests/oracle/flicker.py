"""The warping error of films by OpenCV's flow (DIS, "medium") instead of ours: `autodidact film flicker` beside it.

    python tests/oracle/flicker.py SOURCE.mp4 PAINTED.mp4...     all of one size

Needs opencv and numpy. The two flows differ, so the figures do: what they rank and by how much has to agree.
"""
import sys

import cv2
import numpy as np


def frames(path):
    film, found = cv2.VideoCapture(path), []
    while True:
        there, frame = film.read()
        if not there:
            return found
        found.append(frame)


def warp(picture, flow):
    height, width = flow.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return cv2.remap(picture, x + flow[..., 0], y + flow[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def trusted(back, forth):
    """Ruder et al. 2016, section 4.1."""
    height, width = back.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    px, py, there = x + back[..., 0], y + back[..., 1], warp(forth, back)
    inside = (px >= 0) & (py >= 0) & (px <= width - 1) & (py <= height - 1)
    leads_back = ((back + there) ** 2).sum(2) <= 0.01 * ((back**2).sum(2) + (there**2).sum(2)) + 0.5
    steep = sum((np.gradient(back, axis=axis) ** 2).sum(2) for axis in (0, 1))
    return inside & leads_back & (steep <= 0.01 * (back**2).sum(2) + 0.002)


def main():
    films = [frames(path) for path in sys.argv[1:]]
    grey = [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in films[0]]
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    errors, shares = [[] for _ in films], []
    for t in range(1, min(map(len, films))):
        back, forth = dis.calc(grey[t], grey[t - 1], None), dis.calc(grey[t - 1], grey[t], None)
        where = trusted(back, forth)
        shares.append(where.mean())
        for film, list_ in zip(films, errors):
            difference = (film[t].astype(np.float64) - warp(film[t - 1].astype(np.float32), back)) / 255
            list_.append((difference[where] ** 2).mean())
    for path, list_ in zip(sys.argv[1:], errors):
        print(f"{path:40}{np.mean(list_):12.6f}")
    print(f"{'pixels compared':40}{100 * np.mean(shares):11.1f}%")


main()
