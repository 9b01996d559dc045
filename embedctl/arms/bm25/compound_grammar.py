"""Grammar of compounds: linking elements, short words, and beginnings and ends that are no words of their own."""

from __future__ import annotations

from typing import NamedTuple


class Grammar(NamedTuple):
    """How a language makes compounds."""

    lists: tuple[str, ...]
    """Names of simplemma's lists."""
    links: tuple[str, ...]
    """Letters that may stand between two parts."""
    short: frozenset[str]
    """Words of less than four letters that are parts."""
    affixes: frozenset[str]
    """Beginnings and ends that are no parts, though the lists have them."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


GRAMMARS = {
    "german": Grammar(
        ("de",),
        ("s", "es", "n", "en", "er", "e"),
        _words("""
            aal abt akt alt amt arm art ast axt bad bau bus dom eck ehe eis erz fan fee fuß gas gen gut hai heu
            hof hut jod jux kai kap kuh kur lid lob lok los mai maß mus mut not ohr oma opa ort pol rad rat reh
            rum ruß sau see sud süd tag tal tat tau tee tod ton tor typ tür uhr uni wal weg weh zeh zoo zug öko
            öl
        """),
        _words("""
            aber außer bar bei chen dar der durch eilung ein einen eins emp ende enden enge ent erei eren erin
            erisch fachen fort gegen haft heim heit heiten heraus herein herum hinaus hinein hinter ieren ierung
            iker inge ion ionen isch ische ismen ismus ität keit keiten lein lern lich ling los losig mals mann
            ment miss mit nach neben nieder nis ober oren rant sam samt schaft schaften seits stag stage statt
            tion tiv toff tum um ung unge unter unterm vor voraus vorbei vorn weg weise weiter wider wieder
            würdig zer zurück zusammen zwischen über übern
        """),
    ),
    "dutch": Grammar(
        ("nl",),
        ("s", "en", "n", "e", "er"),
        _words("""
            aas arm art as bad bal bed bos bus dag dak dal dam eed ego eis erf gas gat hof ijs jas kar kas kop
            lek lid lot mat mes net oog oor pad pak pen pot put ras rat rem rij rol rug tak tas tol ton vak val
            vat vee vel vis wal web weg wet zee zin zon
        """),
        _words("""
            aanl achter achteruit atie baar be chap ende eren erij heden heid ingen isch isme iteit lijk ling
            loos onder over schap schappen tegen terug tijk tussen uit ver voor waarts weder zaam
        """),
    ),
    "swedish": Grammar(
        ("sv",),
        ("s", "e", "u", "o", "a"),
        _words("""
            al ben bil bok bro by båt dag dal eld får gas hus häl hår hö is jul kol kor led lok lön mat mil mur
            mål nät ort ost ren rep ris rum råd råg rök rör sal sjö sko snö sol såg tak tal te tid tåg vag vas
            ved väg vår yta å ö öl öra öst
        """),
        _words("""
            an ande arna av bak bar be else ende erna fram för före het heter heterna igen ing inne isk ism itet
            iteter lig lös mot ner ning när om sam skap under unders upp ut vid åter över
        """),
    ),
    "danish": Grammar(
        ("da",),
        ("s", "e", "er", "n"),
        _words("""
            art bil bog bro by båd dag dal dyr fad fag fly fod gas hav hus hår is jul kul køb led lys løn mad
            mål nat ord ost ris rug rum råd rør sal sko sne sol sø tag tal te tid tog ved vej vin år øje øl øre
            øst
        """),
        _words("""
            af an bar be efter else ende erne for frem hed heder hederne ind ing ingen isk isme itet lig løs mod
            ned ning om op over sam skab som til ud under ved
        """),
    ),
    "norwegian": Grammar(
        ("nb", "nn"),
        ("s", "e", "er"),
        _words("""
            art bil bok bro by båt dag dal dyr fag fat fly fot hav hus hår is jul led lys mat mål ord ost ris
            rom rug råd rør sal sjø sko snø sol tak tal te tid tog ved veg vei vin år øl øre øst øye
        """),
        _words("""
            an av bar be else ende ene etter for frem het hetene heter ing ingen inn isk isme itet lig løs mot
            ned ning om opp over sam skap som til under ut ved
        """),
    ),
}  # fmt: skip
