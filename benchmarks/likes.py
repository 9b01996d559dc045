"""A judged collection of any size in which only exact words find anything: who likes what.

Every document lists what a person likes: "Anna Keller likes chess, climbing, ...". All are drawn from the same common
things, except that each query asks for a rare one, which two people like in the whole collection: "Who likes quokkas?"
To an encoder a list of eight likes looks like any other, so that the dense arm guesses; BM25 finds both people.
After LIMIT: Weller, Boratko, Naim and Lee, "On the theoretical limitations of embedding-based retrieval", 2025.

    python -m benchmarks.likes FOLDER --documents 50000
    embedctl index FOLDER/corpus.jsonl
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LIKES = 8
"""Things in each list."""
FANS = 2
"""People who like a rare thing."""
SEED = 7

FIRST_NAMES = """
Ada Anna Ben Carla Chen Clara Dario David Elena Emil Eva Felix Fatima Greta Hana Hugo Ida Igor Ines Jan Jonas
Julia Karim Lara Lena Leo Lin Maria Marta Mei Milan Mona Nadia Nils Nora Olga Omar Otto Paul Petra Priya Rosa
Ravi Sara Sven Tara Theo Tom Uma Vera Viktor Wanda Yara Yusuf Zoe
"""
LAST_NAMES = """
Adler Ahmed Alvarez Bauer Becker Berg Braun Castro Chen Costa Cruz Dahl Diaz Evans Fischer Fontana Fuchs Garcia
Gruber Haas Hansen Hoffmann Ito Ivanov Jansen Jones Kaya Keller Khan Klein Koch Kovacs Kumar Lang Lopez Maier
Marino Meyer Moreau Moser Nagy Novak Okafor Olsen Patel Peters Popov Reyes Richter Rossi Sato Schmidt Silva
Singh Stein Tanaka Vogel Wagner Weber Wolf Yilmaz Zhang
"""
COMMON = """
apples archery astronomy baking basketball beaches bicycles birds boats bread bridges butterflies cakes camping
candles cards castles cats cheese cherries chess chocolate cinema climbing coffee cooking cricket crosswords
dancing darts dogs drawing drums fishing flowers football forests gardening gold grapes guitars hiking history
honey horses islands jazz jogging juggling kites knitting lakes languages maps mathematics mountains museums
music noodles olives opera oranges painting pancakes pasta photography pianos pizza poetry pottery puzzles rain
reading rice rivers rowing rugby running sailing salsa sculpture sewing singing skating skiing snow soup spices
stars storms sunsets surfing swimming tea tennis theatre trains travel trees violins volleyball walking
waterfalls weaving whales wine wrestling writing yoga
"""
RARE = """
aardvarks abacuses accordions agates alpacas anteaters anvils armadillos artichokes astrolabes axolotls bagpipes
bandicoots banjos barometers bassoons bobsleighs bonsais capybaras cardamom cassowaries catamarans cellos
chameleons chinchillas clarinets cormorants crocuses cumquats curlews dahlias didgeridoos dirndls dulcimers
echidnas edelweiss elderberries emeralds fennel ferrets figurines fjords flamingos flugelhorns foxgloves
gargoyles gazebos geckos geysers gherkins gondolas gooseberries gramophones haggis halibut harmonicas
harpsichords hedgehogs hibiscus horseradish hovercrafts ibexes igloos jackdaws jellyfish kaleidoscopes kayaks
kimonos kohlrabi lemurs lighthouses limericks lobsters lupins macaws magnolias mandolins manatees marimbas
marmosets meerkats metronomes monocles narwhals nectarines nightingales nougat obelisks oboes ocarinas ocelots
okapis orangutans origami ostriches pangolins papayas pelicans periscopes persimmons platypuses porcupines
puffins quinces quokkas radishes rhubarb saffron samovars sextants sombreros sundials tapirs tarantulas
theremins tiaras toucans trombones truffles tubas turmeric ukuleles velociraptors vuvuzelas walruses wombats
xylophones zeppelins zithers
"""


@dataclass(frozen=True, slots=True)
class Likes:
    """A judged collection in BEIR's form."""

    texts: tuple[str, ...]
    """Of the documents; the id of one is its place, in decimal."""
    queries: tuple[str, ...]
    """A query for each rare thing; its id is its place, in decimal."""
    fans: tuple[tuple[int, ...], ...]
    """Of each query, the documents that answer it."""

    def write(self, folder: Path) -> None:
        """Write ``corpus.jsonl``, ``queries.jsonl`` and ``qrels/test.tsv``."""
        (folder / "qrels").mkdir(parents=True, exist_ok=True)
        for name, texts in (("corpus", self.texts), ("queries", self.queries)):
            lines = (json.dumps({"_id": str(at), "text": text}) for at, text in enumerate(texts))
            _write(folder / f"{name}.jsonl", lines)
        judged = (f"{query}\t{fan}\t1" for query, fans in enumerate(self.fans) for fan in fans)
        _write(folder / "qrels" / "test.tsv", ("query-id\tcorpus-id\tscore", *judged))


def make_likes(documents: int, seed: int = SEED) -> Likes:
    """Return a collection of ``documents`` lists, the same for the same arguments.

    Raises:
        ValueError: there are too few documents for the rare things.
    """
    first_names, last_names, common, things = (words.split() for words in (FIRST_NAMES, LAST_NAMES, COMMON, RARE))
    needed = FANS * len(things)
    if documents < needed:
        raise ValueError(f"{documents} lists cannot hold {len(things)} things twice; make {needed} at least.")
    rng = random.Random(seed)
    chosen = rng.sample(range(documents), needed)
    rare = {place: things[at // FANS] for at, place in enumerate(chosen)}
    texts = []
    for place in range(documents):
        likes = rng.sample(common, LIKES)
        if place in rare:
            likes[rng.randrange(LIKES)] = rare[place]
        name = f"{rng.choice(first_names)} {rng.choice(last_names)}"
        texts.append(f"{name} likes {', '.join(likes[:-1])} and {likes[-1]}.")
    fans = tuple(tuple(sorted(chosen[at : at + FANS])) for at in range(0, needed, FANS))
    return Likes(tuple(texts), tuple(f"Who likes {thing}?" for thing in things), fans)


def _write(path: Path, lines: Iterator[str] | tuple[str, ...]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main() -> None:
    """Write a collection into a folder."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.likes", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    make_likes(asked.documents, asked.seed).write(asked.folder)


if __name__ == "__main__":
    main()
