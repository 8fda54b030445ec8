"""Tables that name pictures and recordings: found, read, prepared beside their other columns."""

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from builder.data.encode import encode
from builder.data.images import decode_image
from builder.data.linked import read_linked
from builder.data.prepare import prepare
from builder.data.profile import propose
from builder.data.sniffing import source_at
from builder.data.sources import SAMPLES_FOLDER, open_source
from builder.errors import BuilderError

SHAPES = SAMPLES_FOLDER / "shape_questions" / "shape_questions.zip"
SOUNDS = SAMPLES_FOLDER / "spoken_digits" / "spoken_digits.zip"


def picture(number=0):
    with zipfile.ZipFile(SHAPES) as archive:
        return archive.read(f"pictures/train_{number}.png")


def recordings(count):
    with zipfile.ZipFile(SOUNDS) as archive:
        names = [name for name in archive.namelist() if name.endswith((".wav", ".flac", ".ogg"))]
        return [(name.rsplit(".", 1)[-1], archive.read(name)) for name in names[:count]]


def packed(tmp_path, table, files, name="data.zip"):
    path = tmp_path / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("table.csv", table)
        for member, content in files.items():
            archive.writestr(member, content)
    return path


def shapes(tmp_path, rows=40, extra="", names="{}.png"):
    lines = "".join(
        f"{names.format(n)},what color has shape number {n % 5},{'ab'[n % 2]}\n" for n in range(rows)
    )
    files = {f"pictures/{n}.png": picture(n) for n in range(rows)}
    return packed(tmp_path, f"picture,question,answer\n{lines}{extra}", files)


def test_the_kind_is_told_by_the_content(tmp_path):
    assert source_at(shapes(tmp_path))["kind"] == "linked"
    folder = tmp_path / "folder"
    folder.mkdir()
    with zipfile.ZipFile(shapes(tmp_path)) as archive:
        archive.extractall(folder)
    assert source_at(folder)["kind"] == "linked"


def test_a_table_is_found_beside_thousands_of_pictures(tmp_path):
    lines = "".join(f"{n}.png,{n % 2}\n" for n in range(6_000))
    # As a Mac packs them: with a hidden twin of every file.
    files = {"__MACOSX/._table.csv": b"", **{f"{n}.png": b"" for n in range(6_000)}}
    assert source_at(packed(tmp_path, f"picture,answer\n{lines}", files))["kind"] == "linked"


STRAYS = {
    "notes": "date,words\n" + "".join(f"2024-01-{n + 1:02},word {n}\n" for n in range(20)),
    "empty": "",
    "broken": 'a,b\n1,"open\n' * 30,
}


@pytest.mark.parametrize("table", STRAYS.values(), ids=STRAYS)
@pytest.mark.parametrize(
    "folders", [("cats", "dogs"), ("train/cats", "train/dogs", "test/cats", "test/dogs")]
)
def test_a_table_that_does_not_name_the_pictures_leaves_the_class_folders(tmp_path, table, folders):
    files = {f"{folder}/{n}.png": picture(n) for folder in folders for n in range(4)}
    path = packed(tmp_path, table, files)
    folder = tmp_path / "folder"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    for place in (path, folder):
        source = source_at(place)
        assert source["kind"] == "images"
        found = open_source(source)
        assert found.class_names == ("cats", "dogs")
        assert "table.csv" in next(item.message for item in found.problems if item.code == "files_skipped")


@pytest.mark.parametrize("folders", [("cats", "dogs"), ("train", "test"), ("pictures",)])
def test_a_table_that_names_the_pictures_in_folders_is_linked(tmp_path, folders):
    files = {f"{folder}/{folder}{n}.png": picture(n) for folder in folders for n in range(4)}
    rows = "".join(f"{name},{n % 2}\n" for n, name in enumerate(files))
    assert source_at(packed(tmp_path, f"file,answer\n{rows}", files))["kind"] == "linked"


@pytest.mark.parametrize("folders", [("train", "test"), ("pictures",)])
def test_pictures_without_classes_need_a_table_that_names_them(tmp_path, folders):
    files = {f"{folder}/{folder}{n}.png": picture(n) for folder in folders for n in range(4)}
    path = packed(tmp_path, STRAYS["notes"], files)
    with pytest.raises(BuilderError, match="No column of table.csv names"):
        open_source(source_at(path))


def test_several_tables_beside_pictures_have_to_be_one(tmp_path):
    files = {f"train/{n}.png": picture(n) for n in range(4)} | {"other.csv": "id,answer\n0,a\n1,b\n"}
    path = packed(tmp_path, "id,answer\n0,a\n1,b\n", files)
    with pytest.raises(
        BuilderError, match="4 pictures or recordings and 2 tables: other.csv, table.csv. Keep"
    ):
        source_at(path)


def test_a_damaged_zip_is_told_before_its_kind(tmp_path):
    whole = shapes(tmp_path)
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole.read_bytes()[:-2_000])
    with pytest.raises(BuilderError, match="cut.zip is not a zip archive, or it is damaged"):
        source_at(cut)


def test_a_zip_with_a_password_is_told_before_its_kind(tmp_path):
    locked = tmp_path / "locked.zip"
    content = bytearray(shapes(tmp_path).read_bytes())
    # The first bit of the flags: six bytes into an entry's own record, eight into the directory's.
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(mark, at + 4)
    locked.write_bytes(content)
    with pytest.raises(BuilderError, match="protected by a password"):
        source_at(locked)


@pytest.mark.parametrize(
    "names", ["{}.png", "{}", "pictures/{}.png", "./pictures/{}.PNG", "pictures\\{}.png"]
)
def test_a_file_may_be_named_by_path_by_name_or_without_extension(tmp_path, names):
    table = read_linked(shapes(tmp_path, names=names))
    assert table.roles == {"picture": "image"}
    assert table.links.read(table.frame["picture"][3]) == picture(3)


def test_pictures_enter_beside_texts_as_they_are(tmp_path):
    path = shapes(tmp_path)
    recipe = propose(source_at(path))
    prepared = prepare(replace(recipe, roles={**recipe.roles, "question": "text"}), tmp_path / "cache")
    assert [item.name for item in prepared.spec.inputs] == ["image", "text"]
    pixels = np.asarray(decode_image(picture(7)).convert("RGB"))
    assert np.array_equal(prepared.arrays["image"][7], pixels)
    sample = prepared.sample(7)
    assert (
        sample["row"]["question"] == "what color has shape number 2" and sample["row"]["picture"] == "7.png"
    )
    assert np.array_equal(sample["files"]["image"]["array"], pixels)
    own = {"image": pixels, "question": sample["row"]["question"]}
    arrays = encode(prepared.spec, [own])
    assert np.array_equal(arrays["image"][0], pixels)
    assert np.array_equal(arrays["tokens"][0], prepared.arrays["tokens"][7])


def test_recordings_and_pictures_and_numbers_in_one_row(tmp_path):
    sounds = recordings(30)
    files = {f"sounds/{n}.{kind}": data for n, (kind, data) in enumerate(sounds)}
    files |= {f"pictures/p{n}.png": picture(n) for n in range(30)}
    lines = "".join(f"{n}.{sounds[n][0]},p{n},{n * 0.5},{'ab'[n % 2]}\n" for n in range(30))
    path = packed(tmp_path, "sound,seen,size,label\n" + lines, files)
    recipe = propose(source_at(path))
    prepared = prepare(replace(recipe, roles={**recipe.roles, "size": "numeric"}), tmp_path / "cache")
    assert [item.name for item in prepared.spec.inputs] == ["image", "audio", "features"]
    assert prepared.arrays["audio"].dtype == np.int16 and np.abs(prepared.arrays["audio"][3]).max() > 1000


def test_a_row_without_its_file_gets_nothing_and_is_told(tmp_path):
    path = shapes(tmp_path, extra=",what color has it then,a\nlost.png,what color has it,b\n")
    prepared = prepare(propose(source_at(path)), tmp_path / "cache")
    assert not prepared.arrays["image"][40].any() and not prepared.arrays["image"][41].any()
    told = {problem.code: problem.message for problem in prepared.problems}
    assert "1 of 42 rows have no file" in told["linked_files_missing"]
    assert "lost.png (there is no such file)" in told["linked_files_broken"]


def test_many_broken_files_stop_in_words(tmp_path):
    lines = "".join(f"{n}.png,what color has shape number {n % 5},{'ab'[n % 2]}\n" for n in range(40))
    files = {f"{n}.png": picture(n) if n % 2 else b"no picture" for n in range(40)}
    path = packed(tmp_path, "picture,question,answer\n" + lines, files)
    with pytest.raises(BuilderError, match="20 of 40 rows .*damaged or no picture"):
        prepare(propose(source_at(path)), tmp_path / "cache")


def test_tables_without_usable_files_are_refused_in_words(tmp_path):
    with pytest.raises(BuilderError, match="No column of table.csv names"):
        read_linked(packed(tmp_path, "a,b\n1,2\n", {"x.png": picture()}))
    two = packed(tmp_path, "a\n1\n", {"x.png": picture(), "other.csv": b"a\n1\n"})
    with pytest.raises(BuilderError, match="exactly one table"):
        read_linked(two)


def test_a_zip_that_leads_outside_is_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../table.csv", "picture\nx.png\n")
        archive.writestr("x.png", picture())
    path = tmp_path / "bad.zip"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(BuilderError, match="outside the archive"):
        read_linked(path)


def test_a_role_of_files_needs_files(csv_file, tmp_path):
    path = csv_file("picture,y\n" + "".join(f"{n}.png,{'ab'[n % 2]}\n" for n in range(20)))
    recipe = propose({"kind": "csv", "path": str(path)})
    recipe = replace(recipe, roles={"picture": "image", "y": "target"})
    with pytest.raises(BuilderError, match="do not name such files"):
        prepare(recipe, tmp_path / "cache")
