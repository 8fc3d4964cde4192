"""Writes tests/fixtures/tokenizers/: small vocabularies trained by Hugging Face's tokenizers, and what
that library makes of awkward texts with them. Usage: tokenizers_hf.py [FOLDER]

bpe/ is a byte-level BPE of 400 pieces trained on corpus.txt; expected.txt has a line per text and
kind: "bpe", "wordpiece", "cased" (the same with capitals, accents kept) or "llama", the text in hexadecimal, the ids. json/ has the three as
tokenizer.json, "llama" with an added token that is not special."""
import json
import os
import sys

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

folder = sys.argv[1] if len(sys.argv) > 1 else "tests/fixtures/tokenizers"
os.makedirs(folder + "/bpe", exist_ok=True)

corpus = """The quick brown fox jumps over the lazy dog. It's what they've said: we'll see, won't we?
I'm sure you'd rather it weren't so. In 1984 there were 365 days and 12 months; 3.14159 is not 22/7.
Les naïfs ægithales hâtifs pondant à Noël où il gèle sont sûrs d'être déçus en voyant leurs œufs.
Быстрая коричневая лиса прыгает через ленивую собаку, и ещё раз прыгает.
敏捷的棕色狐狸跳过了懒狗。狐狸跳过了懒狗。
the cat and the hat and the bat that sat on the mat with the rat; the end of the other matter.
\tindented    text   with  runs of    spaces\tand tabs
""" * 2
texts = [
    "", " ", "  ", "\n", "\t\n ", "Hello world", " Hello  world  ", "   leading", "trailing   ",
    "a\n\nb", "a \n b", "\r\nline\r\n", "it's we'll they've I'm you'd isn't she're", "IT'S 'S ''s '",
    "1234567890", "1 22 333 3.14", "x²+y³=½", "١٢٣ ৪৫", "naïve café", "e\u0301 n\u0303o A\u030a",
    "emoji 😀👍🏽👩‍👩‍👧", "שלום עולם", "مرحبا بالعالم", "你好，世界", "混合mixed文字text", "日本語カナ",
    "한국어 문장", "a\u00a0b\u2003c\u3000d", "zero\u200bwidth\ufeff", "\x00\x01\x7f\x85", "a\u180eb",
    "a\u2028b\u2029c", "\x1c\x1d a", "don’t “quote” — dash…", "$100 €5 ₹7", "snake_case CamelCase a-b", "http://x.y/z?a=1&b=2",
    "ÅNGSTRÖM ẞ İstanbul ΣΑΣ", "!!!???...", "a" * 70, "ab" * 60, "(a)[b]{c}", "\u0301\u0301", "ffi ﬃ ǅ", "the cat sat on the mat",
    "\U00020000\uf900\u9fff", "𝒳𝕐", "\ufffd", "Unwanted,running", "tab\tsep", "<|endoftext|>",
]

with open(folder + "/corpus.txt", "w", encoding="utf-8", newline="") as file:
    file.write(corpus)
bpe = Tokenizer(models.BPE())
bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
bpe.decoder = decoders.ByteLevel()
bpe.train_from_iterator([corpus], trainers.BpeTrainer(
    vocab_size=400, min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
bpe.model.save(folder + "/bpe")

words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
for word in ("the cat sat on mat un ##want ##ed runn ##ing , ! ? . ' - ( ) [ ] { } hello world naive cafe e no a b c d "
             "##a ##b ##ab ab ##s s it we they ##ll 你 好 世 界 ， 文 字 mixed text ᄒ ##ᅡ ##ᆫ istanbul angstrom σας σα ##σ ß "
             "1 ##2 ##3 12 $ 100 tab ##sep sep line zero ##width _ / : = & ² ½ x y ##²").split():
    if word not in words:
        words.append(word)
with open(folder + "/vocab.txt", "w", encoding="utf-8") as file:
    file.write("\n".join(words) + "\n")
wordpiece = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]",
                                       max_input_chars_per_word=100))
wordpiece.normalizer = normalizers.BertNormalizer(lowercase=True)
wordpiece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

capitals = "The Hello World Unwanted Cat cat IT ##IT IST ##anbul Å ##NG n é naïve café Istanbul ẞ Σ ##Α ##Σ Ca ##mel".split()
both = {w: i for i, w in enumerate(words + [w for w in capitals if w not in words])}
cased = Tokenizer(models.WordPiece(both, unk_token="[UNK]", max_input_chars_per_word=100))
cased.normalizer = normalizers.BertNormalizer(lowercase=False)
cased.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
llama = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
llama.pre_tokenizer = pre_tokenizers.Metaspace()
llama.train_from_iterator([corpus], trainers.BpeTrainer(
    vocab_size=len(pieces) + 180, min_frequency=2, special_tokens=pieces, limit_alphabet=70, show_progress=False))
llama.pre_tokenizer = None
llama.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
state = json.loads(llama.to_str())  # as Llama's: of the pieces only three are special tokens
state["added_tokens"] = state["added_tokens"][:3]
llama = Tokenizer.from_str(json.dumps(state))
llama.add_tokens(["<|turn|>"])
os.makedirs(folder + "/json", exist_ok=True)
kinds = (("bpe", bpe), ("wordpiece", wordpiece), ("cased", cased), ("llama", llama))
for name, tokenizer in kinds:
    tokenizer.save(f"{folder}/json/{name}.json", pretty=False)

with open(folder + "/expected.txt", "w", encoding="ascii") as file:
    for text in texts:
        for name, tokenizer in kinds:
            ids = " ".join(map(str, tokenizer.encode(text).ids))
            file.write(f"{name} {text.encode().hex() or '-'} {ids}".rstrip() + "\n")
