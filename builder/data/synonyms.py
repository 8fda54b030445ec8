"""Words with the same meaning: a small English table, and the table that a person writes down."""

from __future__ import annotations

from builder.augmentation_parameters import BUNDLED_SYNONYMS
from builder.data.text import words_of

# Groups that can stand for each other in most sentences, whatever the form around them.
_ENGLISH = """
good, fine, great, nice; bad, poor, awful, terrible; big, large, huge; small, little, tiny; quick, fast,
rapid; slow, sluggish; happy, glad, pleased; sad, unhappy; begin, start; end, finish; buy, purchase; get,
obtain, receive; help, assist, aid; show, display; ask, inquire; answer, reply, respond; think, believe;
want, wish, desire; need, require; use, employ; keep, retain; make, create, produce; look, glance; see,
notice; say, state; tell, inform; talk, speak, chat; call, phone, ring; important, essential, vital;
easy, simple; hard, difficult, tough; beautiful, lovely, pretty; ugly, unattractive; interesting,
engaging, fascinating; boring, dull, tedious; funny, amusing, hilarious; strange, odd, weird; right,
correct; wrong, incorrect, false; true, real, genuine; smart, clever, intelligent; stupid, silly,
foolish; rich, wealthy; cheap, inexpensive; expensive, costly, pricey; free, complimentary; new, fresh,
recent; old, ancient; angry, mad, furious; afraid, scared; tired, weary, exhausted; nearly, almost;
often, frequently; seldom, rarely; maybe, perhaps; very, really, extremely; quite, rather, fairly; also,
too; but, however; because, since; however, nevertheless; certainly, surely, definitely; now, currently;
soon, shortly; quickly, rapidly, swiftly; totally, completely, entirely; mostly, mainly, chiefly; only,
just; movie, film, picture; story, tale; job, work, task; house, home; car, automobile; child, kid; kids,
children; man, guy; woman, lady; friend, buddy, pal; doctor, physician; shop, store; street, road; money,
cash; price, cost; gift, present; prize, award, reward; trip, journey; problem, issue, trouble; mistake,
error, fault; idea, thought; result, outcome; part, piece, portion; place, spot, location; area, region,
zone; way, manner; answer, solution; win, gain; lose, forfeit; choose, pick, select; change, alter,
modify; fix, repair, mend; break, smash; build, construct; send, deliver; reach, contact; claim, collect;
offer, deal; urgent, pressing; guaranteed, assured; rise, increase, grow; fall, drop, decline; love,
adore; hate, detest, loathe; like, enjoy; stop, halt, cease; allow, permit, let; fail, flop; try,
attempt; wait, hold; hurry, rush; leave, depart; arrive, come; stay, remain; seem, appear; discover,
find; hide, conceal; join, connect; explain, clarify; improve, enhance; reduce, decrease, lower; enough,
sufficient; whole, entire; main, chief, primary; quiet, silent, calm; loud, noisy; famous, renowned;
perfect, flawless; horrible, dreadful, appalling; brilliant, superb, excellent, outstanding; awesome,
amazing, wonderful
"""


def synonym_groups(table: str) -> list[list[str]]:
    """Return lists of words with the same meaning.

    Args:
        table: words between commas, groups between semicolons or line breaks; or "bundled".
    """
    text = _ENGLISH if table == BUNDLED_SYNONYMS else table
    groups = text.replace("\n", " " if table == BUNDLED_SYNONYMS else ";").split(";")
    return [[" ".join(words_of(word)) for word in group.split(",") if word.strip()] for group in groups]
