"""Prints the table of tests/data/images.c: size and mean of each picture as Pillow decodes it.

Run as: python tests/oracle/images.py DATA_FOLDER (needs Pillow and numpy)."""
import pathlib
import sys

import numpy
from PIL import Image, ImageOps


def main():
    root = pathlib.Path(sys.argv[1]) / "photos_paintings"
    for path in sorted(root.glob("*/*.*")):
        picture = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        means = numpy.asarray(picture, dtype=numpy.float64).mean(axis=(0, 1))
        print('    {"%s", %d, %d, {%.3f, %.3f, %.3f}},' % (path.relative_to(root), *picture.size, *means))


if __name__ == "__main__":
    main()
