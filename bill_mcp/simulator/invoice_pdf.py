"""An invoice as a PDF: one page of plain text, the same bytes for the same invoice."""

from bill_mcp.simulator.store import Thing

PAGE = (
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
    "/Resources<</Font<</F 5 0 R>>>>>>"
)
FONT = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
LINE_HEIGHT = 16


def as_pdf(invoice: Thing, customer: Thing) -> bytes:
    """Return the invoice as a PDF document."""
    text = [
        f"Invoice {invoice['invoiceNumber']}",
        f"{customer['name']}",
        f"Date {invoice['invoiceDate']}, due {invoice['dueDate']}",
        "",
        *(
            f"{line['quantity']:g} x {line['price']:.2f}  {line.get('description', '')}"
            for line in invoice["invoiceLineItems"]
        ),
        "",
        f"Total {invoice['totalAmount']:.2f}",
    ]
    return document(content_of(text))


def content_of(text: list[str]) -> bytes:
    shown = b" ".join(b"(" + escaped(line) + b")'" for line in text)
    return b"BT /F 11 Tf %d TL 72 720 Td %b ET" % (LINE_HEIGHT, shown)


def escaped(line: str) -> bytes:
    """Return the text as it stands in a PDF string."""
    plain = line.encode("cp1252", errors="replace")
    for sign in (b"\\", b"(", b")"):
        plain = plain.replace(sign, b"\\" + sign)
    return plain


def document(content: bytes) -> bytes:
    """Return a document of one page, with the table of offsets that PDF wants."""
    stream = b"<</Length %d>>\nstream\n%b\nendstream" % (len(content), content)
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        PAGE.encode(),
        stream,
        FONT.encode(),
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(parts) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table)
    trailer = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return out + trailer % (size, out.rindex(b"xref"))
