"""Writes tests/fixtures/resample.h: a small float picture resampled by Pillow, for tests/unit/resample.c.

Run from the root of the repository: python tests/oracle/resample.py (needs Pillow)."""
import PIL
from PIL import Image

WIDTH, HEIGHT = 13, 9
FILTERS = [("LANCZOS", Image.Resampling.LANCZOS), ("CUBIC", Image.Resampling.BICUBIC),
           ("LINEAR", Image.Resampling.BILINEAR)]
SIZES = [(5, 4), (20, 17), (13, 3)]


def value(x, y):
    """The picture: a fixed pattern between 0.3 and 0.7, so that overshoots need no clamping."""
    return 0.3 + 0.4 * ((x * 7 + y * 5 + x * y) % 11) / 10


def rows(values):
    lines = [", ".join("%.7ff" % v for v in values[i:i + 8]) for i in range(0, len(values), 8)]
    return "     " + ",\n     ".join(lines)


def main():
    picture = Image.new("F", (WIDTH, HEIGHT))
    picture.putdata([value(x, y) for y in range(HEIGHT) for x in range(WIDTH)])
    with open("tests/fixtures/resample.h", "w") as out:
        out.write("/* Written by tests/oracle/resample.py with Pillow %s. */\n" % PIL.__version__)
        out.write("static const struct resampled {\n    ad_image_filter filter;\n    int width, height;\n"
                  "    float value[%d];\n} resampled[] = {\n" % max(w * h for w, h in SIZES))
        for name, pillow in FILTERS:
            for width, height in SIZES:
                values = list(picture.resize((width, height), pillow).get_flattened_data())
                out.write("    {AD_IMAGE_%s, %d, %d, {\n%s}},\n" % (name, width, height, rows(values)))
        out.write("};\n")


if __name__ == "__main__":
    main()
