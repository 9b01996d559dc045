"""Org, AsciiDoc, LaTeX and wiki text: kept verbatim, with title and fields."""

from __future__ import annotations

import pytest

from embedctl.parsers import parse
from embedctl.records import JSON, Markup

FILES: dict[str, tuple[str, Markup, str | None, dict[str, JSON]]] = {
    "a.org": (
        (
            "#+AUTHOR: Ann Dam\n#+TITLE: The [[file:x.org][pump]] house\n#+FILETAGS: :sluice:winter:\n\n"
            "* First :tag:\nText.\n"
        ),
        Markup.ORG,
        "The pump house",
        {"author": "Ann Dam", "title": "The pump house", "filetags": ["sluice", "winter"]},
    ),
    "b.org": ("* TODO Mend the gate   :work:\nText.\n", Markup.ORG, "Mend the gate", {}),
    "a.adoc": (
        "= Pumps & gates =\nAnn Dam\n:keywords: sluice, winter\n:toc: left\n\nText.\n",
        Markup.ASCIIDOC,
        "Pumps & gates",
        {"keywords": "sluice, winter"},
    ),
    "b.asciidoc": ("The pump house\n==============\n\nText.\n", Markup.ASCIIDOC, "The pump house", {}),
    "a.tex": (
        (
            "\\documentclass{article}\n% \\title{Not this}\n"
            "\\title{M\\\"uhle \\& Stra{\\ss}e --- a \\emph{study}\\thanks{Funded.}}\n\\author{J. Dvo\\v{r}\\'{a}k}\n"
        ),
        Markup.LATEX,
        "Mühle & Straße — a study",
        {"author": "J. Dvořák"},
    ),
    "b.tex": ("Some words.\n\\section*{The pump house}\nText.\n", Markup.LATEX, "The pump house", {}),
    "a.wiki": ("= The '''pump''' house =\nText.\n", Markup.WIKI, "The pump house", {}),
}


@pytest.mark.parametrize("path", FILES)
def test_title_and_fields(path: str) -> None:
    text, markup, title, metadata = FILES[path]
    document = parse(text.encode(), path)
    assert (document.text, document.markup, document.title, document.metadata) == (text, markup, title, metadata)


@pytest.mark.parametrize("path", ["a.org", "a.adoc", "a.tex", "a.wiki"])
def test_windows_line_ends_change_nothing_but_themselves(path: str) -> None:
    text, _, title, metadata = FILES[path]
    document = parse(text.replace("\n", "\r\n").encode(), path)
    assert (document.title, document.metadata) == (title, metadata)
