"""Evaluation of a store without judgements: known-item queries made from the corpus itself.

A query is copied from a document, and what it was copied from is held out of the index before the query is asked: the
title, the heading or the sentence is taken out of every chunk of the document that has it, for every arm. The document
has to be found by what is left of it. See ``docs/synthetic.md`` for what such a number means, and what it does not.

Leif Azzopardi, Maarten de Rijke and Krisztian Balog, "Building simulated queries for known-item topics", SIGIR 2007:
queries from a document, for that document, and how far they are from what people ask. Kenton Lee, Ming-Wei Chang and
Kristina Toutanova, "Latent retrieval for weakly supervised open domain question answering", ACL 2019: a sentence as a
question to its own passage, out of which it was taken (the inverse cloze task).
"""
