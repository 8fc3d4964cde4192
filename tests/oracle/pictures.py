"""Writes tests/fixtures/pictures/: tiny pictures of many kinds, from which the fuzz target starts.

Run from the root of the repository: python tests/oracle/pictures.py (needs Pillow)."""
import pathlib

from PIL import Image

FOLDER = pathlib.Path("tests/fixtures/pictures")


def picture(mode, size=(11, 7)):
    colour = Image.new("RGBA", size)
    colour.putdata([(x * 23 % 256, y * 36 % 256, (x * y * 7) % 256, 255 - 9 * x)
                    for y in range(size[1]) for x in range(size[0])])
    return colour.convert(mode)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        source = picture("L").convert("I;16") if mode == "I;16" else picture(mode)
        source.save(FOLDER / ("png-%s.png" % mode.replace(";", "")), exif=exif if mode == "RGB" else None)
    for mode in ("L", "RGB", "CMYK"):
        picture(mode).save(FOLDER / ("jpeg-%s.jpg" % mode), exif=exif)
    picture("RGB", (33, 20)).save(FOLDER / "jpeg-progressive.jpg", progressive=True, subsampling=2)
    picture("RGB").save(FOLDER / "webp-lossy.webp", exif=exif)
    picture("RGBA").save(FOLDER / "webp-alpha.webp", quality=60)
    picture("RGBA").save(FOLDER / "webp-lossless.webp", lossless=True)
    picture("RGB").save(FOLDER / "webp-animated.webp", save_all=True, append_images=[picture("RGB").rotate(180)])
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        picture(mode).save(FOLDER / ("bmp-%s.bmp" % mode))


if __name__ == "__main__":
    main()
