"""Check digits and dates in numbers that identify people and cards."""

from __future__ import annotations

import re

_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NOT_DIGITS = re.compile("[^0-9]")
# Lengths by first digits, so that time stamps and barcodes are not taken for cards.
_CARD = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|5[0-9]{15}|2[2-7][0-9]{14}|3[47][0-9]{13}"
    r"|3(?:[0689][0-9]{12}|[0-9]{15})|6[0-9]{15,18}"
)
_CHINESE_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RRN_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
# Taiwan numbers its letters from 10 in this order.
_TAIWAN_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"


def digits_of(text: str) -> str:
    """Return the ASCII digits of ``text``."""
    return _NOT_DIGITS.sub("", text)


def is_national_phone(digits: str) -> bool:
    """Tell whether a number without a country code has the length that its start asks for."""
    length = len(digits)
    if not digits.startswith("0"):
        return length in (10, 11)
    return length in (10, 11, 12) or (length == 9 and digits.startswith("02"))


def is_card(digits: str) -> bool:
    """Check the length for the issuer and the Luhn digit."""
    if not _CARD.fullmatch(digits):
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def is_barcode(digits: str) -> bool:
    """Check the digit of a 13-digit article number."""
    if len(digits) != 13:
        return False
    return (sum(map(int, digits[::2])) + 3 * sum(map(int, digits[1::2]))) % 10 == 0


def is_my_number(digits: str) -> bool:
    """Check the last of twelve digits of a Japanese individual number."""
    weighted = sum(
        int(digit) * (n + 1 if n <= 6 else n - 5) for n, digit in enumerate(digits[-2::-1], start=1)
    )
    rest = weighted % 11
    return len(set(digits)) > 1 and int(digits[-1]) == (0 if rest <= 1 else 11 - rest)


def has_birthday(digits: str) -> bool:
    """Tell whether the last four digits are a month and a day of it."""
    month, day = int(digits[-4:-2]), int(digits[-2:])
    return 1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]


def is_rrn(digits: str) -> bool:
    """Check a Korean resident number that is written without its dash.

    Numbers given out since October 2020 have no check digit. They are told by a birth after 2019;
    the dash that usually stands after the birthday tells the others.
    """
    if not has_birthday(digits[:6]) or is_barcode(digits):
        return False
    weighted = sum(w * int(d) for w, d in zip(_RRN_WEIGHTS, digits, strict=False))
    # Foreigners have a check digit that is two higher.
    check = (11 - weighted % 11 + (2 if digits[6] in "5678" else 0)) % 10
    return check == int(digits[-1]) or (digits[6] in "3478" and digits[:2] >= "20")


def is_chinese_id(digits: str) -> bool:
    """Check birthday and last sign of an 18-place resident identity number."""
    if not has_birthday(digits[6:14]):
        return False
    weighted = sum(w * int(d) for w, d in zip(_CHINESE_WEIGHTS, digits, strict=False))
    return digits[-1] == "10X98765432"[weighted % 11]


def is_taiwan_id(text: str) -> bool:
    """Check a letter and nine digits; residents from abroad may have a second letter."""
    first = _TAIWAN_LETTERS.index(text[0]) + 10
    second = str(_TAIWAN_LETTERS.index(text[1]) % 10) if text[1].isalpha() else text[1]
    digits = [first // 10, first % 10, *map(int, second + text[2:])]
    weights = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
    return sum(w * d for w, d in zip(weights, digits, strict=True)) % 10 == 0


def is_hong_kong_id(text: str) -> bool:
    """Check one or two letters, six digits and the sign that stands in brackets."""
    padded = text.rjust(9)
    values = [36 if sign == " " else int(sign, 36) for sign in padded]
    return sum(w * v for w, v in zip(range(9, 0, -1), values, strict=True)) % 11 == 0
