"""The parts of a mail: those that are its text, in the order in which a reader sees them, and those attached to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import ParseError
from .calendar import read_calendar
from .html import to_markdown
from .mail_headers import header_block
from .mail_pieces import Piece, unflowed, visible, without_uuencoded
from .mail_words import in_charset
from .markup import tidy
from .mime import MOST_PARTS, Part, parameters

DEEPEST = 30
"""Levels of parts and forwarded messages inside each other that are read."""
LOST_SHARE = 0.02
"""A plain part that lacks more than this share of the words of its HTML sibling is not the same text."""
STUB_WORDS, STUB_SHARE = 20, 0.5
"""A plain part of at least so many words, of which the HTML lacks more than this share, is text of its own."""

MESSAGES = frozenset(("message/rfc822", "message/global", "message/news"))
_HEADERS_ONLY = frozenset(("text/rfc822-headers", "message/global-headers"))
_REPORTS = frozenset(("message/delivery-status", "message/disposition-notification", "message/feedback-report"))
_SIGNATURES = frozenset(("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"))
_ENCRYPTED = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))
_PAGES, _MARK_REACH = ("<html", "<!doctype html"), 200
"""Text that begins so is HTML, whatever it is called."""
_IN_TEXT = frozenset(("text/plain", "text/html"))
_COPIES = frozenset(("text/x-amp-html", "text/watch-html", "text/enriched", "text/richtext", "text/rtf"))
"""Ways to write the text again that few readers show."""


@dataclass(slots=True)
class Body:
    """The text of a mail, and the parts that are not in it."""

    pieces: list[Piece] = field(default_factory=list)
    attachments: list[Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, other: Body) -> None:
        """Put another one behind this one."""
        self.pieces += other.pieces
        self.attachments += other.attachments
        self.notes += other.notes

    @property
    def words(self) -> set[str]:
        """Return the words that a reader sees, in lower case."""
        return set().union(*(piece.words for piece in self.pieces))

    def of_kind(self, *kinds: str) -> list[Piece]:
        """Return the pieces of some kinds."""
        return [piece for piece in self.pieces if piece.kind in kinds]


def read_body(message: Part) -> Body:
    """Return the text and the attachments of a message."""
    return _read(message, 0, outermost=True)


def rendered(body: Body) -> tuple[str, bool]:
    """Return a body's text, and whether there is Markdown in it; notes are added where HTML cannot be converted."""
    texts = []
    for piece in body.pieces:
        if piece.kind != "html":
            texts.append(tidy(piece.text))
            continue
        try:
            texts.append(to_markdown(piece.text))
        except ParseError as error:
            body.notes.append(f"{error.message}: read without its structure")
            texts.append(tidy(visible(piece.text)))
    return "\n\n".join(filter(None, texts)), bool(body.of_kind("html"))


def _read(part: Part, depth: int, outermost: bool = False) -> Body:
    kind = part.content_type or "text/plain"
    if depth > DEEPEST:
        return Body(notes=[f"parts more than {DEEPEST} levels deep are not read"])
    if kind.startswith("multipart/"):
        return _multipart(part, kind, depth)
    if kind in _ENCRYPTED and parameters(part.headers.get("content-type", "")).get("smime-type") != "certs-only":
        return Body(notes=["it is encrypted or signed as S/MIME, and not read"])
    if kind in _SIGNATURES:
        return Body()
    if kind.startswith("image/") and "content-id" in part.headers and part.disposition != "attachment":
        return Body()  # drawn in the text
    if not outermost and _is_attached(part, kind):
        return Body(attachments=[part])
    if kind in MESSAGES or kind in _HEADERS_ONLY:
        return _forwarded(part, kind, depth)
    if kind.startswith("text/") or kind in _REPORTS:
        return _text(part, kind)
    return Body(attachments=[part])


def _is_attached(part: Part, kind: str) -> bool:
    """Return whether a part that may be text, or a message, is to be opened by itself."""
    if part.disposition == "attachment":
        return bool(part.filename) or kind not in _IN_TEXT
    return bool(part.filename) and kind not in _IN_TEXT and kind != "text/calendar" and part.disposition != "inline"


def _multipart(part: Part, kind: str, depth: int) -> Body:
    parts = part.parts()
    if not parts:
        return _text(part, "text/plain")
    if kind == "multipart/encrypted":
        return Body(notes=["it is encrypted, and not read"])
    if kind == "multipart/digest":
        return Body(attachments=[_with_type(each, "message/rfc822") for each in parts])
    bodies = [_read(each, depth + 1) for each in parts]
    if len(parts) == MOST_PARTS:
        bodies.append(Body(notes=[f"parts after the first {MOST_PARTS:,} are not read"]))
    if kind == "multipart/alternative":
        return _alternative(bodies)
    whole = Body()
    for body in bodies:
        whole.add(body)
    return whole


def _with_type(part: Part, kind: str) -> Part:
    return part if part.content_type else Part(part.data, part.start, part.end, {**part.headers, "content-type": kind})


def _alternative(bodies: list[Body]) -> Body:
    """Return the fullest of several bodies that are said to be the same; plain text where it is."""
    plain = next((body for body in bodies if body.of_kind("plain") and not body.of_kind("html")), None)
    rich = next((body for body in reversed(bodies) if body.of_kind("html")), None)
    chosen = [body for body in (plain, rich) if body is not None]
    if plain is not None and rich is not None:
        said, shown = plain.words, rich.words
        if len(shown - said) <= LOST_SHARE * len(shown):
            chosen = [plain]
        elif len(said) < STUB_WORDS or len(said - shown) <= STUB_SHARE * len(said):
            chosen = [rich]
    whole = Body(pieces=[piece for body in chosen for piece in body.pieces])
    for body in bodies:
        if all(body is not each for each in chosen):
            whole.pieces += body.of_kind("calendar")
        whole.attachments += body.attachments
        whole.notes += body.notes
    return whole


def _forwarded(part: Part, kind: str, depth: int) -> Body:
    message = part.message()
    body = Body([Piece(header_block(message), "headers")])
    if kind in MESSAGES:
        body.add(_read(message, depth + 1, outermost=True))
    return body


def _text(part: Part, kind: str) -> Body:
    if kind in _COPIES:
        return Body()
    text, is_certain = in_charset(part.payload(), part.charset)
    notes = [] if is_certain else ["some of its text is in an encoding that is not certain"]
    if kind == "text/calendar":
        entries, _ = read_calendar(text)
        return Body([Piece("\n\n".join(entries), "calendar")] if entries else [], notes=notes)
    if kind == "text/html":
        return Body([Piece(text, "html")], notes=notes)
    about = parameters(part.headers.get("content-type", ""))
    if about.get("format", "").lower() == "flowed":
        text = unflowed(text, glued=about.get("delsp", "").lower() == "yes")
    kind = "html" if text[:_MARK_REACH].lstrip().lower().startswith(_PAGES) else "plain"
    text, files = without_uuencoded(text)
    return Body([Piece(text, kind)], [_uuencoded(*each) for each in files], notes)


def _uuencoded(name: str, lines: str) -> Part:
    data = lines.encode()
    disposition = 'attachment; filename="{}"'.format(name.replace("\\", "/").replace('"', "'"))
    headers = {"content-disposition": disposition, "content-transfer-encoding": "x-uuencode"}
    return Part(data, 0, len(data), headers)
