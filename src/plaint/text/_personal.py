"""Patterns of personal data, and the checks that go with them.

All patterns read a shadow of the text in which full-width characters and the many kinds of dashes
are plain ASCII, one for one. Quantifiers are bounded, so that no text can make a search slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from plaint.text import _checksums as checks

Span = tuple[int, int]

_SHADOW: dict[int, int] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(map(ord, "‐‑‒–—―−─━ーｰ﹣－"), ord("-")),
    **dict.fromkeys(map(ord, "\u3000\u00a0\u2002\u2003\u2009"), ord(" ")),
}


def shadow(text: str) -> str:
    """Return ``text`` with full-width forms and dashes as ASCII; its length does not change."""
    return text if text.isascii() else text.translate(_SHADOW)


# No digit may stand beside a number, nor beyond a dash or dot that would make it part of a longer
# one. Both sides are alike, so that taking one number never sets free a chain of others.
_LEFT = r"(?<![0-9])(?<![0-9][-.])"
_RIGHT = r"(?![0-9])(?![-.][0-9])"
_NO_UNIT = r"(?! ?(?:円|圓|元|원|块|塊|ウォン|위안|万|萬|億|亿|만|억|個|个|개|%))"
# Digits without separators could be part of a model number, an address on the web or a price.
_BARE_LEFT = _LEFT + r"(?<![A-Za-z_/=#$¥₩￥￦])(?<![A-Za-z]-)"
_BARE_RIGHT = _RIGHT + r"(?![A-Za-z_])" + _NO_UNIT
_GAP = r"[ :;.=#は는은]{0,4}"

_PHONE_WORDS = (
    r"(?:電話(?:番号|號碼)?|电话(?:号码)?|手機(?:號碼)?|手机号?(?:码)?|携帯(?:電話|番号)?|連絡先"
    r"|聯絡電話|联系方式|联系电话|전화(?:번호)?|연락처|핸드폰|휴대폰(?:번호)?"
    r"|(?<![A-Za-z])(?i:tel|phone|mobile|fax|cell|whatsapp))"
)
_PHONE = re.compile(
    # With a country code.
    rf"{_LEFT}(?:\+[1-9]|(?<![A-Za-z])00(?:8[126]|85[23]|886))(?:[ ()-]{{0,2}}[0-9]){{7,14}}"
    + _RIGHT
    + _NO_UNIT
    # Separated: mobile and area numbers of Japan, Korea, China and Taiwan start with 0.
    + rf"|{_LEFT}\(?0[0-9]{{1,4}}(?:\)[ -]?|[-. (])[0-9]{{1,4}}[-. )][0-9]{{3,4}}{_RIGHT}"
    + rf"|{_LEFT}\(?0[0-9]{{2,3}}(?:\)[ -]?|[- ])[2-9][0-9]{{6,7}}{_RIGHT}"
    # Chinese mobile numbers and hotlines.
    + rf"|{_LEFT}1[3-9][0-9][- ][0-9]{{4}}[- ][0-9]{{4}}{_RIGHT}"
    + rf"|{_LEFT}[48]00-[0-9]{{3}}-[0-9]{{4}}{_RIGHT}"
    # Without separators.
    + rf"|{_BARE_LEFT}(?:0[1-9][0-9]{{8}}|0[5-9]0[0-9]{{8}}|01[016-9][0-9]{{7,8}}"
    + rf"|050[2-8][0-9]{{7,8}}|1[3-9][0-9]{{9}}){_BARE_RIGHT}"
)
_NAMED_PHONE = re.compile(
    rf"{_PHONE_WORDS}{_GAP}(?!(?:19|20)[0-9]{{2}}[-. ][0-9]{{1,2}}[-. ][0-9])"
    rf"(\+?\(?[0-9](?:[-. ()]{{0,2}}[0-9]){{6,13}}){_RIGHT}{_NO_UNIT}"
)


def _phones(text: str) -> Iterator[Span]:
    for match in _PHONE.finditer(text):
        if match[0].startswith(("+", "00")) or checks.is_national_phone(checks.digits_of(match[0])):
            yield match.span()
    for match in _NAMED_PHONE.finditer(text):
        yield match.span(1)


_DOMAIN = re.compile(r"@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![A-Za-z0-9])")
_LOCAL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.+%-]{0,62}[A-Za-z0-9_+%-])?\Z")


def _emails(text: str) -> Iterator[Span]:
    for match in _DOMAIN.finditer(text):
        # From the @ backwards: a pattern that starts with the name would try every letter.
        local = _LOCAL.search(text[max(0, match.start() - 64) : match.start()])
        if local:
            yield match.start() - len(local[0]), match.end()


_CARD = re.compile(
    _LEFT
    + r"(?:[0-9]{4}(?:[ -][0-9]{4}){2}[ -][0-9]{1,4}(?:[ -][0-9]{1,3})?"
    + r"|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}|[0-9]{6}[ -][0-9]{13})"
    + _RIGHT
)
_BARE_CARD = re.compile(rf"{_LEFT}(?<![A-Za-z_/=#$¥₩￥￦])[0-9]{{13,19}}{_RIGHT}(?![A-Za-z_])")


def _cards(text: str) -> Iterator[Span]:
    for pattern in (_CARD, _BARE_CARD):
        for match in pattern.finditer(text):
            digits = checks.digits_of(match[0])
            is_barcode = pattern is _BARE_CARD and checks.is_barcode(digits)
            if not is_barcode and checks.is_card(digits):
                yield match.span()


# A fourth group of digits on either side makes it a card.
_MY_NUMBER = re.compile(
    rf"{_LEFT}(?<![0-9] )(?<![A-Za-z])[0-9]{{4}}([- ]?)[0-9]{{4}}\1[0-9]{{4}}{_RIGHT}"
    rf"(?! [0-9])(?![A-Za-z]){_NO_UNIT}"
)


def _my_numbers(text: str) -> Iterator[Span]:
    for match in _MY_NUMBER.finditer(text):
        if checks.is_my_number(checks.digits_of(match[0])):
            yield match.span()


_RRN = re.compile(rf"{_LEFT}[0-9]{{6}} ?- ?[1-8](?:[0-9]{{6}}{_RIGHT}|[0-9]{{0,5}}\*{{1,6}})")
_BARE_RRN = re.compile(rf"{_BARE_LEFT}[0-9]{{6}}[1-8][0-9]{{6}}{_BARE_RIGHT}")


def _rrns(text: str) -> Iterator[Span]:
    for match in _RRN.finditer(text):
        if checks.has_birthday(match[0][:6]):
            yield match.span()
    for match in _BARE_RRN.finditer(text):
        if checks.is_rrn(match[0]):
            yield match.span()


_CHINESE_ID = re.compile(
    r"(?<![0-9A-Za-z])[1-9][0-9]{5}([ -]?)(?:19|20)[0-9]{6}\1[0-9]{3}[0-9Xx](?![0-9A-Za-z])"
)
_TAIWAN_ID = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][1289A-Da-d][0-9]{8}(?![0-9A-Za-z])")
_HONG_KONG_ID = re.compile(r"(?<![A-Za-z0-9])[A-Z]{1,2}[0-9]{6} ?\([0-9A]\)")


def _resident_ids(text: str) -> Iterator[Span]:
    for pattern, valid in (
        (_CHINESE_ID, checks.is_chinese_id),
        (_TAIWAN_ID, checks.is_taiwan_id),
        (_HONG_KONG_ID, checks.is_hong_kong_id),
    ):
        for match in pattern.finditer(text):
            if valid(re.sub(r"[^0-9A-Za-z]", "", match[0]).upper()):
                yield match.span()


_POSTCODE = re.compile(
    rf"(?:〒|郵便番号){_GAP}([0-9]{{3}} ?-? ?[0-9]{{4}}){_RIGHT}"
    rf"|{_LEFT}([0-9]{{3}}-[0-9]{{4}})"
    r"(?= ?(?:東京都|北海道|大阪府|京都府|[\u4e00-\u9fff]{2,3}県))"
    rf"|(?:우편번호|\(우\)){_GAP}([0-9]{{5}}|[0-9]{{3}}-[0-9]{{3}}){_RIGHT}"
    rf"|(?:邮编|邮政编码|郵遞區號|郵政編碼){_GAP}([0-9]{{3}}(?:-?[0-9]{{2,3}})?){_RIGHT}"
)


def _postcodes(text: str) -> Iterator[Span]:
    for match in _POSTCODE.finditer(text):
        if match.lastindex:
            yield match.span(match.lastindex)


_ORDER_WORDS = (
    r"(?:注文番号|注文ID|オーダ[-]?番号|受注番号|予約番号|伝票番号|追跡番号"
    r"|주문 ?번호|예약 ?번호|송장 ?번호|운송장 ?(?:번호)?"
    r"|订单(?:编号|号码?)?|訂單(?:編號|號碼?)?|快递单号|運單號|运单号|單號|单号"
    r"|(?i:order (?:no|number|id)|order ?#|tracking (?:no|number)))"
)
_ORDER = re.compile(
    rf"{_ORDER_WORDS}{_GAP}((?=[A-Za-z-]{{0,12}}[0-9])[A-Za-z0-9][A-Za-z0-9-]{{3,38}}[A-Za-z0-9])"
    rf"|{_LEFT}([0-9]{{3}}-[0-9]{{7}}-[0-9]{{7}}){_RIGHT}"
)


def _order_numbers(text: str) -> Iterator[Span]:
    for match in _ORDER.finditer(text):
        span = match.span(match.lastindex or 0)
        if len(checks.digits_of(text[slice(*span)])) >= 4:
            yield span


SEARCHES: dict[str, Callable[[str], Iterator[Span]]] = {
    "phone": _phones,
    "email": _emails,
    "card": _cards,
    "my_number": _my_numbers,
    "rrn": _rrns,
    "resident_id": _resident_ids,
    "postcode": _postcodes,
    "order_number": _order_numbers,
}
