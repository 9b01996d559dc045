"""A rewriter: other words for those that nobody writes."""

MEANT = {"feline": "kestrel", "mollusc": "lighthouse"}


class Synonyms:
    def rewrite(self, texts):
        return [" ".join(MEANT.get(word, word) for word in text.split()) for text in texts]
