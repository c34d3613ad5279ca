"""Documents: what may be uploaded, how large, and how the content is recognised (DESIGN §7, Files)."""

from domain.terms import Term


class DocumentState(Term):
    """A document is usable once its bytes were received, measured and recognised."""

    PENDING = "PENDING", "Announced; no bytes yet."
    READY = "READY", "Received, measured and recognised."
    REFUSED = "REFUSED", "Too large or not what it was said to be."


class DocumentAudience(Term):
    """Who sees a document besides its uploader."""

    CASE = "CASE", "The parties of the case and the offices that decide it."
    PUBLISHED = "PUBLISHED", "Everybody who sees the posting or the filing that publishes it."


class DocumentKind(Term):
    """What a document is, as the workflows ask for it."""

    BUSINESS_LICENCE = "BUSINESS_LICENCE", "Business licence (营业执照)."
    STAFF_LIST = "STAFF_LIST", "Staff list (人员名册)."
    MANAGER_CERTIFICATE = "MANAGER_CERTIFICATE", "Certificate of a property manager (物业经理证)."
    TRAINING_RECORD = "TRAINING_RECORD", "Training record (培训记录)."
    OFFICE_PROOF = "OFFICE_PROOF", "Proof of the office (办公场所证明)."
    APPOINTMENT = "APPOINTMENT", "Letter of appointment (任命书)."
    CONTRACT = "CONTRACT", "Contract text (合同文本)."
    OWNERS_RESOLUTION = "OWNERS_RESOLUTION", "Resolution of the owners' assembly (业主大会决议)."
    TENDER_RESULT = "TENDER_RESULT", "Award notice (中标通知书)."
    EXCEPTION_APPROVAL = "EXCEPTION_APPROVAL", "Approval to negotiate without tender (协议选聘批准)."
    PRICE_ITEM = "PRICE_ITEM", "Charge items and standards (收费项目)."
    TERMINATION_NOTICE = "TERMINATION_NOTICE", "Written notice of termination."
    COVENANT = "COVENANT", "Text of a covenant (管理规约文本)."
    PLANNING_PERMIT = "PLANNING_PERMIT", "Planning permit of a development (建设工程规划许可证)."
    FLOOR_PLAN = "FLOOR_PLAN", "Plan that shows rooms and their areas (平面图)."
    DEVELOPER_MANDATE = "DEVELOPER_MANDATE", "The developer's mandate (建设单位委托书)."
    SITE_RECORD = "SITE_RECORD", "Record of a visit on site (现场记录)."
    MODEL_TEXT = "MODEL_TEXT", "A model text (示范文本)."
    COMMITTEE_RECORD = "COMMITTEE_RECORD", "Papers of a committee's election and filing."
    OWNERSHIP_PROOF = (
        "OWNERSHIP_PROOF",
        "Proof of ownership: certificate, contract of sale, inheritance (房屋权属证明).",
    )
    POSTING_PROOF = "POSTING_PROOF", "Photo of a posting on the board."
    PHOTO = "PHOTO", "Photo."
    REPORT = "REPORT", "Report."
    PLAN = "PLAN", "Plan."
    BUDGET = "BUDGET", "Budget."
    ACCEPTANCE = "ACCEPTANCE", "Acceptance record (验收记录)."
    PROGRESS = "PROGRESS", "Certificate of the work's progress (工程进度证明)."
    SETTLEMENT = "SETTLEMENT", "Settlement of costs (结算)."
    AUDIT = "AUDIT", "Audit of a settlement (审价报告)."
    APPORTIONMENT = "APPORTIONMENT", "List of households with their shares (分摊清册)."
    DEMAND_LETTER = "DEMAND_LETTER", "Written demand for payment (催告函)."
    SERVICE_PROOF = "SERVICE_PROOF", "Proof that a letter, notice or ballot was served (送达证明)."
    MEDIATION_RECORD = "MEDIATION_RECORD", "Record of a mediation (调解记录)."
    SUIT_PAPER = "SUIT_PAPER", "Paper for a suit: statement of claim, power of attorney (起诉材料)."
    ASSESSMENT_MEASURES = "ASSESSMENT_MEASURES", "Measures by which custodian banks are assessed (考核办法)."
    BANK_STATEMENT = "BANK_STATEMENT", "A bank's statement as a file (银行对账单)."
    INVOICE = "INVOICE", "Invoice."
    RECEIPT = "RECEIPT", "Receipt for fees, written here (收据)."
    VOTE_NOTICE = "VOTE_NOTICE", "Notice of an owners' vote (表决通知)."
    BALLOT = "BALLOT", "Scanned image of a paper ballot (纸质选票)."
    MANDATE = "MANDATE", "Signed authority to vote for somebody (授权委托书)."
    JUDGMENT = "JUDGMENT", "Judgment or ruling of a court (裁判文书)."
    OTHER = "OTHER", "Another document."


PDF = "application/pdf"
JPEG = "image/jpeg"
PNG = "image/png"
WEBP = "image/webp"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

ZIP = "application/zip"
CSV = "text/csv"
XML = "application/xml"

STATEMENTS = frozenset({CSV, XML})
"""What ``bankStatementFileHandIn`` reads."""

MEDIA_TYPES = frozenset({PDF, JPEG, PNG, WEBP, XLSX, DOCX, ZIP}) | STATEMENTS
"""What may be uploaded. Active content (HTML, SVG, scripts) never is; a ZIP only as a register of CSV files, CSV and XML
only as a bank's statement."""

REGISTERS = frozenset({XLSX, ZIP})
"""What ``registerImport`` reads."""

PHOTOS = frozenset({JPEG, PNG, WEBP})
PHOTO_KINDS = frozenset({DocumentKind.PHOTO, DocumentKind.POSTING_PROOF})

MAX_BYTES = 20 * 1024 * 1024
MAX_PHOTO_BYTES = 10 * 1024 * 1024

HEAD_BYTES = 16
"""How many leading bytes recognise a type."""


def largest(media_type: str) -> int:
    """The size limit of a media type, in bytes."""
    return MAX_PHOTO_BYTES if media_type in PHOTOS else MAX_BYTES


def looks_like(media_type: str, head: bytes) -> bool:
    """Whether the leading bytes are those of the declared media type.

    >>> looks_like("image/png", bytes.fromhex("89504e470d0a1a0a0000000d49484452"))
    True
    >>> looks_like("image/png", b"<html><script>")
    False
    """
    if media_type == CSV:
        return bool(head) and not any(byte < 32 and byte not in b"\t\r\n" for byte in head)
    if media_type == WEBP:
        return head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return any(head.startswith(magic) for magic in _MAGIC.get(media_type, ()))


_ZIP = (b"PK\x03\x04",)
_MAGIC: dict[str, tuple[bytes, ...]] = {
    PDF: (b"%PDF-",),
    JPEG: (b"\xff\xd8\xff",),
    PNG: (b"\x89PNG\r\n\x1a\n",),
    XML: (b"<?xml", b"\xef\xbb\xbf<?xml", b"<Document"),
    XLSX: _ZIP,
    DOCX: _ZIP,
    ZIP: _ZIP,
}
