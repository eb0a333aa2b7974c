"""Excel workbooks of one sheet, written.

The few XML parts are written directly: the same rows give the same bytes, memory stays flat, and
no text can become a formula, because every text is stored with its type.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from plaint.errors import LimitExceeded
from plaint.tables._guard import encodable
from plaint.tables._rows import Cell

MAX_ROWS: Final = 1_048_576
MAX_COLUMNS: Final = 16_384
MAX_CELL_CHARS: Final = 32_767

# Beyond 15 digits Excel rounds an integer, so it is stored as text.
_MAX_INTEGER: Final = 10**15
_FLUSH_CHARS: Final = 1 << 18

# Characters that XML cannot hold have an escape in workbooks; a text that looks like one of these
# escapes gets its underscore escaped.
_SPECIAL: Final = re.compile("[\0-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_MARKUP: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_NEEDS_CARE: Final = re.compile("[\0-\x08\x0b-\x1f\ufffe\uffff&<>\ud800-\udfff_]")

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_PARTS: Final = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        "</Types>"
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>"
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="plaint" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        "</Relationships>"
    ),
    # Style 1 is the bold header.
    "xl/styles.xml": (
        f'<styleSheet xmlns="{_MAIN}">'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
        '</cellStyleXfs><cellXfs count="2">'
        '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
        '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/>'
        "</cellStyles></styleSheet>"
    ),
}
_SHEET_START: Final = (
    f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    "</sheetView></sheetViews><sheetData>"
)
_SHEET_END: Final = "</sheetData></worksheet>"


class WorkbookSink:
    """A sheet with a bold header that stays in view; texts as texts, numbers as numbers."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        if len(columns) > MAX_COLUMNS:
            raise LimitExceeded(
                f"{len(columns)} columns, a sheet holds {MAX_COLUMNS}: write .csv or .parquet"
            )
        self._archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4)
        self._stream: IO[bytes] | None = None
        self._pieces: list[str] = []
        self._size = 0
        self._rows = 0
        self._cut = 0
        try:
            for name, text in _PARTS.items():
                self._archive.writestr(_entry(name), _HEAD + text)
            self._stream = self._archive.open(_entry("xl/worksheets/sheet1.xml"), "w")
            self._add(_SHEET_START)
            self._row(columns, ' s="1"')
        except BaseException:
            self.drop()
            raise

    def write(self, cells: Sequence[Cell]) -> None:
        """Add a row."""
        if self._rows >= MAX_ROWS:
            raise LimitExceeded(
                f"a sheet holds {MAX_ROWS - 1} rows below its header: write .csv or .parquet"
            )
        self._row(cells, "")

    def _row(self, cells: Sequence[Cell], style: str) -> None:
        self._rows += 1
        written = [self._cell(cell, style) for cell in cells]
        self._add(f"<row>{''.join(written)}</row>")

    def _cell(self, cell: Cell, style: str) -> str:
        if cell is None:
            return "<c/>"
        if isinstance(cell, bool):
            return f'<c{style} t="b"><v>{cell:d}</v></c>'
        if isinstance(cell, float) or (isinstance(cell, int) and abs(cell) < _MAX_INTEGER):
            return f"<c{style}><v>{cell!r}</v></c>"
        text = self._shortened(str(cell))
        if _NEEDS_CARE.search(text):
            text = _SPECIAL.sub(_escape, encodable(text)).translate(_MARKUP)
        return f'<c{style} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'

    def _shortened(self, text: str) -> str:
        # Excel counts UTF-16 units, of which a character has one or two.
        if len(text) * 2 <= MAX_CELL_CHARS:
            return text
        units = encodable(text).encode("utf-16-le")
        if len(units) <= 2 * MAX_CELL_CHARS:
            return text
        self._cut += 1
        return units[: 2 * MAX_CELL_CHARS].decode("utf-16-le", "ignore")

    def _add(self, text: str) -> None:
        self._pieces.append(text)
        self._size += len(text)
        if self._size >= _FLUSH_CHARS:
            self._flush()

    def _flush(self) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write("".join(self._pieces).encode("utf-8"))
        except (RuntimeError, zipfile.LargeZipFile):
            raise LimitExceeded("the sheet is larger than 4 GiB: write .csv or .parquet") from None
        self._pieces.clear()
        self._size = 0

    def finish(self) -> tuple[str, ...]:
        """Complete the file."""
        try:
            self._add(_SHEET_END)
            self._flush()
        finally:
            self.drop()
        if self._cut:
            return (f"{self._cut} cell(s) were cut at {MAX_CELL_CHARS} characters, Excel's limit",)
        return ()

    def drop(self) -> None:
        """Close the file as it is."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self._archive.close()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    # The same on every system, so that the bytes are.
    entry.create_system = 3
    entry.external_attr = 0o600 << 16
    return entry


def _escape(found: re.Match[str]) -> str:
    return f"_x{ord(found[0]):04X}_"
