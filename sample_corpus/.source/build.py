#!/usr/bin/env python3
"""Builds the binary documents of the sample corpus.

Run from anywhere, with reportlab, python-docx, python-pptx and openpyxl
installed:

    python sample_corpus/.source/build.py            # (re)write the files
    python sample_corpus/.source/build.py --check    # compare, write nothing

Output, relative to the corpus folder:

    contextual/contrastive-training.pdf     three pages
    indexing/locality-sensitive-hashing.pdf two pages
    compression/product-quantization.docx
    compression/storage-budget.xlsx
    ranking/cross-encoders.pptx
    evaluation/test-collections.epub        three chapters

All text is original and lives in this file. The output is deterministic for
given library versions: reportlab runs in its invariant mode, document
properties carry the fixed date below, and every ZIP container is rewritten
with sorted members and one fixed time stamp. The PDF text keeps to the
Latin-1 characters of the built-in Helvetica and Courier fonts, so that
nothing has to be embedded and no glyph is missing.

The folder is hidden (its name begins with a dot), so it is not indexed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import re
import sys
import zipfile
from html import escape
from pathlib import Path

CORPUS = Path(__file__).resolve().parent.parent
FIXED = dt.datetime(2024, 1, 15, 12, 0, 0)
ZIP_TIME = (2024, 1, 15, 12, 0, 0)
AUTHOR = "Field guide editors"


# --------------------------------------------------------------------------
# Helpers


def zip_bytes(members: list[tuple[str, bytes]], stored: tuple[str, ...] = ()) -> bytes:
    """Writes a ZIP with fixed time stamps, in the order given."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, ZIP_TIME)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return out.getvalue()


def settle_office_file(raw: bytes) -> bytes:
    """Rewrites a .docx, .pptx or .xlsx so that equal input gives equal bytes."""
    stamp = FIXED.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    members = []
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            if name == "docProps/core.xml":
                data = re.sub(
                    rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)", rb"\g<1>" + stamp + rb"\2", data
                )
            if name == "docProps/thumbnail.jpeg":
                # Comes with the presentation template and shows another deck.
                continue
            if name == "_rels/.rels":
                data = re.sub(rb"<Relationship [^>]*thumbnail\.jpeg[^>]*/>", b"", data)
            members.append((name, data))
    members.sort(key=lambda item: (item[0] != "[Content_Types].xml", item[0]))
    return zip_bytes(members)


# --------------------------------------------------------------------------
# PDF


def build_pdf(title: str, subject: str, blocks: list[tuple]) -> bytes:
    """Lays out ("h", text), ("p", text), ("code", text), ("list", [..]),
    ("table", rows) and ("page",) blocks."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.platypus import (
        ListFlowable,
        ListItem,
        PageBreak,
        Paragraph,
        Preformatted,
        SimpleDocTemplate,
        Spacer,
        Table,
        TableStyle,
    )

    body = ParagraphStyle("body", fontName="Helvetica", fontSize=10.5, leading=14.5, spaceAfter=7)
    head = ParagraphStyle("head", fontName="Helvetica-Bold", fontSize=13, leading=17, spaceBefore=9, spaceAfter=5)
    top = ParagraphStyle("top", fontName="Helvetica-Bold", fontSize=19, leading=24, spaceAfter=10)
    code = ParagraphStyle("code", fontName="Courier", fontSize=9.5, leading=12.5, leftIndent=14, spaceAfter=8)

    story: list = [Paragraph(escape(title), top)]
    for block in blocks:
        kind = block[0]
        if kind == "h":
            story.append(Paragraph(escape(block[1]), head))
        elif kind == "p":
            story.append(Paragraph(escape(block[1]), body))
        elif kind == "code":
            story.append(Preformatted(block[1], code))
        elif kind == "list":
            items = [ListItem(Paragraph(escape(text), body), leftIndent=14) for text in block[1]]
            story.append(ListFlowable(items, bulletType="1", bulletFontName="Helvetica", bulletFontSize=10))
        elif kind == "table":
            cells = [[Paragraph(escape(str(c)), body) for c in row] for row in block[1]]
            table = Table(cells, colWidths=block[2] if len(block) > 2 else None, hAlign="LEFT")
            table.setStyle(
                TableStyle(
                    [
                        ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
                        ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
                        ("VALIGN", (0, 0), (-1, -1), "TOP"),
                    ]
                )
            )
            story += [table, Spacer(1, 8)]
        elif kind == "page":
            story.append(PageBreak())

    def footer(canvas, doc):
        canvas.setFont("Helvetica", 8)
        canvas.drawCentredString(A4[0] / 2, 12 * mm, f"{title} - page {doc.page}")

    out = io.BytesIO()
    doc = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=24 * mm,
        rightMargin=24 * mm,
        topMargin=22 * mm,
        bottomMargin=22 * mm,
        title=title,
        author=AUTHOR,
        subject=subject,
        invariant=1,
    )
    doc.build(story, onFirstPage=footer, onLaterPages=footer)
    return out.getvalue()


CONTRASTIVE = [
    ("p", "Nobody can write down the vector a sentence ought to have. What people can supply is pairs: "
          "this question and the paragraph that settles it, this headline and its article. Contrastive "
          "training turns pairs into geometry. The members of a pair are pulled together, everything else "
          "is pushed away, and after some millions of examples the arrangement generalises to texts that "
          "were never seen."),
    ("h", "The loss"),
    ("p", "The usual objective is called InfoNCE, after a paper on contrastive predictive coding by van den "
          "Oord, Li and Vinyals (2018). It is the cross-entropy of a classification in which the right answer "
          "for a query q is its positive p+ and the wrong answers are a set of negatives:"),
    ("code", "loss = -log  exp( s(q, p+) / t )  /  sum over p of exp( s(q, p) / t )"),
    ("p", "Here s is a similarity, mostly the cosine, and t the temperature. The sum runs over the positive "
          "and all negatives. If every candidate scores alike, the loss equals the logarithm of their number: "
          "with 64 candidates it begins near ln 64 = 4.16. A value that stays there means that nothing is "
          "being learned."),
    ("h", "Temperature"),
    ("p", "Dividing by a small number exaggerates differences. At low temperature the gradient comes almost "
          "entirely from the most similar negatives; at high temperature all negatives share it. SimCSE uses "
          "0.05 and E5 uses 0.01. With unit vectors and t = 1 the loss can never get near zero, since "
          "cosines differ by at most two. If the cosines of a finished model crowd together close to 1, a very low "
          "temperature is the likely reason."),
    ("h", "In-batch negatives"),
    ("p", "Encoding negatives costs as much as encoding positives, so it pays to use them twice. In a batch of "
          "B pairs, the positives of the other B - 1 queries serve as negatives. One matrix product gives all "
          "B x B similarities, and the correct answers lie on the diagonal. Henderson and colleagues used the "
          "trick in 2017 to train a system suggesting replies to e-mail; in the sentence-transformers "
          "library it is called MultipleNegativesRankingLoss."),
    ("p", "Bigger batches give more negatives and, up to a point, better models. Memory is the obstacle. "
          "Gradient caching (Gao and colleagues, 2021) encodes a large batch in slices, computes the gradient "
          "with respect to the vectors alone, and then repeats the forward pass slice by slice to propagate it. "
          "The outcome is the same as with one huge batch, for roughly one additional forward pass. Ordinary "
          "gradient accumulation is no substitute: it adds up the losses of small batches and never "
          "shows a query the negatives of another slice."),
    ("p", "Two precautions. Remove duplicates inside a batch, since a second copy of the positive would be "
          "treated as wrong. And think about the source of the batch: if every batch is drawn from one data "
          "set, negatives are on the same subject and therefore harder; if sources are mixed, the model can "
          "tell them apart by style alone and learns less."),
    ("page",),
    ("h", "Hard negatives"),
    ("p", "Random negatives soon become trivial. Distinguishing a passage on tides from one on tax law teaches "
          "nothing about the difference between spring tides and neap tides. Hard negatives are passages that look right and "
          "are not. They may come from:"),
    ("list", [
        "Keyword search. Take high-ranking BM25 results without the answer. This was the choice of DPR, which "
        "used one for each question.",
        "The model itself. Index the corpus with the current encoder, search with the training queries, and "
        "keep the wrong results near the top. ANCE (Xiong and colleagues, 2021) refreshes the index "
        "during training, so that negatives stay hard as the model improves.",
        "Annotation. In natural-language-inference data, the sentence that contradicts the premise serves directly.",
        "Generation. A language model is asked to write a passage that is close to the topic but does not answer.",
    ]),
    ("h", "False negatives"),
    ("p", "The danger is that the wrong result is not wrong. Training sets mark one or two passages as relevant "
          "and leave all others unjudged. The authors of RocketQA (Qu and colleagues, 2021) examined unlabelled "
          "passages ranked at the top for MS MARCO queries and found about 70 per cent of them to be relevant. A "
          "model punished for placing good passages high learns to avoid good passages."),
    ("p", "Remedies in order of effort:"),
    ("list", [
        "Skip the first ranks. Sample negatives from positions 30 to 200 rather than 1 to 30.",
        "Filter by score. Drop a candidate whose similarity exceeds, say, 95 per cent of the positive's.",
        "Denoise with a cross-encoder. Score each candidate by a slower, better model, and keep it only if "
        "that model is confident that it is irrelevant.",
        "Distil. Give up hard labels, and let the student reproduce the teacher's scores. A mistaken negative "
        "then receives a high target and does no harm.",
    ]),
    ("h", "How many?"),
    ("p", "One to seven for each query is customary. The benefit falls off quickly, while the cost of a step grows in "
          "proportion. Hard negatives of one query also act as additional in-batch negatives for all others."),
    ("h", "Older relatives"),
    ("p", "The triplet loss, made popular by FaceNet (Schroff, Kalenichenko and Philbin, 2015), compares one "
          "positive with one negative and is satisfied as soon as a margin separates them. It works, but each step "
          "sees a single negative, and most triplets become inactive early. The pairwise contrastive loss of "
          "Hadsell, Chopra and LeCun (2006) is older still: it draws similar pairs together and drives "
          "dissimilar ones apart until they are a fixed distance from each other."),
    ("page",),
    ("h", "A recipe in stages"),
    ("p", "General-purpose encoders are trained in two or three stages, each with less and better data."),
    ("list", [
        "Weak supervision. Hundreds of millions of naturally occurring pairs: title and body, question and "
        "accepted answer, citing and cited abstract. Very large batches, in-batch negatives only.",
        "Supervised fine-tuning. Some hundred thousand to a few million labelled pairs with mined hard negatives, "
        "smaller batches, and prompts that name the task.",
        "Adaptation. A few thousand pairs of your own, one or two passes, a low learning rate. Stop early; "
        "check a general benchmark too, since the model forgets easily.",
    ]),
    ("h", "No labels of your own?"),
    ("p", "Generate them. For each passage, let a language model write two or three questions that it answers. Keep a "
          "question only if a search with it brings the passage back near the top (consistency filtering). "
          "Then mine hard negatives and train as above. GPL (Wang, Thakur, Reimers and Gurevych, 2022) adds a "
          "cross-encoder that supplies a soft score for every generated pair, which makes the method forgiving of "
          "poor questions."),
    ("h", "Reading the signs"),
    ("table", [
        ["What you see", "What it usually means"],
        ["Loss stays at the logarithm of the batch size", "learning rate zero or far too high; labels shuffled against queries"],
        ["Loss falls to zero within minutes", "negatives too easy, or the answer leaks into the query"],
        ["Training improves, retrieval does not", "false negatives, or evaluation with other prefixes than training"],
        ["All cosines above 0.9", "low temperature; harmless if the order is right"],
        ["Good on questions, bad on keywords", "training queries were all full sentences; add short ones"],
    ], [200, 250]),
    ("h", "Why it works"),
    ("p", "With ever more negatives the loss approaches the sum of two terms (Wang and Isola, 2020): one rewards "
          "positive pairs for being close, the other rewards the whole set for being spread evenly over the sphere. "
          "The second is the reason why contrastively trained encoders use their dimensions well and why "
          "untuned language models do not."),
    ("h", "A last check"),
    ("p", "Before a long run, overfit on purpose. Take 200 pairs, train until the loss is nearly nil, and verify "
          "that every query retrieves its own positive first. If that fails, the fault is in the code and "
          "more data will not help."),
]

LSH = [
    ("p", "Ordinary hash functions scatter their inputs: change one letter and the value is unrecognisable. A "
          "locality-sensitive hash does the reverse. Similar items receive the same value with high probability, "
          "dissimilar ones with low probability. Similarity search then becomes a table look-up. The "
          "concept is due to Piotr Indyk and Rajeev Motwani (1998)."),
    ("h", "Random hyperplanes"),
    ("p", "For cosine similarity, draw a random direction and note on which side of the perpendicular plane a vector "
          "lies. Two vectors at an angle theta fall on the same side with probability"),
    ("code", "P(same bit) = 1 - theta / pi"),
    ("p", "(Charikar, 2002). With k directions a vector gets a key of k bits. Requiring all bits to agree makes "
          "collisions rare, so several tables, each with its own directions, are used. A pair is found if it "
          "collides in at least one of L tables:"),
    ("code", "P(found) = 1 - (1 - p^k)^L"),
    ("p", "With k = 16 and L = 20:"),
    ("table", [
        ["Angle", "p for one bit", "one table", "twenty tables"],
        ["20 degrees", "0.889", "0.152", "0.963"],
        ["60 degrees", "0.667", "0.0015", "0.030"],
    ], [100, 100, 100, 110]),
    ("p", "The curve is S-shaped: neighbours are nearly always caught and strangers nearly never. Larger k moves the "
          "step toward greater similarity, larger L toward smaller."),
    ("h", "Other families"),
    ("p", "For Euclidean distance, project on a random line and cut the line into segments of equal width "
          "(Datar, Immorlica, Indyk and Mirrokni, 2004). For the overlap of sets there is MinHash, below."),
    ("page",),
    ("h", "MinHash and near-duplicates"),
    ("p", "Represent a text by the set of its word triples. Apply a random permutation to the universe of triples "
          "and record the smallest member of the set. Two sets share that minimum with a probability equal to "
          "their Jaccard similarity, the size of the intersection over that of the union (Broder, 1997). A hundred "
          "permutations give a signature of a hundred numbers, whatever the length of the text."),
    ("p", "Divide the signature into b bands of r rows and put each band in a bucket. Pairs sharing a bucket are "
          "candidates. The step of the curve lies near (1/b)^(1/r); with 20 bands of 5 rows that is 0.55."),
    ("p", "Manku, Jain and Das Sarma (2007) reported on finding near-duplicate web pages with 64-bit simhash "
          "fingerprints. In a collection of eight billion pages, fingerprints differing in at most three bits "
          "marked a pair as near-duplicates."),
    ("h", "Where it stands today"),
    ("p", "As an index for embeddings, hashing has been overtaken. Its guarantees hold for any data, but real data has "
          "structure, and graphs and clustering exploit it. For equal recall LSH needs more memory, as every "
          "table holds every item, and examines more candidates. Multi-probe LSH (Lv and colleagues, 2007), which "
          "also inspects adjacent buckets, reduces the number of tables without changing the conclusion."),
    ("p", "It keeps three strengths. Nothing is trained, so nothing drifts. Insertion and deletion are constant-time. "
          "And keys can be computed on separate machines with no more coordination than a shared random seed. "
          "For cleaning a corpus of copies before embedding it, MinHash is still the standard tool."),
]


# --------------------------------------------------------------------------
# DOCX


def build_docx() -> bytes:
    import docx

    doc = docx.Document()
    props = doc.core_properties
    props.title = "Product quantization"
    props.author = AUTHOR
    props.last_modified_by = AUTHOR
    props.subject = "Compressing vectors with several small codebooks"
    props.keywords = "compression, product quantization, PQ, OPQ"
    props.created = props.modified = FIXED
    props.revision = 1

    doc.add_heading("Product quantization", 0)
    doc.add_paragraph(
        "Replacing a vector by the number of its nearest cluster centre is the strongest compression there is, and "
        "too coarse to be useful: a million centres, already painful to train, distinguish only a million "
        "positions. Hervé Jégou, Matthijs Douze and Cordelia Schmid found a way to have astronomically many "
        "centres without storing them (Product Quantization for Nearest Neighbor Search, 2011)."
    )
    doc.add_heading("Method", 1)
    for text in (
        "Cut every vector into m consecutive pieces of equal length.",
        "For each piece run k-means separately, with 256 centres. These m small tables are the codebooks.",
        "Store a vector as m bytes, each the number of the nearest centre for one piece.",
    ):
        doc.add_paragraph(text, style="List Number")
    doc.add_paragraph(
        "With m = 8 there are 256 to the power of 8, that is 2 to the power of 64, possible combinations, although "
        "only 8 times 256 short centres are kept. A vector of 768 floats takes 3,072 bytes; with m = 96 it takes 96 "
        "bytes, one thirty-second."
    )
    doc.add_heading("Comparing without decoding", 1)
    doc.add_paragraph(
        "For a query, first compute the distance of each of its pieces to all 256 centres of that piece. The result "
        "is a table of m rows and 256 columns. The distance to any stored vector is then the sum of m "
        "look-ups. Because the query itself is not quantized, this is called asymmetric distance computation, "
        "ADC. Quantizing the query as well (SDC) saves little and costs accuracy."
    )
    doc.add_heading("Refinements", 1)
    table = doc.add_table(rows=1, cols=2)
    table.style = "Table Grid"
    table.rows[0].cells[0].text = "Name"
    table.rows[0].cells[1].text = "What it changes"
    for name, text in (
        ("OPQ", "Rotates the space first so that variance is shared out evenly among the pieces (Ge, He, Ke and Sun, 2013)."),
        ("IVFADC", "Assigns vectors to coarse lists and encodes only the residuals; described in the 2011 paper itself."),
        ("Fast scan", "Shrinks the look-up tables until they fit in SIMD registers (André, Kermarrec and Le Scouarnec, 2015); their Quick ADC (2017) does it with 4-bit codes."),
        ("Anisotropic loss", "Penalises errors along the direction of the vector more, since they alter inner products most (Guo and colleagues, 2020; ScaNN)."),
    ):
        cells = table.add_row().cells
        cells[0].text = name
        cells[1].text = text
    doc.add_heading("Practice", 1)
    for text in (
        "Train the codebooks on a sample of at least ten thousand vectors, drawn from the whole collection.",
        "Choose m so that a piece has 4 to 16 coordinates, and so that m divides the dimension.",
        "Keep the originals on disk and recompute the distances of the best hundred; this repairs most errors.",
        "When the subject matter of the collection shifts, codebooks age. Watch the reconstruction error of new vectors.",
    ):
        doc.add_paragraph(text, style="List Bullet")
    doc.add_paragraph(
        "Below a few hundred thousand vectors the effort is wasted. One byte per dimension is simpler, needs no "
        "training, and loses less."
    )
    out = io.BytesIO()
    doc.save(out)
    return settle_office_file(out.getvalue())


# --------------------------------------------------------------------------
# XLSX


def build_xlsx() -> bytes:
    import openpyxl
    from openpyxl.styles import Font

    book = openpyxl.Workbook()
    book.properties.title = "Storage budget for vector indexes"
    book.properties.creator = AUTHOR
    book.properties.created = FIXED
    bold = Font(bold=True)

    sheet = book.active
    sheet.title = "Bytes per vector"
    sheet.append(["Dimensions", "float32", "float16", "int8", "1 bit"])
    for dims in (256, 384, 512, 768, 1024, 1536, 3072, 4096):
        sheet.append([dims, dims * 4, dims * 2, dims, dims // 8])

    sizes = book.create_sheet("One million vectors")
    sizes.append(["Layout (768 dimensions)", "Bytes each", "Total GB", "Exact?", "Remark"])
    for row in (
        ("flat float32", 3072, "yes", "reference for all recall figures"),
        ("flat float16", 1536, "nearly", "order changes only among near-ties"),
        ("flat int8 with one scale per vector", 768 + 4, "no", "usually under one per cent loss of nDCG"),
        ("flat 1 bit", 96, "no", "needs rescoring of several hundred candidates"),
        ("product quantization, 96 codes", 96, "no", "needs trained codebooks"),
        ("graph, M = 16, float32", 3072 + 2 * 16 * 4, "no", "32 base-layer links of 4 bytes; upper layers add a little"),
        ("graph, M = 32, float32", 3072 + 2 * 32 * 4, "no", "64 base-layer links of 4 bytes"),
        ("graph, M = 32, int8", 768 + 4 + 2 * 32 * 4, "no", "links are now a quarter of the total"),
        ("inverted lists, float32", 3072 + 8, "no", "8-byte identifier beside each vector"),
    ):
        sizes.append([row[0], row[1], round(row[1] * 1_000_000 / 1e9, 3), row[2], row[3]])

    notes = book.create_sheet("Notes")
    notes.append(["Topic", "Note"])
    for row in (
        ("Units", "One GB here means 1,000,000,000 bytes. Operating systems often display GiB, which are 7.4 per cent larger, so the figure shown is smaller."),
        ("How many chunks", "A page of prose yields two to three chunks of 200 words. A thousand-page archive is therefore about 2,500 vectors, and fits anywhere."),
        ("Text", "Stored text is often larger than quantized vectors: 200 words of English are about 1,200 bytes before compression."),
        ("Working memory", "Files mapped into memory count only when touched. An exact scan touches every row, a graph search touches a small and scattered part."),
        ("Headroom", "Plan for twice the final size on disk: compaction writes a complete new copy before the old one is removed."),
        ("Decision", "If float16 fits in memory, stop there. If int8 fits, stop there. Only beyond that do one-bit codes or product quantization repay their tuning."),
    ):
        notes.append(list(row))
    for each in book.worksheets:
        for cell in each[1]:
            cell.font = bold
        each.column_dimensions["A"].width = 34
        each.column_dimensions["E"].width = 50
    notes.column_dimensions["B"].width = 110

    out = io.BytesIO()
    book.save(out)
    return settle_office_file(out.getvalue())


# --------------------------------------------------------------------------
# PPTX

SLIDES = [
    ("Why a second look helps", [
        "First-stage retrievers encode query and text apart, so neither can influence how the other is read",
        "A cross-encoder reads both at once: every query token attends to every passage token",
        "It notices negation, numbers, and which noun a condition belongs to",
        "Nothing can be precomputed: one forward pass per candidate",
    ], "Example for the room: 'flights to Lisbon without a stop in Madrid'. A bag of words and most single vectors "
       "rank pages about stops in Madrid highly. The joint model sees the word 'without'."),
    ("The standard recipe", [
        "Input: [CLS] query [SEP] passage [SEP]",
        "A linear layer on the first output gives one relevance score",
        "Train on pairs labelled relevant or not, with negatives taken from the retriever that will be used",
        "Passage Re-ranking with BERT (Nogueira and Cho, 2019) overtook earlier systems on MS MARCO by a wide margin",
    ], "Use the same retriever for negatives as in production. A model trained on BM25 mistakes has never seen the kind "
       "of mistake a dense retriever makes."),
    ("Three families", [
        "Pointwise: score each candidate alone. monoBERT; monoT5, which reads the probability of the word 'true' (2020)",
        "Pairwise: ask which of two candidates is better. duoBERT; quadratic in the number of candidates",
        "Listwise: hand a generative model twenty passages and ask for an ordering; slide the window from the bottom up",
    ], "Listwise ranking by large generators is strong and slow. Output can be malformed: missing numbers, "
       "repetitions. Always repair it into a permutation."),
    ("What it costs", [
        "100 candidates x 10 ms = one second on a CPU core with a small model",
        "Batch candidates, sort them by length, cap the passage at 256 or 512 tokens",
        "A six-layer distilled model keeps most of the quality at a fraction of the time",
        "Cache scores by (query, chunk hash)",
    ], "Latency grows linearly with depth. Measure quality at 20, 50, 100 candidates: the curve flattens early."),
    ("Long documents", [
        "Score passages separately, then take the maximum (MaxP), the first (FirstP) or the sum (SumP); Dai and Callan, 2019",
        "MaxP is the sound default",
        "Show the reader the winning passage, not the top of the file",
    ], "Summing favours long documents. FirstP is fine for news, where the lead holds the point."),
    ("Rules of thumb", [
        "Recall first: what the first stage misses cannot be promoted",
        "Rerank 50 to 100 when quality matters, 20 when latency does",
        "Scores are logits, not probabilities; calibrate before applying a threshold",
        "Keep the original order for ties and for candidates beyond the cut",
        "Check on your own queries: out of domain, a weak reranker can make a good list worse",
    ], "Close by asking each team to bring ten queries on which the first result is wrong."),
]


def build_pptx() -> bytes:
    import pptx

    deck = pptx.Presentation()
    props = deck.core_properties
    props.title = "Reranking with cross-encoders"
    props.author = AUTHOR
    props.last_modified_by = AUTHOR
    props.subject = "Workshop slides"
    props.created = props.modified = FIXED
    props.revision = 1

    first = deck.slides.add_slide(deck.slide_layouts[0])
    first.shapes.title.text = "Reranking with cross-encoders"
    first.placeholders[1].text = "Search workshop, session four"
    for title, points, note in SLIDES:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        frame = slide.placeholders[1].text_frame
        frame.text = points[0]
        for point in points[1:]:
            frame.add_paragraph().text = point
        slide.notes_slide.notes_text_frame.text = note
    out = io.BytesIO()
    deck.save(out)
    return settle_office_file(out.getvalue())


# --------------------------------------------------------------------------
# EPUB

CHAPTERS = [
    ("cranfield", "The Cranfield experiments", [
        "Until the late 1950s, arguments about indexing were settled by authority. Cyril Cleverdon, librarian of the "
        "College of Aeronautics at Cranfield in England, proposed to settle them by measurement.",
        "The first project (1958 to 1962) had 18,000 papers on aeronautics indexed under four competing systems: the "
        "Universal Decimal Classification, an alphabetical subject catalogue, a faceted scheme, and Uniterms. The four "
        "did about equally well, which pleased none of their advocates. Critics also objected that every question "
        "had been made up from one of the papers, so that the test was one of recognising a known item.",
        "The second project, reported in 1966 and 1967, answered the criticism. Authors of recent papers were asked for the "
        "questions that had led to their work. A collection of 1,400 papers was searched with them, "
        "and the relevance of every paper to every question was graded. The form in common circulation has 1,400 abstracts "
        "and 225 questions. The surprise was that plain single words taken from the text outdid carefully "
        "constructed vocabularies.",
        "What survived is the design: a fixed set of documents, a fixed set of questions, and judgements saying which "
        "documents answer which question. Given these three, any number of systems can be compared again and again, by "
        "anyone, without asking a single further person. That is the Cranfield paradigm.",
        "It rests on simplifications. Relevance is taken to be a property of a document and a question alone. One "
        "judge stands for all users. Documents are judged independently, so the tenth copy of a fact counts as much as "
        "the first. And the judgements are assumed to be complete.",
    ]),
    ("trec", "TREC and pooling", [
        "Completeness is affordable for 1,400 abstracts and hopeless for a million. The way out had been suggested by Karen "
        "Spärck Jones and Keith van Rijsbergen in 1975: let many different systems search, and judge only the union of "
        "their best results. This union is called the pool.",
        "The Text REtrieval Conference put it into practice. Donna Harman of the United States National Institute of "
        "Standards and Technology organised the first in 1992, with about three quarters of a million documents, far more than "
        "academic groups had been used to. Each participant submitted rankings; the top one or two hundred of each entered the pool; retired "
        "information analysts judged it.",
        "Is that fair? Justin Zobel estimated in 1998 that pools had found at best 50 to 70 per cent of the relevant "
        "documents, yet that comparisons between systems were reliable. Ellen Voorhees had topics judged again by other "
        "people: they agreed on fewer than half of the documents called relevant by either, but the order of systems hardly "
        "changed. Absolute figures are soft; differences are firm.",
        "The assumption weakens when a new system is unlike all that contributed. A dense retriever evaluated on a pool made "
        "from keyword systems may return good documents that nobody judged, and is charged for each of them.",
    ]),
    ("beir", "From MS MARCO to BEIR", [
        "Neural models need training data, and in 2016 MS MARCO provided it: real questions from a web search log, with about "
        "one marked passage each. Hundreds of thousands of training pairs made modern retrieval possible. The marks are sparse, so "
        "many passages that answer equally well count as wrong.",
        "Models trained and tested on the same collection said little about any other. BEIR (Thakur, Reimers, Rücklé, "
        "Srivastava and Gurevych, 2021) assembled 18 existing collections covering nine kinds of task: fact checking, "
        "duplicate questions, arguments, citation prediction, biomedical and financial questions, and more. A model must be applied to "
        "all of them without further training. The headline was humbling: BM25 proved hard to beat, and the methods that did so "
        "best, rerankers and late interaction, were also the most expensive.",
        "The layout has become a lingua franca. A collection consists of corpus.jsonl, with the fields _id, title and text on "
        "each line; queries.jsonl, with _id and text; and qrels, a table with a header and three tab-separated columns: "
        "query-id, corpus-id, score.",
        "MTEB (Muennighoff and colleagues, 2023) placed retrieval beside classification, clustering and similarity: eight tasks and "
        "58 data sets in its first version. Its public leaderboard brought a familiar disease. Once a benchmark is a target, training "
        "data drifts toward it, and scores rise faster than usefulness. The lesson is the one of Cranfield: build a small "
        "collection of your own, with your documents and your users' questions. Fifty questions, judged with care, tell "
        "you more about your system than any leaderboard.",
    ]),
]


def build_epub() -> bytes:
    title = "Test collections: a short history"
    uid = "urn:uuid:5b0d9a5e-6f1c-4c57-9a53-2f4f1f0c7a11"

    def page(heading: str, inner: str) -> bytes:
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
            '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" xml:lang="en" lang="en">\n'
            f"<head><title>{escape(heading)}</title></head>\n<body>\n{inner}\n</body>\n</html>\n"
        ).encode()

    members: list[tuple[str, bytes]] = [
        ("mimetype", b"application/epub+zip"),
        (
            "META-INF/container.xml",
            b'<?xml version="1.0"?>\n<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            b'<rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles>'
            b"</container>\n",
        ),
    ]
    manifest = ['<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>']
    spine, toc = [], []
    for name, heading, paragraphs in CHAPTERS:
        manifest.append(f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>')
        spine.append(f'<itemref idref="{name}"/>')
        toc.append(f'<li><a href="{name}.xhtml">{escape(heading)}</a></li>')
    opf = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="uid" xml:lang="en">\n'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="uid">{uid}</dc:identifier><dc:title>{escape(title)}</dc:title>'
        f"<dc:language>en</dc:language><dc:creator>{AUTHOR}</dc:creator><dc:date>{FIXED:%Y-%m-%d}</dc:date>"
        f'<meta property="dcterms:modified">{FIXED:%Y-%m-%dT%H:%M:%SZ}</meta></metadata>\n'
        f"<manifest>{''.join(manifest)}</manifest>\n<spine>{''.join(spine)}</spine>\n</package>\n"
    )
    members.append(("OEBPS/content.opf", opf.encode()))
    members.append(
        ("OEBPS/nav.xhtml", page("Contents", f'<nav epub:type="toc"><h1>Contents</h1><ol>{"".join(toc)}</ol></nav>'))
    )
    for name, heading, paragraphs in CHAPTERS:
        inner = f"<h1>{escape(heading)}</h1>\n" + "\n".join(f"<p>{escape(text)}</p>" for text in paragraphs)
        members.append((f"OEBPS/{name}.xhtml", page(heading, inner)))
    return zip_bytes(members, stored=("mimetype",))


# --------------------------------------------------------------------------


def build_all() -> dict[str, bytes]:
    return {
        "contextual/contrastive-training.pdf": build_pdf(
            "Contrastive training of text encoders", "InfoNCE, in-batch and hard negatives", CONTRASTIVE
        ),
        "indexing/locality-sensitive-hashing.pdf": build_pdf(
            "Locality-sensitive hashing", "Random hyperplanes and MinHash", LSH
        ),
        "compression/product-quantization.docx": build_docx(),
        "compression/storage-budget.xlsx": build_xlsx(),
        "ranking/cross-encoders.pptx": build_pptx(),
        "evaluation/test-collections.epub": build_epub(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the binary documents of the sample corpus.")
    parser.add_argument("--check", action="store_true", help="report files that differ, write nothing")
    args = parser.parse_args()
    differing = 0
    for name, data in build_all().items():
        target = CORPUS / name
        if args.check:
            if not target.exists() or target.read_bytes() != data:
                print(f"differs: {name}")
                differing += 1
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        print(f"wrote {name} ({len(data)} bytes)")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
