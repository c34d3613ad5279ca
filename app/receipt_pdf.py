"""The paper of a receipt for fees (收据): A5 across, with a verification code, its QR code and a place for the seal.

Chinese is set in STSong-Light, one of the fonts that PDF readers bring along for Chinese (Adobe-GB1): no font is embedded or
shipped, and a reader that has none of them shows another.
"""

from functools import cache
from pathlib import Path

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import black, red
from reportlab.lib.pagesizes import A5, landscape
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from app.texts import label
from domain.fee_receipts import capital
from domain.money import format_fen
from resolvers.fee_receipts import ReceiptFacts

FONT = "STSong-Light"
MOST_LINES = 8
"""Bills that are named; more of them are summed up."""
QR = 28 * mm
LEFT, LINE = 14 * mm, 6.2 * mm


@cache
def _font() -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    return FONT


def write_receipt(target: Path, facts: ReceiptFacts, address: str) -> None:
    """Write the PDF. The same facts give the same bytes. ``address`` is what the QR code leads to."""
    width, height = landscape(A5)
    canvas = Canvas(str(target), pagesize=(width, height), invariant=True)
    canvas.setTitle(facts.number)
    canvas.setFont(_font(), 18)
    canvas.drawCentredString(width / 2, height - 16 * mm, "物业服务收费收据")
    canvas.setFont(FONT, 10)
    y = height - 26 * mm
    for text in _lines(facts):
        canvas.drawString(LEFT, y, text)
        y -= LINE
    canvas.rect(width - 62 * mm, 14 * mm, 48 * mm, 34 * mm)
    canvas.drawCentredString(width - 38 * mm, 16 * mm, "收款单位（盖章）")
    _draw_code(canvas, facts, address)
    if facts.voided_on is not None:
        _strike(canvas, facts, width, height)
    canvas.showPage()
    canvas.save()


def _lines(facts: ReceiptFacts) -> list[str]:
    named = facts.lines[:MOST_LINES]
    rest = sum(fen for _, fen in facts.lines[MOST_LINES:])
    kept = facts.amount - sum(fen for _, fen in facts.lines)
    return [
        f"编号：{facts.number}　　开具日期：{facts.issued_on:%Y年%m月%d日}",
        f"收款单位：{facts.company}（{facts.credit_code}）",
        f"房屋：{facts.unit}　　交款人：{facts.payer_name or '—'}",
        f"收款日期：{facts.received_on:%Y年%m月%d日}　　收款方式：{_channel(facts.channel)}",
        *(f"　{title}　{format_fen(fen)}" for title, fen in named),
        *([f"　其他账单　{format_fen(rest)}"] if rest else []),
        *([f"　预收　{format_fen(kept)}"] if kept else []),
        f"合计：{format_fen(facts.amount)}　　大写：{capital(facts.amount)}",
    ]


def _channel(name: str) -> str:
    return label("Channel", name, "zh-CN")


def _draw_code(canvas: Canvas, facts: ReceiptFacts, address: str) -> None:
    code = QrCodeWidget(address, barLevel="M")
    left, bottom, right, top = code.getBounds()
    drawing = Drawing(QR, QR, transform=[QR / (right - left), 0, 0, QR / (top - bottom), 0, 0])
    drawing.add(code)
    renderPDF.draw(drawing, canvas, LEFT, 12 * mm)
    canvas.setFont(FONT, 9)
    canvas.drawString(LEFT + QR + 3 * mm, 26 * mm, f"验证码：{facts.code}")
    canvas.drawString(LEFT + QR + 3 * mm, 20 * mm, "扫码或凭验证码查验真伪")


def _strike(canvas: Canvas, facts: ReceiptFacts, width: float, height: float) -> None:
    canvas.saveState()
    canvas.setFillColor(red)
    canvas.setStrokeColor(red)
    canvas.setLineWidth(2)
    canvas.line(LEFT, 12 * mm, width - LEFT, height - 12 * mm)
    canvas.setFont(FONT, 26)
    canvas.drawCentredString(width / 2, height / 2, f"已冲红　{facts.voided_on:%Y-%m-%d}")
    canvas.restoreState()
    canvas.setFillColor(black)
