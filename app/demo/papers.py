"""What is inside the demo's documents: one page and one picture that say so."""

from functools import cache

from domain.documents import JPEG, PDF, DocumentKind

_K = DocumentKind
NAMES = {
    _K.BUSINESS_LICENCE: "营业执照",
    _K.STAFF_LIST: "人员名册",
    _K.MANAGER_CERTIFICATE: "物业经理证书",
    _K.TRAINING_RECORD: "培训记录",
    _K.OFFICE_PROOF: "办公场所证明",
    _K.CONTRACT: "物业服务合同",
    _K.OWNERS_RESOLUTION: "业主大会决议",
    _K.TENDER_RESULT: "中标通知书",
    _K.PRICE_ITEM: "收费项目表",
    _K.TERMINATION_NOTICE: "解约通知书",
    _K.POSTING_PROOF: "张贴照片",
    _K.PHOTO: "现场照片",
    _K.PLAN: "维修方案",
    _K.BUDGET: "工程预算",
    _K.ACCEPTANCE: "验收记录",
    _K.SETTLEMENT: "工程结算",
    _K.APPORTIONMENT: "分摊清册",
    _K.PROGRESS: "工程进度证明",
    _K.AUDIT: "审价报告",
    _K.SERVICE_PROOF: "送达回证",
    _K.BALLOT: "纸质选票",
    _K.INVOICE: "发票",
}


def content_of(*, photo: bool) -> tuple[str, bytes]:
    """Media type and bytes of a demo document."""
    return (JPEG, _PICTURE) if photo else (PDF, _page())


@cache
def _page() -> bytes:
    """A PDF of one page that reads DEMO."""
    stream = b"BT /F1 48 Tf 72 700 Td (DEMO - no real document) Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    )
    page, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(page))
        page += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    start = len(page)
    return (
        page
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (
            count,
            table,
            count,
            start,
        )
    )


_PICTURE = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300"
    + "01" * 64
    + "ffc0000b080001000101011100ffc40014000100000000000000000000000000000009ffc40014100100000000000000000000000000000000"
    + "ffda0008010100003f0037ffd9"
)
"""A JPEG of a single grey point."""
