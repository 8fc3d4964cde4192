"""Writes src/draw/letters.ttf: of Roboto Regular the outlines, widths and character map of Latin, Greek and
Cyrillic letters and of some signs, without hints, kerning or composed glyphs.

python tools/font.py Roboto-Regular.ttf (needs fonttools; the font is Debian's fonts-roboto-unhinted)."""
import sys

from fontTools import subset
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

RANGES = [(0x20, 0x7e), (0xa0, 0x17f), (0x391, 0x3a9), (0x3b1, 0x3c9), (0x401, 0x401), (0x410, 0x44f), (0x451, 0x451)]
SIGNS = "\u2010\u2011\u2012\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u2020\u2022\u2026\u2030\u2032\u2033\u2039\u203a" \
        "\u2044\u2070\u2074\u2075\u2076\u2077\u2078\u2079\u20ac\u2116\u2122\u2202\u2206\u220f\u2211\u2212\u221a\u221e" \
        "\u222b\u2248\u2260\u2264\u2265\u25ca"
KEEP = {"head", "hhea", "maxp", "hmtx", "cmap", "loca", "glyf"}


def main():
    font = TTFont(sys.argv[1])
    options = subset.Options(hinting=False, layout_features=[], notdef_outline=True, glyph_names=False)
    cut = subset.Subsetter(options)
    cut.populate(unicodes=[c for a, b in RANGES for c in range(a, b + 1)] + [ord(c) for c in SIGNS])
    cut.subset(font)
    glyphs = font.getGlyphSet()
    for name in font.getGlyphOrder():
        pen, plain = DecomposingRecordingPen(glyphs), TTGlyphPen(None)
        glyphs[name].draw(pen)
        pen.replay(plain)
        font["glyf"][name] = plain.glyph()
    for table in list(font.keys()):
        if table not in KEEP and table != "GlyphOrder":
            del font[table]
    font["cmap"].tables = [t for t in font["cmap"].tables if t.format == 4][:1]
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    font.save("src/draw/letters.ttf")


if __name__ == "__main__":
    main()
