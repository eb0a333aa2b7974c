"""Does the detector of encodings ever read a file wrongly without a stop?

    python benchmarks/encodings.py            prints the table
    python benchmarks/encodings.py --count    counts the letters that the detector knows anew

Every fifth message of the corpus is held out: letters are counted in the others, files are made
of these. A file is right if it is decoded to the text that was encoded.
"""

from __future__ import annotations

import argparse
import csv
import math
import random
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from plaint.errors import EncodingUnclear
from plaint.tables import encodings

ROOT = Path(__file__).resolve().parent.parent
LETTERS = ROOT / "src" / "plaint" / "tables" / "letters.txt"

PAIRS = (
    ("cp932", "ja"),
    ("euc_jp", "ja"),
    ("cp949", "ko"),
    ("gb18030", "zh-Hans"),
    ("cp950", "zh-Hant"),
    ("big5hkscs", "zh-Hant"),
    ("gb18030", "zh-Hant"),
    ("gb18030", "ja"),
    ("gb18030", "ko"),
    ("iso2022_jp", "ja"),
    ("utf-8", "ja"),
    ("utf-8", "ko"),
    ("utf-8", "zh-Hans"),
)
SIZES = ("1 row", "5 rows", "50 rows")
HARD = (
    "header only",
    "one word",
    "names",
    "short rows",
    "slices",
    "one letter in ASCII",
    "half-width kana",
)
DAMAGED = "one byte lost"

# Letters of names, addresses and headings, which messages have seldom and tables often.
_TABLE_LETTERS = {
    "ja": (
        "東京都千代田区港新宿中央渋谷品川目黒世大阪市北西南名古屋横浜神奈川愛知県福岡札幌仙台広島京"
        "兵庫埼玉葉静岡茨城栃木群馬長野潟富山石井岐阜三重滋賀良和歌取根媛徳香高佐崎熊分宮児沖縄町村"
        "丁番地号田中鈴藤渡辺邊伊本小林加吉斎齋松清水森池部前後坂遠青太近上原竹金子内海橋島沢澤口美"
        "恵一郎健直樹由紀智博明雄幸夫秀正裕真奈陽翔結衣翼彩優様氏名住所電話年月日件容受付担当者店舗"
        "商品顧客"
    ),
    "ko": (
        "서울특별시강남북동구로역삼부산광해운대우경기도성수원용인고양창포항천안전주청충라상제세종김이박"
        "최정조윤장임한오신권황송류홍문배백허유심노하곽차민지현준연영철희숙자순옥호훈재석진빈아나미혜선"
        "태규명승빛번층길읍면리름소화내부접일담당객품매"
    ),
    "zh-Hans": (
        "北京市朝阳海淀东西城丰台区上浦徐汇静安广州深圳南山福田天河杭余湖成都武汉洪重庆津苏无锡宁波青"
        "岛济郑长沙合肥昆明贵哈尔滨沈大连吉林省江云浙川陕甘肃黑龙建徽号路街道弄室楼单元幢村镇乡县王李"
        "张刘陈杨赵黄周吴孙胡朱高何郭马罗梁宋谢韩唐冯于董萧程曹袁邓许傅曾彭吕卢蒋蔡贾丁魏薛叶阎潘杜戴"
        "夏钟汪任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦史顾侯邵孟万段伟芳娜敏丽强磊军洋勇艳杰娟涛超秀"
        "霞平刚桂英华玉兰红梅婷宇浩欣怡鑫姓名地址电话内容部门日期编客户商品店受理"
    ),
    "zh-Hant": (
        "台臺北市中正大同信義松山安內湖士林文萬華新板橋三重永和蘆洲桃園壢竹苗栗彰化南投雲嘉屏東花蓮宜"
        "蘭基隆高雄左營鳳鼓苓鹽埕香港九龍旺角彌敦道觀塘沙田荃灣銅鑼澳門縣區鄉鎮村里鄰路街段巷弄號樓室"
        "陳黃張李王吳劉蔡楊許鄭謝郭洪曾邱廖賴周徐蘇葉莊呂江何羅蕭潘簡朱鍾彭游詹胡施沈余趙盧梁顏柯翁魏"
        "孫戴范方宋鄧杜侯曹薛傅丁溫紀蔣歐藍連唐馬董石卓程姚康馮古姜湯汪白涂鄒巫怡君雅婷志明俊傑家豪淑"
        "芬惠美建國宗翰佩珊冠宇姓名地址電話容部日期編客戶商品店受理"
    ),
}

# Not made from the letters above, though some of them are among those.
_NAMES = {
    "ja": [
        "坂本龍馬",
        "西郷隆盛",
        "徳川慶喜",
        "夏目漱石",
        "樋口一葉",
        "与謝野晶子",
        "鎌倉市雪ノ下",
        "尾道市久保",
        "倉敷市阿知",
        "函館市末広町",
        "弘前市下白銀町",
        "萩市堀内",
        "松江市殿町",
        "姫路市本町",
        "彦根市金亀町",
        "田中",
        "佐藤",
        "髙橋",
        "渡邉",
    ],
    "ko": [
        "곽두팔",
        "남궁민",
        "황보라",
        "제갈공",
        "선우휘",
        "독고탁",
        "표창원",
        "탁재훈",
        "홍길동",
        "옥택연",
        "봉준호",
        "경주시",
        "황남동",
        "순천시",
        "낙안면",
        "제천시",
        "청풍면",
        "평창군",
        "봉평면",
        "김철수",
        "이영희",
    ],
    "zh-Hans": [
        "欧阳修",
        "司马迁",
        "诸葛亮",
        "慕容雪",
        "宇文泰",
        "尉迟恭",
        "皇甫谧",
        "上官婉",
        "柳宗元",
        "鞍山市铁东区",
        "呼和浩特市",
        "银川市兴庆区",
        "琼海市博鳌镇",
        "黟县宏村",
        "婺源县",
        "张伟",
        "王芳",
    ],
    "zh-Hant": [
        "歐陽修",
        "司馬遷",
        "諸葛亮",
        "慕容雪",
        "翁啟惠",
        "辜嚴倬",
        "簡嫃",
        "龍應台",
        "金門縣金湖鎮",
        "澎湖縣馬公市",
        "屏東縣恆春鎮",
        "新界屯門",
        "將軍澳坑口",
        "阿里山",
        "三義鄉",
        "陳怡君",
        "林志明",
    ],
}
_HEADS = {
    "ja": "番号,内容,部署,受付日",
    "ko": "번호,내용,부서,접수일",
    "zh-Hans": "编号,内容,部门,日期",
    "zh-Hant": "編號,內容,部門,日期",
}


def _rows() -> Iterator[tuple[int, str, str]]:
    for path in sorted((ROOT / "data" / "corpus").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for place, row in enumerate(csv.DictReader(file)):
                yield place, row["language"], row["text"]


@cache
def held_out() -> dict[str, list[str]]:
    """Messages by language in which no letter was counted."""
    texts: dict[str, list[str]] = {}
    for place, language, text in _rows():
        if place % 5 == 0:
            texts.setdefault(language, []).append(text)
    return texts


@cache
def _half_width() -> dict[str, str]:
    table = {unicodedata.normalize("NFKC", chr(c)): chr(c) for c in range(0xFF66, 0xFFA0)}
    return table | {"\u3099": "\uff9e", "\u309a": "\uff9f", "。": "｡", "、": "､", "ー": "ｰ"}


def half_width(text: str) -> str:
    """Kana of a text in half-width form; everything else is left out."""
    kana = (
        chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in unicodedata.normalize("NFD", text)
    )
    return "".join(_half_width().get(c, "") for c in kana)


def make(kind: str, language: str, rng: random.Random) -> str:
    """Text of one file of a kind."""
    texts = held_out()[language]
    text = rng.choice(texts)
    if kind in SIZES:
        rows = [rng.choice(texts) for _ in range(int(kind.split()[0]))]
    elif kind == "header only":
        return _HEADS[language] + "\r\n"
    elif kind == "one word":
        return rng.choice(_HEADS[language].split(",")) + "\r\n"
    elif kind == "names":
        rows = [rng.choice(_NAMES[language]) for _ in range(rng.choice((1, 2, 5, 20, 100)))]
    elif kind == "short rows":
        rows = [rng.choice(texts)[: rng.choice((2, 3, 4, 6))] for _ in range(rng.choice((1, 2, 3)))]
    elif kind == "slices":
        begin = rng.randrange(len(text))
        rows = [text[begin : begin + rng.choice((5, 8, 10, 15))]]
    elif kind == "one letter in ASCII":
        letters = [c for c in text if not c.isascii()] or ["。"]
        gap = rng.choice(("", " "))
        rows = [f"hello{gap}{rng.choice(letters)}{gap}world"]
    elif kind == "half-width kana":
        kana = half_width(text)
        begin = rng.randrange(max(1, len(kana) - 10))
        rows = [kana[begin : begin + rng.choice((3, 8, 15, 30, 60))]]
    elif kind == DAMAGED:
        rows = [text]
    else:
        raise ValueError(kind)
    body = "".join(
        f'{n},"{row.replace(chr(34), chr(34) * 2)}",web\r\n' for n, row in enumerate(rows, 1)
    )
    return "id,text,channel\r\n" + body


def judge(data: bytes, encoding: str) -> str:
    """Say whether a file is read right, stopped at, or read wrongly."""
    try:
        found = encodings.detect(data)
    except EncodingUnclear:
        return "stopped"
    try:
        return "right" if data.decode(found) == data.decode(encoding) else "wrong"
    except UnicodeDecodeError:
        # Damaged bytes have no right reading, but the right name is not a wrong one.
        return "right" if found in (encoding, f"{encoding}_ext") else "wrong"


def encode(text: str, encoding: str) -> bytes:
    """Bytes of a text without the characters that the encoding lacks."""
    if encoding == "big5hkscs":
        # Symbols on whose byte pairs cp950 and this table disagree; Windows reads them as cp950.
        text = "".join(c for c in text if c not in "•､‾∼♁☉／＼¥¢£￭")
    return text.encode(encoding, "ignore")


def trial(kind: str, encoding: str, language: str, files: int, seed: int = 1) -> Counter[str]:
    """Verdicts on files of one kind in one encoding."""
    rng = random.Random(f"{kind} {encoding} {language} {seed}")
    verdicts: Counter[str] = Counter()
    while verdicts.total() < files:
        data = encode(make(kind, language, rng), encoding)
        if data.isascii() and encoding != "iso2022_jp":
            continue
        if kind == DAMAGED:
            place = rng.choice([n for n, byte in enumerate(data) if byte > 127] or [0])
            data = data[:place] + data[place + 1 :]
        verdicts[judge(data, encoding)] += 1
    return verdicts


def count_letters() -> str:
    """Text of letters.txt."""
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("ja", "ja-half", "ko", "zh-Hans", "zh-Hant")
    }
    for place, language, text in _rows():
        if place % 5:
            counts[language].update(c for c in text if not c.isascii() and not c.isspace())
            if language == "ja":
                counts["ja-half"].update(half_width(text))
    for language, letters in _TABLE_LETTERS.items():
        least = max(2, round(counts[language].total() / 2**11))
        for letter in letters:
            counts[language][letter] = max(counts[language][letter], least)
    lines = [
        "# Letters of complaint messages by language and rarity in bits, minus log2 of the share.",
        "# Made by `python benchmarks/encodings.py --count` from four fifths of data/corpus.",
    ]
    for language, found in counts.items():
        total = found.total()
        by_bits: dict[int, list[str]] = {}
        for letter, times in found.items():
            if times > 1:
                by_bits.setdefault(min(14, round(-math.log2(times / total))), []).append(letter)
        lines.extend(f"{language} {b} {''.join(sorted(by_bits[b]))}" for b in sorted(by_bits))
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print the table; the exit status says whether a clean file was read wrongly."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=120, help="files per line")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", action="store_true", help="write letters.txt anew")
    options = parser.parse_args()
    if options.count:
        LETTERS.write_text(count_letters(), encoding="utf-8")
        return 0
    wrong = 0
    print(f"{'files':<20} {'encoding':<10} {'text':<8} right stopped wrong")
    begun = time.perf_counter()
    for kind in (*SIZES, *HARD, DAMAGED):
        for encoding, language in PAIRS:
            if kind == "half-width kana" and encoding not in ("cp932", "euc_jp"):
                continue
            if kind == DAMAGED and encoding == "iso2022_jp":
                continue
            found = trial(kind, encoding, language, options.files, options.seed)
            wrong += found["wrong"] * (kind != DAMAGED)
            print(
                f"{kind:<20} {encoding:<10} {language:<8} {found['right']:5} "
                f"{found['stopped']:7} {found['wrong']:5}"
            )
    print(f"{time.perf_counter() - begun:.0f} s; clean files read wrongly: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
