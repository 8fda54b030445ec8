"""Class names in a zip are those that a Mac, a Chinese Windows or a Western one has packed."""

import gc
import zipfile

import pytest
from making import picture
from packed_zips import zip_with_names

from builder.data.images import read_images
from builder.data.linked import read_linked
from builder.data.sniffing import source_at
from builder.data.zip_names import opened_zip

NAMES = [
    ("utf-8", ("小狗", "猫")),
    ("utf-8", ("Bär", "猫")),
    ("gbk", ("小狗", "猫")),
    ("gbk", ("正面（好）", "负面")),
    ("big5", ("小狗", "貓")),
    ("big5", ("許功蓋", "電腦")),
    ("cp932", ("犬", "ねこ")),
    ("cp932", ("表示", "ソース")),
    ("euc_jp", ("いぬ", "ねこ")),
    ("cp949", ("강아지", "고양이")),
    ("cp437", ("Bär", "Größe")),
    ("cp437", ("año", "été")),
    ("ascii", ("cat", "dog")),
]


@pytest.mark.parametrize(("encoding", "classes"), NAMES)
def test_classes_are_named_as_they_were_packed(tmp_path, encoding, classes):
    members = {f"all/{name}/{n}.png": picture((n * 20, 9, 9)) for name in classes for n in range(5)}
    path = zip_with_names(tmp_path / "animals.zip", members, encoding)
    assert source_at(path)["kind"] == "images"
    source = read_images(path)
    assert sorted(source.class_names) == sorted(classes)
    assert source.read(0).size == (12, 12)


def test_marked_names_stay_beside_unmarked_ones(tmp_path, zip_file):
    members = {f"{name}/{n}.png": picture((n * 20, 9, 9)) for name in ("猫", "Größe") for n in range(5)}
    assert set(read_images(zip_file(members)).class_names) == {"猫", "Größe"}


def test_a_table_finds_the_pictures_that_a_chinese_windows_packed(tmp_path):
    rows = "".join(f"图片{n}.png,{'好坏'[n % 2]}\n" for n in range(12))
    members = {f"图片/图片{n}.png": picture((n * 20, 9, 9)) for n in range(12)}
    members["标签.csv"] = f"图片,标签\n{rows}".encode("gbk")
    table = read_linked(zip_with_names(tmp_path / "marked.zip", members, "gbk"))
    assert table.roles == {"图片": "image"} and table.frame["标签"].tolist()[:2] == ["好", "坏"]
    assert table.links.read("图片3.png") == members["图片/图片3.png"]


def test_a_zip_that_nobody_closes_is_closed_before_anything_else_of_it_ends(tmp_path):
    """Else the garbage collector may come to the open file first, and warn wherever it is just then."""

    class Witness:
        def __del__(self):
            seen.append(self.file.closed)

    path, seen = tmp_path / "a.zip", []
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a", "b")
    older = Witness()
    archive = opened_zip(path)
    older.file, archive.itself, archive.witness = archive.fp, archive, older
    del older, archive
    gc.collect()
    assert seen == [True]
