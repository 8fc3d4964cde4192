"""Writes tests/fixtures/bleu.tsv: what sacrebleu says of three translators' lines.

Run from the root of the repository: python tests/oracle/bleu.py TEXT.xz (needs sacrebleu 2.6; TEXT: a novel, here
Charlotte Bronte's). The lines are its sentences, of which three crude translators drop, exchange, repeat and glue words,
and lines of signs that the 13a tokenizer treats one by one. A line of the file is a number of a translator, its text and
the reference; scores stand in front, behind '#'."""
import lzma
import random
import re
import sys

import sacrebleu

random.seed(3)
text = lzma.open(sys.argv[1], "rt", encoding="utf-8").read()
sentences = re.findall(r"[A-Z“\"][^.!?]{30,120}[.!?][”\"]?", text.replace("\n", " "))
references = [" ".join(s.split()) for s in sentences[200:260]]
odd = ["3.5 % of 1,000,000 (or 12-13) &quot;A&amp;B&quot; &lt;x&gt; <skipped>!", "..., ... 1. 2, a.b,c 9-a a-9 -- 'tis",
       "İSTANBUL ΟΔΟΣ ΟΔΟΣ. straße\u00a0ÉCOLE\u2003x", "{a}[b]~`c^d_e\\f|g/h@i;j:k?l=m+n*o#p$q&r", "", "x", "日本語。テスト，。",
       "The end.\"", "a.,b ,. 5.,6", "a&amp;lt;b"]
references += odd


def translator(kind, line):
    words = line.split(" ")
    if kind == 0:
        return " ".join(w for w in words if random.random() > 0.1)
    if kind == 1:
        for i in range(len(words) - 1):
            if random.random() < 0.25:
                words[i], words[i + 1] = words[i + 1], words[i]
        return " ".join(w.upper() if random.random() < 0.2 else w for w in words)
    return " ".join(w + w[-1:] if random.random() < 0.4 else w for w in words if random.random() > 0.3) + " ."


with open("tests/fixtures/bleu.tsv", "w", encoding="utf-8", newline="\n") as out:
    for kind in range(3):
        texts = [translator(kind, line) for line in references]
        scores = []
        for lower in False, True:
            for tokenize in "13a", "none":
                scores.append(sacrebleu.BLEU(lowercase=lower, tokenize=tokenize, force=True)
                              .corpus_score(texts, [references]).score)
            scores.append(sacrebleu.CHRF(lowercase=lower).corpus_score(texts, [references]).score)
        out.write("#" + "\t".join(f"{s:.10f}" for s in scores) + "\n")
        for text, reference in zip(texts, references):
            out.write(f"{kind}\t{text}\t{reference}\n")
    # runs of four words that no line has
    few, ref = ["a b c x", "d e"], ["a b c d", "d e f"]
    out.write("#" + "\t".join(f"{s:.10f}" for s in [
        sacrebleu.BLEU(lowercase=l, tokenize=t, force=True).corpus_score(few, [ref]).score
        if t else sacrebleu.CHRF(lowercase=l).corpus_score(few, [ref]).score
        for l in (False, True) for t in ("13a", "none", None)]) + "\n")
    for text, reference in zip(few, ref):
        out.write(f"3\t{text}\t{reference}\n")
