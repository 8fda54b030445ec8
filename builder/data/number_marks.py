"""How numbers with signs and with marks between thousands are written, for a server without pandas, too."""

from __future__ import annotations

import re

# Currencies, shares, degrees and units that stand beside numbers.
SIGNS = (
    *"$€£¥￥元円₩원₹₽₺₴₫₱฿₪%％‰°℃",
    *("US$", "C$", "A$", "R$", "USD", "EUR", "GBP", "JPY", "CNY", "RMB", "CHF", "INR", "kr", "zł", "Kč"),
    *("°C", "°F", "kg", "g", "mg", "lbs", "lb", "oz", "km", "m", "cm", "mm", "mi", "ft", "in", "l", "ml"),
    *("km/h", "mph", "hp", "kW", "kWh", "W", "V", "Hz", "kHz", "MHz", "GHz", "bpm", "px", "KB", "MB", "GB"),
    *("ms", "s", "sec", "min", "mins", "h", "hours", "days", "weeks", "months", "years", "yrs"),
    *(
        "万",
        "亿",
        "万元",
        "亿元",
        "元/平米",
        "平米",
        "平方米",
        "米",
        "厘米",
        "公里",
        "克",
        "千克",
        "公斤",
        "斤",
    ),
    *("岁", "年", "个月", "月", "天", "小时", "分钟", "分", "秒", "人", "个", "次", "件", "层"),
)


def number_pattern(thousands: str, decimal: str) -> str:
    """Return the regular expression of a number that may have marks between thousands."""
    return rf"[+-]?([1-9]\d{{0,2}}([{thousands}]\d{{3}})+|\d+)([{decimal}]\d*)?"


def plain_number(text: str, thousands: str, decimal: str) -> str:
    """Return a number without marks between thousands, and a point before decimals; other text as it is."""
    if not re.fullmatch(number_pattern(thousands, decimal), text.strip()):
        return text
    return text.strip().replace(thousands, "").replace(decimal, ".")


def signed_pattern(sign: str) -> str:
    """Return the regular expression of a number with a sign beside it, such as $10, -$10, € 10 or 5 %."""
    digits, space = "[0-9.,][0-9.,'’ \u00a0\u202f]*", "[ \u00a0\u202f]?"
    sign = re.escape(sign)
    return f"([+-]?{sign}{digits}|{sign}{space}[+-]?{digits}|[+-]?{digits}{space}{sign})"


def bare_number(text: str, sign: str) -> str:
    """Return a number without the sign beside it; other text as it is."""
    is_signed = re.fullmatch(signed_pattern(sign), text.strip())
    return text.strip().replace(sign, "").strip() if is_signed else text
