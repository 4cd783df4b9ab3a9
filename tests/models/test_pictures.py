"""Pictures of any depth, with transparency, pages and frames."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from specxai.errors import LoadError
from specxai.models.pictures import open_picture, read_color


def levels(file, background=None):
    picture = open_picture(file, background)
    assert picture.image.mode == "RGB"
    return np.asarray(picture.image), picture.note


def fails(file, message, background=None):
    with pytest.raises(LoadError, match=message) as caught:
        open_picture(file, background)
    assert "\n" not in str(caught.value)


def halves(left, right, dtype):
    values = np.empty((4, 6), dtype)
    values[:, :3], values[:, 3:] = left, right
    return values


@pytest.mark.parametrize(
    ("name", "values", "seen", "note"),
    [
        ("a.png", halves(1000, 60000, np.uint16), (4, 233), "16-bit picture, 0…65535"),
        ("a.tiff", halves(1000, 60000, np.uint16), (4, 233), "16-bit picture, 0…65535"),
        ("a.tiff", halves(1000, 60000, ">u2"), (4, 233), "16-bit picture, 0…65535"),
        ("a.png", halves(0, 2000, np.uint16), (0, 125), "12 bits (at most 2000), 0…4095"),
        ("a.png", halves(0, 200, np.uint16), (0, 200), "8 bits (at most 200), 0…255"),
        ("a.tiff", halves(0, 4096, np.int32), (0, 16), "32-bit picture, 0…65535"),
        ("a.tiff", halves(-1000, 3000, np.int32), (0, 255), "its range -1000…3000"),
        ("a.tiff", halves(0, 65536, np.int32), (0, 255), "its range 0…65536"),
        ("a.tiff", halves(0.1, 0.9, np.float32), (26, 229), "floating-point picture, 0…1"),
        ("a.tiff", halves(-5, 0.5, np.float32), (0, 255), "its range -5…0.5"),
        ("a.tiff", halves(7, 7, np.float32), (0, 0), "its range 7…7"),
    ],
)
def test_deep_pictures_are_read_by_their_range(tmp_path, name, values, seen, note):
    Image.fromarray(values).save(tmp_path / name)
    found, said = levels(tmp_path / name)
    assert (found[0, 0] == seen[0]).all()
    assert (found[0, 5] == seen[1]).all()
    assert note in said
    assert said.endswith(" taken as black…white")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_orientation_of_a_tiff_is_applied(tmp_path, dtype):
    values = np.linspace(0, np.iinfo(dtype).max, 24).astype(dtype).reshape(4, 6)
    Image.fromarray(values).save(tmp_path / "a.tiff", tiffinfo={0x0112: 6})
    found, _ = levels(tmp_path / "a.tiff")
    np.testing.assert_array_equal(
        found[..., 0], np.rint(np.rot90(values, -1) / np.iinfo(dtype).max * 255)
    )


def test_a_tiff_may_say_that_zero_is_white(tmp_path):
    image = Image.fromarray(halves(1000, 60000, np.uint16))
    image.save(tmp_path / "plain.tiff")
    data = (tmp_path / "plain.tiff").read_bytes()
    entry = struct.pack("<HHI", 262, 3, 1)
    assert data.count(entry) == 1
    (tmp_path / "a.tiff").write_bytes(data.replace(entry + b"\x01", entry + b"\x00"))
    found, note = levels(tmp_path / "a.tiff")
    assert (found[0, 0, 0], found[0, 5, 0]) == (251, 22)
    assert note.endswith("white…black")


def png(values, kind, extra=b""):
    """A PNG of 16-bit values, which Pillow writes only without colours."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    height, width = values.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    parts = (
        chunk(b"IHDR", header),
        extra and chunk(b"tRNS", extra),
        chunk(b"IDAT", zlib.compress(rows)),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def test_colours_of_16_bits(tmp_path):
    values = np.random.default_rng(0).integers(0, 65536, (4, 6, 3))
    (tmp_path / "a.png").write_bytes(png(values, 2))
    found, note = levels(tmp_path / "a.png")
    assert np.abs(found - values / 257).max() < 1.01
    assert note == "16-bit colours, 0…65535 taken as black…white"


def test_a_transparent_value_among_16_bits(tmp_path):
    (tmp_path / "a.png").write_bytes(
        png(halves(1000, 60000, np.uint16), 0, struct.pack(">H", 1000))
    )
    fails(tmp_path / "a.png", "--background white")
    found, note = levels(tmp_path / "a.png", "#204060")
    assert found[0, 0].tolist() == [32, 64, 96]
    assert found[0, 5].tolist() == [233, 233, 233]
    assert "16-bit" in note
    assert "transparent pixels on #204060" in note


def test_pixels_that_are_not_finite_are_refused(tmp_path):
    Image.fromarray(halves(0, np.nan, np.float32)).save(tmp_path / "a.tiff")
    fails(tmp_path / "a.tiff", "NaN or infinite pixels")


def test_several_pages_are_refused_and_frames_are_said(tmp_path):
    pages = [Image.new("L", (6, 4), value) for value in (10, 20, 30)]
    for name in ("a.tiff", "a.gif"):
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:])
    fails(tmp_path / "a.tiff", "3 pages: save the one to explain")
    found, note = levels(tmp_path / "a.gif")
    assert (found == 10).all()
    assert note == "the first of 3 frames"


def transparent(mode):
    image = Image.new("RGBA", (6, 4), (200, 0, 0, 255))
    image.paste((0, 200, 0, 0), (0, 0, 3, 4))
    if mode == "P":
        image = image.convert("P", palette=Image.Palette.ADAPTIVE)
        image.info["transparency"] = image.getpixel((0, 0))
        return image
    return image.convert(mode)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_needs_a_background(tmp_path, mode):
    transparent(mode).save(tmp_path / "a.png")
    fails(tmp_path / "a.png", "transparent pixels: name the colour .* --background white")
    for background, behind in (("white", 255), ("black", 0)):
        found, note = levels(tmp_path / "a.png", background)
        assert (found[:, :3] == behind).all()
        assert (found[:, 3:] != behind).any()
        assert note == f"transparent pixels on {background}"


def test_half_transparent_pixels_are_mixed(tmp_path):
    Image.new("RGBA", (6, 4), (0, 0, 0, 51)).save(tmp_path / "a.png")
    found, _ = levels(tmp_path / "a.png", "white")
    assert (found == 204).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_what_is_opaque_and_of_8_bits_needs_no_word(tmp_path, mode):
    path = tmp_path / ("a.tiff" if mode == "CMYK" else "a.png")
    image = Image.new("RGB", (6, 4), "white").convert(mode)
    image.save(path)
    found, note = levels(path)
    assert (found == 255).all()
    assert note == ""


@pytest.mark.parametrize("text", ["snow-white", "#12", "#ffffff80", ""])
def test_a_background_must_be_a_colour(text):
    with pytest.raises(LoadError, match="no colour: give white"):
        read_color(text)
