"""Files of Chinese, Japanese and Korean Windows are read as they were written; Western ones stay Western."""

import gzip
import json

import pandas as pd
import pytest
from making import picture

from builder.data import json_lines, tables, text_files
from builder.data.encodings import encoding_of
from builder.data.json_lines import read_json_lines
from builder.data.picture_boxes import read_boxes
from builder.data.picture_pairs import read_masks
from builder.data.sources import SAMPLES_FOLDER
from builder.data.tables import read_table
from builder.data.tagged_text import TOKENS, read_tagged, words_in
from builder.data.text_files import read_text, read_text_folders

# Everyday sentences, in Chinese as it is written in either way, in Japanese and in Korean.
SIMPLIFIED = [
    "今天天气很好。",
    "我们明天去北京吧！",
    "这本书多少钱？",
    "他在学校教数学。",
    "请问洗手间在哪里？",
]
TRADITIONAL = [
    "今天天氣很好。",
    "我們明天去台北吧！",
    "這本書多少錢？",
    "他在學校教數學。",
    "請問洗手間在哪裡？",
]
JAPANESE = [
    "今日は天気がいいですね。",
    "東京に行きました。",
    "この本はいくらですか。",
    "私は学生です。",
    "カメラ",
]
KOREAN = [
    "오늘은 날씨가 좋네요.",
    "서울에 갔습니다.",
    "이 책은 얼마입니까?",
    "저는 학생입니다.",
    "감사합니다",
]
WESTERN = ["Größe und Übung", "l’été à Noël", "“It’s” – naïve", "EDUCAÇÃO", "¿Qué pasó, niño?"]
WRITTEN = [
    ("gb18030", SIMPLIFIED, "GB18030"),
    ("gb18030", TRADITIONAL, "GB18030"),
    ("big5", TRADITIONAL, "Big5"),
    ("cp932", JAPANESE, "Shift-JIS"),
    ("euc_jp", JAPANESE, "EUC-JP"),
    ("cp949", KOREAN, "EUC-KR"),
    ("cp1252", WESTERN, "Windows-1252"),
]
IDS = ["simplified", "traditional in GBK", "Big5", "Shift-JIS", "EUC-JP", "Korean", "Western"]
every_encoding = pytest.mark.parametrize(("encoding", "texts", "name"), WRITTEN, ids=IDS)


def told(source) -> str:
    (problem,) = [problem for problem in source.problems if problem.code == "encoding_guessed"]
    return problem.message


@every_encoding
def test_a_table_is_read_in_its_encoding_and_the_warning_names_it(csv_file, encoding, texts, name):
    rows = "".join(f'{number},"{texts[number % 5]}",{"ab"[number % 2]}\n' for number in range(40))
    content = ("number,text,kind\n" + rows).encode(encoding)
    for path in (csv_file(content), csv_file(gzip.compress(content), "packed.csv.gz")):
        table = read_table(path)
        assert table.frame["text"].tolist() == [texts[number % 5] for number in range(40)]
        assert f"read as {name}" in told(table)


@every_encoding
def test_a_large_table_is_read_as_a_small_one(csv_file, encoding, texts, name, monkeypatch):
    rows = "".join(f"{number};{texts[number % 5]};{'ab'[number % 2]}\n" for number in range(3000))
    path = csv_file(("number;text;kind\n" + rows).encode(encoding))
    whole = read_table(path)
    monkeypatch.setattr(tables, "LARGE_BYTES", 0)
    monkeypatch.setattr(tables, "_HEAD_BYTES", 4097)
    large = read_table(path)
    assert large.is_large and f"read as {name}" in told(large)
    frame = pd.concat([chunk.frame for chunk in large.chunks([])], ignore_index=True)
    assert frame.equals(whole.frame) and frame["text"][4] == texts[4]
    assert set(large.frame["text"]) <= set(frame["text"])


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("gb18030", "天气很好"), ("cp1252", "été"), ("utf-8", "天气很好"), ("big5", "天氣很好")],
)
def test_a_large_table_whose_letters_come_late_is_read_as_a_small_one(csv_file, encoding, text, monkeypatch):
    rows = "".join(f"{number},{text if number > 2000 else 'word'},x\n" for number in range(3000))
    path = csv_file(("number,text,kind\n" + rows).encode(encoding))
    monkeypatch.setattr(tables, "LARGE_BYTES", 0)
    monkeypatch.setattr(tables, "_HEAD_BYTES", 4097)
    frame = pd.concat([chunk.frame for chunk in read_table(path).chunks([])], ignore_index=True)
    assert frame["text"][2999] == text


@pytest.mark.parametrize("cells", [("男", "女"), ("是", "否"), ("北京", "上海"), ("优", "差")])
def test_a_few_chinese_words_beside_numbers_are_enough(csv_file, cells):
    rows = "".join(f"{number},{cells[number % 2]}\n" for number in range(20))
    table = read_table(csv_file(("age,kind\n" + rows).encode("gb18030")))
    assert set(table.frame["kind"]) == set(cells)


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        *(("cp949", [text]) for text in KOREAN),
        *(
            ("cp949", words)
            for words in (["남자", "여자"], ["긍정", "부정"], ["예", "아니요"], ["서울", "부산"])
        ),
        *(("euc_jp", [text]) for text in (*JAPANESE[:4], "ありがとう", "コーヒー")),
        *(("euc_jp", words) for words in (["とても良い", "悪い"], ["りんご", "みかん"])),
        *(("gb18030", words) for words in (["正面", "负面"], ["通过", "不通过"], ["苹果", "香蕉"])),
        *(("big5", words) for words in (["男", "女"], ["正面", "負面"], ["蘋果", "香蕉"])),
        *(("cp932", words) for words in (["男", "女"], ["良い", "悪い"])),
    ],
)
def test_a_few_words_are_enough(encoding, words):
    assert encoding_of("\n".join(words).encode(encoding)).removesuffix("hkscs") == encoding


@pytest.mark.parametrize(
    "word", ["café", "EDUCAÇÃO", "don’t", "Ärger", "naïve", "20°C", "½ cup", "£5", "“so”"]
)
def test_one_western_word_stays_western(csv_file, word):
    rows = "".join(f"{number},{word},x\n" for number in range(20))
    table = read_table(csv_file(("age,kind,other\n" + rows).encode("cp1252")))
    assert set(table.frame["kind"]) == {word}


@every_encoding
@pytest.mark.parametrize("is_large", [False, True])
def test_json_lines_are_read_in_their_encoding(csv_file, encoding, texts, name, is_large, monkeypatch):
    rows = [{"text": texts[number % 5], "kind": number % 2} for number in range(400)]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    monkeypatch.setattr(json_lines, "LARGE_BYTES", 0 if is_large else 1_000_000)
    table = read_json_lines(csv_file(lines.encode(encoding), "rows.jsonl"))
    assert table.is_large == is_large and f"read as {name}" in told(table)
    frame = pd.concat([chunk.frame for chunk in table.chunks([])], ignore_index=True)
    assert frame["text"].tolist() == [row["text"] for row in rows]
    assert set(table.frame["text"]) == set(texts)


def test_a_damaged_line_among_json_lines_in_utf_8_is_left_out(csv_file):
    lines = [json.dumps({"text": text}, ensure_ascii=False).encode() for text in SIMPLIFIED * 20]
    lines[7] = '{"text": "天气"}'.encode("gb18030")
    table = read_json_lines(csv_file(b"\n".join(lines), "rows.jsonl"))
    assert [problem.code for problem in table.problems] == ["rows_skipped"]
    assert len(table.frame) == 99 and table.frame["text"][0] == SIMPLIFIED[0]


@every_encoding
def test_a_long_text_is_read_in_its_encoding(tmp_path, encoding, texts, name, monkeypatch):
    file = tmp_path / "novel.txt"
    file.write_bytes("\n".join(texts * 20).encode(encoding))
    source = read_text(file)
    assert source.frame["text"].tolist() == texts * 20 and f"read as {name}" in told(source)
    monkeypatch.setattr(text_files, "LARGE_BYTES", 0)
    large = read_text(file)
    assert large.is_large and large.frame["text"].tolist()[:5] == texts and f"read as {name}" in told(large)


@every_encoding
def test_class_folders_of_texts_are_read_in_their_encoding(zip_file, encoding, texts, name):
    members = {f"{kind}/{n}.txt": texts[n].encode(encoding) for kind in "ab" for n in range(5)}
    members["a/6.txt"] = "日本 été".encode()
    source = read_text_folders(zip_file(members))
    assert source.frame["text"].tolist() == [*texts, "日本 été", *texts]
    assert f"10 files were read as {name}" in told(source)


@every_encoding
def test_words_with_tags_are_read_in_their_encoding(tmp_path, encoding, texts, name):
    file = tmp_path / "names.conll"
    # Chinese is tagged letter by letter: some letters alone would be UTF-8, too.
    sentences = ["".join(f"{letter} O\n" for letter in text if not letter.isspace()) for text in texts]
    file.write_bytes(("\n".join(sentences) + "\nX B-PER\n").encode(encoding))
    source = read_tagged(file)
    assert "".join(words_in(source.frame[TOKENS][0])) == texts[0].replace(" ", "")
    assert f"read as {name}" in told(source)


def test_a_table_of_boxes_names_classes_and_pictures_in_chinese(tmp_path):
    names = ["红细胞", "白细胞", "血小板"]
    rows = "".join(f"图片{n},1,1,9,9,{names[n]}\n" for n in range(3))
    for number in range(3):
        (tmp_path / f"图片{number}.png").write_bytes(picture())
    (tmp_path / "boxes.csv").write_bytes(("image,xmin,ymin,xmax,ymax,class\n" + rows).encode("gbk"))
    source = read_boxes(tmp_path)
    assert set(source.class_names) == set(names) and len(source.names) == 3
    assert "boxes.csv is not written in UTF-8" in told(source) and "GB18030" in told(source)


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig", "utf-16"])
def test_the_names_of_masks_are_read_in_their_encoding(tmp_path, encoding):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(picture())
    (tmp_path / "classes.txt").write_bytes("背景\n道路\n建筑物\n".encode(encoding))
    assert read_masks(tmp_path).named == ("背景", "道路", "建筑物")


@pytest.mark.parametrize("encoding", ["gb18030", "big5hkscs"])
def test_real_sentences_are_told_few_at_a_time(encoding):
    with gzip.open(
        SAMPLES_FOLDER / "tatoeba_english_chinese" / "pairs.csv.gz", "rt", encoding="utf-8"
    ) as file:
        sentences = pd.read_csv(file)["chinese"].tolist()
    for start in range(0, 3000, 10):
        data = "\n".join(sentences[start : start + 10]).encode(encoding, "ignore")
        assert encoding_of(data) == encoding
