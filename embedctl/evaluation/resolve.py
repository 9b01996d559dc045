"""Documents or chunks that judged ids name, by whichever of their names was used; and remarks on all that is left out.

=================================  =======================================  ==================
name                               such as                                  of
=================================  =======================================  ==================
id of a document                   ``4079``, ``practice/recall.eml``        files and records
source and id                      ``corpus:4079``                          files and records
path from the store's base         ``docs/practice/recall.eml``             files
any of these, ``#`` and a number   ``corpus:4079#0``                        chunks
=================================  =======================================  ==================

All kinds of names are tried. A name that only reads right with ``%20`` as a blank is read so, as runs of TREC
write blanks.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from ..index.open import require_index
from ..plural import counted
from ..sources.describe import path_from_base
from ..store.files import read_columns
from ..store.parts import chunk_columns
from .judgements import Judgements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..query.query_file import NamedQuery
    from ..records import Hit
    from ..store.layout import Layout
    from ..store.manifest import Part
    from ..store.snapshot import Snapshot

JudgementLevel = Literal["documents", "chunks"]
Spelling = Literal["doc_id", "source and doc_id", "path"]

CHUNK = re.compile(r"(.+)#(\d{1,18})", re.DOTALL)
"""Name of a document, and number of a chunk."""
_LISTED = 3


@dataclass(frozen=True, slots=True)
class Names:
    """Names of hits for the comparison with judgements."""

    level: JudgementLevel
    judged: dict[str, str]
    """``source:doc_id`` of a document, or id of a chunk -> the name that it was judged by."""
    spelling: Spelling
    """Kind of name that judgements use; unjudged documents are named likewise."""
    several: bool
    """The store has several sources, whose documents may share an id."""

    def of(self, hit: Hit) -> str:
        """Return the name of a hit."""
        own = hit.id if self.level == "chunks" else f"{hit.source}:{hit.doc_id}"
        judged = self.judged.get(own)
        if judged is not None or self.level == "chunks":
            return judged or own
        if self.spelling == "path" and hit.record is None:
            return hit.path
        return hit.doc_id if self.spelling == "doc_id" and not self.several else own


@dataclass(frozen=True, slots=True)
class Resolved:
    """Judgements in terms of a store."""

    judgements: Judgements
    """As they were; ids that name the same thing are one, with the better grade."""
    called: dict[str, str]
    """Judged id -> its name in ``judgements``."""
    names: Names
    judged: int
    """Different ids that were judged."""
    missing: tuple[str, ...]
    """Those that the index does not have. They still count as what should be found."""
    ambiguous: dict[str, tuple[str, ...]]
    """Those that name several documents, which count as one: whichever is found first."""
    merged: int
    """Ids that name what another one names."""
    mixed: int
    """Chunks that were judged among documents: they count as their documents."""


def resolve(snapshot: Snapshot, judgements: Judgements) -> Resolved:
    """Resolve the ids of ``judgements`` in an index; read names of documents, and ids of chunks if they are judged.

    Raises:
        NoStoreError: there is no index.
        DamagedError: a part is missing, or not what was written.
    """
    parts = require_index(*snapshot).parts
    ids = list(dict.fromkeys(name for grades in judgements.grades.values() for name in grades))
    documents = _documents(snapshot, parts, _asked(ids))
    chunks = _chunks(snapshot.layout, parts, ids, documents)
    found = {name: _meaning(name, documents) for name in ids}
    spelled = Counter(spelling for meanings in found.values() for _, spelling in meanings[:1])
    whole = [name for name in ids if name not in chunks and found[name]]
    level: JudgementLevel = "chunks" if chunks and not whole else "documents"
    owners = {
        name: tuple(chunks.get(name, ()))
        if level == "chunks"
        else tuple(dict.fromkeys(chunks.get(name, {}).values() or (document for document, _ in found[name])))
        for name in ids
    }
    judged, called = _called(owners)
    return Resolved(
        judgements=_merged(judgements, called),
        called=called,
        names=Names(
            level, judged, spelled.most_common(1)[0][0] if spelled else "doc_id", len(snapshot.manifest.sources) > 1
        ),
        judged=len(ids),
        missing=tuple(name for name in ids if not owners[name]),
        ambiguous={name: told for name, told in owners.items() if len(told) > 1},
        merged=sum(name != called[name] for name in ids),
        mixed=len(chunks) if level == "documents" else 0,
    )


Meanings = dict[str, dict[str, Spelling]]
"""Name -> documents it may mean, as ``source:doc_id``, and how it spells each."""
Chunks = dict[str, dict[str, str]]
"""Name -> ids of the chunks it may mean, and the document of each."""


def _asked(ids: Iterable[str]) -> set[str]:
    """Return every text that may be the name of a document."""
    asked: set[str] = set()
    for name in ids:
        for told in _spellings(name):
            asked.add(told)
            if chunk := CHUNK.fullmatch(told):
                asked.add(chunk[1])
    return asked


def _spellings(name: str) -> Iterable[str]:
    """Return a name, and what it is without ``%20`` and its like."""
    try:
        return dict.fromkeys((name, unquote(name, errors="strict")))
    except UnicodeDecodeError:
        return (name,)


def _documents(snapshot: Snapshot, parts: Sequence[Part], asked: set[str]) -> Meanings:
    """Return what each of ``asked`` means; documents that none of them names are not held."""
    import pyarrow as pa
    import pyarrow.compute as pc

    layout, roots = snapshot.layout, snapshot.roots
    prefixes = {*(f"{source}:" for source in roots), *(path_from_base(root, "") for root in roots.values())}
    rests = {name.removeprefix(prefix) for prefix in prefixes for name in asked if name.startswith(prefix)}
    told = pa.array(sorted(asked | rests), pa.string())
    meanings: Meanings = {}
    for part in parts:
        table = read_columns(layout.documents(part.number), part.documents, ["source", "doc_id", "path", "record"])
        wanted = pc.or_(pc.is_in(table["doc_id"], told), pc.is_in(table["path"], told))
        rows = pc.indices_nonzero(wanted)
        dead = frozenset(part.dead)
        for row, entry in zip(rows.to_pylist(), table.take(rows).to_pylist(), strict=True):
            if row in dead:
                continue
            document = f"{entry['source']}:{entry['doc_id']}"
            for name, spelling in names_of(entry, roots):
                if name in asked:
                    meanings.setdefault(name, {}).setdefault(document, spelling)
    return meanings


def names_of(entry: Mapping[str, Any], roots: Mapping[str, str]) -> Iterator[tuple[str, Spelling]]:
    """Yield every name of a document, of which ``entry`` has the columns, and how it is spelled."""
    yield entry["doc_id"], "doc_id"
    yield f"{entry['source']}:{entry['doc_id']}", "source and doc_id"
    if entry["record"] is None:
        yield path_from_base(roots.get(entry["source"], ""), entry["path"]), "path"


def _meaning(name: str, documents: Meanings) -> list[tuple[str, Spelling]]:
    for told in _spellings(name):
        if told in documents:
            return list(documents[told].items())
    return []


def _chunks(layout: Layout, parts: Sequence[Part], ids: Sequence[str], documents: Meanings) -> Chunks:
    """Return for each judged name of a chunk the ids of the chunks that it may mean, and their documents."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted: Chunks = {}
    for name in ids:
        if _meaning(name, documents):
            continue  # a document whose name ends as a chunk's does
        for told in _spellings(name):
            if chunk := CHUNK.fullmatch(told):
                wanted[name] = {f"{key}#{int(chunk[2])}": key for key in documents.get(chunk[1], {})}
    asked = pa.array(sorted({chunk for keys in wanted.values() for chunk in keys}), pa.string())
    if not len(asked):
        return {}
    there: set[str] = set()
    for part in parts:
        table = chunk_columns(layout, part, "chunk_id")
        there.update(table.filter(pc.is_in(table["chunk_id"], asked))["chunk_id"].to_pylist())
    found = {name: {chunk: key for chunk, key in keys.items() if chunk in there} for name, keys in wanted.items()}
    return {name: keys for name, keys in found.items() if keys}


def _called(owners: dict[str, tuple[str, ...]]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what each document or chunk is called, and what each judged id becomes."""
    judged: dict[str, str] = {}
    called: dict[str, str] = {}
    for name, keys in owners.items():
        called[name] = next((judged[key] for key in keys if key in judged), name)
        for key in keys:
            judged.setdefault(key, called[name])
    return judged, called


def _merged(judgements: Judgements, called: dict[str, str]) -> Judgements:
    merged: dict[str, dict[str, int]] = {}
    for query, grades in judgements.grades.items():
        of_query = merged.setdefault(query, {})
        for name, grade in grades.items():
            one = called[name]
            of_query[one] = max(grade, of_query.get(one, grade))
    return Judgements(merged)


def notes_of(queries: Sequence[NamedQuery], judgements: Judgements, resolved: Resolved) -> Iterator[str]:
    """Yield finished sentences on missing ids, omitted queries, and the kind of name that ids were taken for."""
    asked = {query.id for query in queries}
    relevant = resolved.judgements.scored()
    unjudged = [query.id for query in queries if query.id not in judgements.grades]
    hopeless = [query.id for query in queries if query.id in judgements.grades and query.id not in relevant]
    unasked = [query for query in judgements.grades if query not in asked]
    if resolved.missing:
        yield (
            f"{len(resolved.missing):,} of {counted(resolved.judged, 'judged id')} "
            f"{'is' if len(resolved.missing) == 1 else 'are'} not in the index ({listed(resolved.missing)}); "
            "relevant ones count as not found."
        )
    for left, names in (
        ("Left out, without a judgement", unjudged),
        ("Left out, with nothing relevant among the judgements", hopeless),
        ("Judged, but not among the queries", unasked),
    ):
        if names:
            yield f"{left}: {counted(len(names), 'query')} ({listed(names)})."
    if resolved.ambiguous:
        name, told = next(iter(resolved.ambiguous.items()))
        yield (
            f'{counted(len(resolved.ambiguous), "judged id")} may mean several documents ("{name}": {listed(told)}); '
            "whichever of them is found first counts."
        )
    if resolved.merged:
        yield f"{counted(resolved.merged, 'judged id')} named what another one names; the better grade counts."
    if resolved.mixed:
        yield f"{counted(resolved.mixed, 'chunk')} judged among documents: each counts as its document."


def listed(names: Sequence[str]) -> str:
    """Return some of ``names`` in quotes, and how many more there are."""
    told = ", ".join(f'"{name}"' for name in names[:_LISTED])
    return told if len(names) <= _LISTED else f"{told} and {len(names) - _LISTED:,} more"
