"""The parser of each file.

The ending decides, then special file names, then the content. Endings of images, archives and the like are ruled out
unread. Elsewhere a signature that cannot be mistaken overrules the ending: a PDF or an Office file is read as what it
is under any name, a PNG named ``.md`` is refused as a PNG. Other contradictions, such as a web page saved as ``.pdf``,
are left to the parser, which says what it met.

Another package adds a parser by an entry point in the group ``embedctl.parsers``, named as the ending that it reads,
without the dot: ``vsdx = "embedctl_vsdx:parse"``. It gets the endings that no parser here takes, and is imported and
run in the sandbox of the worker process.
"""

from __future__ import annotations

import re

from ..errors import UnsupportedError
from ..registry import Registry
from . import headed, languages, text
from .decoding import is_text

PARSERS = Registry(
    "parser",
    {
        "text": "embedctl.parsers.text:parse",
        "markdown": "embedctl.parsers.markdown:parse",
        "rst": "embedctl.parsers.rst:parse",
        "headed": "embedctl.parsers.headed:parse",
        "subtitles": "embedctl.parsers.subtitles:parse",
        "code": "embedctl.parsers.code:parse",
        "html": "embedctl.parsers.html:parse",
        "pdf": "embedctl.parsers.pdf:parse",
        "docx": "embedctl.parsers.docx:parse",
        "pptx": "embedctl.parsers.pptx:parse",
        "sheet": "embedctl.parsers.sheet:parse",
        "ole2": "embedctl.parsers.ole2:parse",
        "odf": "embedctl.parsers.odf:parse",
        "rtf": "embedctl.parsers.rtf:parse",
        "epub": "embedctl.parsers.epub:parse",
        "jupyter": "embedctl.parsers.jupyter:parse",
        "email": "embedctl.parsers.email:parse",
        "calendar": "embedctl.parsers.calendar:parse",
        "mhtml": "embedctl.parsers.mhtml:parse",
        "packed": "embedctl.parsers.packed:parse",
    },
    group="embedctl.parsers",
)

KINDS = "kinds"
"""Stands in :data:`VERSIONS` for this module, which decides that a file is read by no parser."""
BULK = "bulk"
"""The same for files that a program wrote for programs, and that are read where a source asks for them."""
_ASKED = "+"
VERSIONS: dict[str, int] = {
    "kinds": 2,
    "html": 2,
    "pdf": 2,
    "epub": 2,
    "text": 2,
    "markdown": 2,
    "rst": 2,
    "code": 2,
    "jupyter": 2,
    "headed": 2,
    "subtitles": 2,
    "packed": 2,
    "email": 2,
    "calendar": 2,
    "mhtml": 2,
    "docx": 2,
    "pptx": 2,
    "sheet": 2,
    "odf": 2,
    "rtf": 2,
    "ole2": 2,
}
"""Of parsers, by name, 1 where none is given; raise one when the same bytes come to give another document.

A parser that takes over files which were read as plain text begins with 2.
Stores keep what read each file, and read it again when that has another version.
"""

HEAD_BYTES = 8192
"""Bytes of a file's beginning that ``parser_for`` reads."""

_ENDINGS = {
    "markdown": "md markdown mdown mkd mdx qmd rmd",
    "rst": "rst rest",
    "headed": headed.ENDINGS,
    "subtitles": "srt vtt sbv",
    "html": "html htm xhtml xht",
    "pdf": "pdf",
    "docx": "docx docm dotx dotm",
    "pptx": "pptx pptm ppsx ppsm potx potm",
    "sheet": "xlsx xlsm xltx xltm xlsb",
    "ole2": "doc dot ppt pps pot xls xlt",
    "odf": "odt ott fodt ods ots fods odp otp fodp odg otg fodg",
    "rtf": "rtf",
    "epub": "epub",
    "jupyter": "ipynb",
    "email": "eml emlx mbox mbx",
    "calendar": "ics vcs",
    "mhtml": "mhtml mht",
    "packed": "gz bz2 xz zst",
}
BY_ENDING = {
    **dict.fromkeys(languages.BY_ENDING, "code"),
    **dict.fromkeys(text.MEDIA_TYPES, "text"),
    **{f".{ending}": parser for parser, endings in _ENDINGS.items() for ending in endings.split()},
}
_TEXT = "readme license licence copying notice authors contributors changelog changes news history install todo version"
BY_NAME = {**dict.fromkeys(languages.BY_NAME, "code"), **dict.fromkeys(_TEXT.split(), "text")}

_REASONS = {
    "image": "png jpg jpeg jpe gif bmp ico cur tif tiff webp avif heic heif jxl psd xcf ai eps svg svgz cr2 nef dng",
    "audio file": "mp3 wav flac ogg oga opus m4a aac wma aiff mid midi",
    "video": "mp4 m4v mkv mov avi webm wmv flv mpg mpeg 3gp",
    "archive; unpack it first": "zip tar tgz tbz tbz2 txz tzst lz4 7z rar jar war ear whl egg deb rpm apk dmg iso"
    " cab msi nupkg",
    "font": "ttf otf woff woff2 eot",
    "compiled program": "exe dll so dylib a o obj lib pyc pyo pyd class wasm bin elf sys ko",
    "binary data file": "parquet feather arrow avro orc npy npz pkl pickle h5 hdf5 mat rds rdata pt pth onnx"
    " safetensors gguf tflite db sqlite sqlite3 mdb accdb dbf shp",
    'no parser for "{}" files; save it as .docx, .xlsx, .pptx or .pdf': "pages"
    " numbers vsd vsdx one msg pst mobi azw azw3 djvu chm",
    "source map": "map",
    "index of a mail program": "msf",
}
UNSUPPORTED = {
    f".{ending}": reason.format(f".{ending}") for reason, endings in _REASONS.items() for ending in endings.split()
}

_DECLARED = (
    (b"mimetypeapplication/epub+zip", "epub"),
    (b"mimetypeapplication/vnd.oasis.opendocument.", "odf"),
)
_OFFICE_FOLDERS = {b"word": "docx", b"ppt": "pptx", b"xl": "sheet"}
_OFFICE_MEMBER = re.compile(rb"PK\x03\x04.{26}(word|ppt|xl)/", re.DOTALL)
_DRAWINGS = frozenset({".svg", ".eps", ".ai", ".dxf"})
"""Endings of pictures that are spelled as text."""
_SOURCE_MAP = re.compile(rb'"(?:mappings|sourcesContent|sources)"\s*:')
_ZIP = b"PK\x03\x04"
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF87a", "GIF image"),
    (b"GIF89a", "GIF image"),
    (b"\x1f\x8b\x08", "gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"\x7fELF", "compiled program"),
    (b"SQLite format 3\0", "SQLite database"),
    (b"PAR1", "Parquet file"),
)
_MAILDIR = re.compile(r"\d{9,11}[._][^/]+")
"""Names of files of a Maildir; the end of a host's name is no ending."""
_MAIL_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:[^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*\r?\n")
_MAILBOX_LINE = re.compile(rb"From [^\r\n]*\r?\n")
_MAIL_SENT = frozenset((b"from", b"received", b"return-path", b"message-id", b"delivered-to"))
_MAIL_FIELDS = _MAIL_SENT | {b"to", b"cc", b"subject", b"date", b"mime-version", b"reply-to", b"in-reply-to"}
_SAVED_PAGE = re.compile(rb"^(?:Snapshot-Content-Location:|From: <Saved by )", re.MULTILINE | re.IGNORECASE)
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""First bytes of a protected Office file, or of one from before Office 2007."""
_ZIPPED = {"docx", "pptx", "sheet", "odf", "epub"}


def parser_for(path: str, head: bytes) -> str:
    """Return the name of the parser for ``path``, whose first bytes (``HEAD_BYTES`` will do) are ``head``.

    With an empty ``head`` the name alone decides, so a caller can rule out images and the like before reading.

    Raises:
        UnsupportedError: nothing here reads that kind of file; the message is the reason.
    """
    name, ending = name_and_ending(path)
    named = BY_NAME.get(name) or BY_ENDING.get(ending)
    if ending and not named and PARSERS.extended_by(ending[1:]):
        return ending[1:]
    if name[:1].isdigit() and _MAILDIR.fullmatch(name) and is_mail(head):
        return "email"
    if ending in UNSUPPORTED and not _is_text_under(ending, head):
        raise UnsupportedError(UNSUPPORTED[ending])
    if evident := _by_signature(head):
        return evident
    named = named or BY_NAME.get(name.partition(".")[0])
    if named in _ZIPPED or named in ("pdf", "packed") or (named == "ole2" and not is_text(head)):
        return named  # their parsers tell what is wrong with the content
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            raise UnsupportedError(f"{what} under another name" if named else what)
    if head.startswith(_ZIP):
        raise UnsupportedError("archive or Office file under another name" if named else "binary file")
    # Web pages, mails and tables of text are called .doc and .xls, graphs are called .dot.
    return _by_content(ending, head) if named is None or (named == "ole2" and head) else named


_UNSEEN = " without OCR"


def version(kind: str, *, unseen: bool = False) -> str:
    """Return the name of a parser with its version: ``pdf/2``; ``unseen``: it met pictures that it might not read."""
    return f"{kind}/{VERSIONS.get(kind, 1)}{_UNSEEN if unseen else ''}"


def taken(kind: str) -> str:
    """Return what ``version`` returns, marked: the file is only read because its source asks for such files."""
    return version(kind) + _ASKED


def is_due(read_by: str | None, *, wanted: bool) -> bool:
    """Return whether a file is read now that was left out before, or left out that was read: as it is ``wanted``."""
    return read_by is not None and (read_by == version(BULK) if wanted else read_by.endswith(_ASKED))


def is_current(read_by: str | None, path: str, *, ocr: bool = False) -> bool:
    """Return whether a file that was read by this version of a parser would be read by the same now.

    ``None``: by a store that did not note it, when every version was 1. ``ocr``: pictures would be read now.
    """
    if read_by is None:
        name, ending = name_and_ending(path)
        named = BY_NAME.get(name) or BY_ENDING.get(ending) or ("email" if _MAILDIR.fullmatch(name) else "text")
        return VERSIONS.get(named, 1) == 1
    read_by = read_by.removesuffix(_ASKED)
    if not ocr:
        read_by = read_by.removesuffix(_UNSEEN)
    return read_by == version(read_by.partition("/")[0])


def name_and_ending(path: str) -> tuple[str, str]:
    """Return the last component of a POSIX path and its suffix, as ``pathlib`` has them but in lower case."""
    name = path[path.rfind("/") + 1 :].lower()
    dot = name.rfind(".")
    return name, name[dot:] if 0 < dot < len(name) - 1 else ""


def is_mail(head: bytes) -> bool:
    """Return whether a file begins with the headers of a mail, or with the line in front of one in a mailbox."""
    line = _MAILBOX_LINE.match(head)
    at, names = line.end() if line else 0, set()
    while field := _MAIL_FIELD.match(head, at):
        names.add(field[1].lower())
        at = field.end()
    return len(names & _MAIL_FIELDS) > 1 and bool(names & _MAIL_SENT)


def _is_text_under(ending: str, head: bytes) -> bool:
    """Return whether a file is text, although others with its ending are not: a .msg or .map may be."""
    if not head or ending in _DRAWINGS or head.startswith((b"%PDF-", b"%!PS", *(mark for mark, _ in _SIGNATURES))):
        return False
    return is_text(head) and not (ending == ".map" and _SOURCE_MAP.search(head))


def _by_signature(head: bytes) -> str | None:
    """Return the parser of content that cannot be anything else."""
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(b"{\\rtf"):
        return "rtf"
    if head.startswith(OLE2):
        return "ole2"
    if head.startswith(_ZIP):
        if declared := next((parser for mark, parser in _DECLARED if mark in head), None):
            return declared
        if member := _OFFICE_MEMBER.search(head):
            return _OFFICE_FOLDERS[member[1]]
    return None


def _by_content(ending: str, head: bytes) -> str:
    if is_mail(head):
        return "mhtml" if _SAVED_PAGE.search(head) else "email"
    if not is_text(head):
        raise UnsupportedError(f'no parser for "{ending}" files' if ending else "binary file")
    begin = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    if begin.startswith((b"<!doctype html", b"<html")):
        return "html"
    return "code" if begin.startswith(b"#!") else "text"
