"""WeChat Pay's bill of a day (交易账单): lines of fields that each begin with a backquote, under a line of their names, and the
day's sums below.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from domain.calendar import SHANGHAI
from domain.checkouts import CURRENCY
from domain.pay_bills import BilledPayment, BilledRefund, DayBill

TIME, MERCHANT, REFERENCE, NUMBER = "交易时间", "特约商户号", "微信订单号", "商户订单号"
STATE, MONEY, AMOUNT, FEE = "交易状态", "货币种类", "订单金额", "手续费"
REFUND_REFERENCE, REFUND_NUMBER, REFUND_AMOUNT, REFUND_STATE = (
    "微信退款单号",
    "商户退款单号",
    "申请退款金额",
    "退款状态",
)
COUNT = "总交易单数"
FIELDS = (
    TIME, "公众账号ID", "商户号", MERCHANT, "设备号", REFERENCE, NUMBER, "用户标识", "交易类型", STATE, "付款银行", MONEY,
    "应结订单金额", "代金券金额", REFUND_REFERENCE, REFUND_NUMBER, "退款金额", "充值券退款金额", "退款类型", REFUND_STATE,
    "商品名称", "商户数据包", FEE, "费率", AMOUNT, REFUND_AMOUNT, "费率备注",
)  # fmt: skip
SUMS = (COUNT, "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额", "订单总金额", "申请退款总金额")


def read(text: str, merchant: str) -> DayBill:
    """The bill in ``text``, which must be this merchant's alone and whole. Raises ``ValueError`` with what is wrong.

    >>> line = dict.fromkeys(FIELDS, "") | {TIME: "2026-03-02 08:00:00", MERCHANT: "19", REFERENCE: "42", NUMBER: "A1"}
    >>> line |= {STATE: "SUCCESS", MONEY: "CNY", AMOUNT: "120.00", FEE: "0.72000"}
    >>> found = read(written([line]), "19").payments[0]
    >>> found.number, found.amount, found.fee, found.paid_at.isoformat()
    ('A1', 12000, 72, '2026-03-02T08:00:00+08:00')
    """
    lines = text.removeprefix("\ufeff").split("\n")
    names = lines[0].strip().split(",")
    rows, payments, refunds = 0, [], []
    for line in lines[1:]:
        if line.startswith(COUNT):
            break
        row = _row(names, line)
        rows += 1
        if row[MERCHANT] != merchant or row[MONEY] != CURRENCY:
            raise ValueError("another merchant's, or other money")
        if row[STATE] == "SUCCESS":
            paid_at = datetime.fromisoformat(row[TIME]).replace(tzinfo=SHANGHAI)
            payments.append(BilledPayment(row[NUMBER], row[REFERENCE], fen(row[AMOUNT]), paid_at, _rounded(row[FEE])))
        elif row[STATE] == "REFUND":
            done = row[REFUND_STATE] == "SUCCESS"
            refunds.append(BilledRefund(row[REFUND_NUMBER], row[REFUND_REFERENCE], fen(row[REFUND_AMOUNT]), done))
    below = lines[rows + 1 : rows + 3]
    if len(below) < 2 or _row(below[0].strip().split(","), below[1])[COUNT] != str(rows):
        raise ValueError("not whole")
    return DayBill(payments, refunds)


def written(rows: list[dict[str, str]]) -> str:
    """A bill of these rows, as WeChat Pay writes it; of the sums only the count."""
    sums = dict.fromkeys(SUMS, "0.00") | {COUNT: str(len(rows))}
    lines = [",".join(FIELDS), *(_line([row[name] for name in FIELDS]) for row in rows)]
    return "\r\n".join([*lines, ",".join(SUMS), _line(list(sums.values())), ""])


def fen(yuan: str) -> int:
    """Yuan as they are written there, in fen. Raises ``ValueError`` for parts of a fen.

    >>> fen("120.05")
    12005
    """
    amount = _decimal(yuan) * 100
    if amount != int(amount):
        raise ValueError("parts of a fen")
    return int(amount)


def sha1(content: bytes) -> str:
    """What tells a bill that arrived whole; that it is WeChat Pay's, TLS and the signed answer that names the hash say."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def _rounded(yuan: str) -> int:
    """A fee, which is written with five places."""
    return int((_decimal(yuan) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def _decimal(yuan: str) -> Decimal:
    try:
        return Decimal(yuan)
    except InvalidOperation as error:
        raise ValueError("no amount") from error


def _row(names: list[str], line: str) -> Mapping[str, str]:
    """The fields of a line by their names. Commas inside a field do no harm: a field begins with a backquote."""
    values = line.strip().removeprefix("`").split(",`")
    if len(values) != len(names) or not {COUNT, *FIELDS} & set(names):
        raise ValueError("not a bill")
    return dict(zip(names, values, strict=True))


def _line(values: list[str]) -> str:
    return ",".join(f"`{value}" for value in values)
