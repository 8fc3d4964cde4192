"""Writes tests/fixtures/marian/: tiny Marian models with random weights as Hugging Face's transformers saves them, and
what that library makes of some texts. Usage: marian.py [FOLDER] (needs torch, transformers, sentencepiece)

shared/ has one matrix of words and one vocabulary, a decoder of other sizes, swish, and is told as published models
are: bad_words_ids, forced_eos_token_id, renormalize_logits. apart/ has two vocabularies, relu, no scale of the words,
its weights in pytorch_model.bin, and other rules of the search. NAME.safetensors holds of each text its tokens, logits
of the next words behind a fixed beginning, what `generate` writes greedily and with four hypotheses, and the scores of
all four; NAME.txt the texts and, behind a tab, the translations as text."""
import json
import os
import sys
import tempfile

import sentencepiece
import torch
from safetensors.torch import save_file
from transformers import MarianConfig, MarianMTModel, MarianTokenizer

folder = sys.argv[1] if len(sys.argv) > 1 else "tests/fixtures/marian"
corpus = open("tests/fixtures/tokenizers/corpus.txt", encoding="utf-8").read().splitlines()
texts = ["the cat sat on the mat", "  Two   spaces\u3000and\ufb01nally  one ", "\u4f60\u597d\u4e16 unknown", "a",
         "Caf\u00e9, caf\u00e9; caf\uff45!", ">>de<< the words that stand behind a code", "x" * 20, "to be or not to be"]
# what the pieces' normaliser changes, in hexadecimal: FROM -> TO
RULES = [("3000", "20"), ("9", "20"), ("FB01", "66 69"), ("FF45", "65"), ("65 301", "E9"), ("200B", "")]
SIZES = dict(d_model=16, encoder_layers=2, decoder_layers=1, encoder_attention_heads=4, decoder_attention_heads=2,
             encoder_ffn_dim=24, decoder_ffn_dim=20, max_position_embeddings=64, eos_token_id=0)


def pieces(path, size, seed):
    with tempfile.TemporaryDirectory() as scratch:
        lines, rules = os.path.join(scratch, "lines"), os.path.join(scratch, "rules")
        open(lines, "w", encoding="utf-8").write("\n".join(corpus[seed::2] * 3) + "\n")
        open(rules, "w").write("".join(f"{a}\t{b}\n" for a, b in RULES))
        sentencepiece.SentencePieceTrainer.train(
            input=lines, model_prefix=os.path.join(scratch, "m"), vocab_size=size, model_type="unigram",
            normalization_rule_tsv=rules, hard_vocab_limit=False, minloglevel=2, bos_id=-1, eos_id=0, unk_id=1)
        os.rename(os.path.join(scratch, "m.model"), path)
    model = sentencepiece.SentencePieceProcessor(model_file=path)
    return [model.id_to_piece(i) for i in range(model.get_piece_size())]


def vocabulary(lists):
    names = ["</s>", "<unk>", ">>de<<"]
    for names_of in lists:
        names += [p for p in names_of if p not in names]
    return {p: i for i, p in enumerate(names[:-3] + ["<pad>"])}  # three pieces that the network does not know


def make(name, apart, **config):
    at = os.path.join(folder, name)
    os.makedirs(at, exist_ok=True)
    source, target = pieces(f"{at}/source.spm", 140, 0), pieces(f"{at}/target.spm", 130, 1)
    vocabs = [vocabulary([source]), vocabulary([target])] if apart else [vocabulary([source, target])]
    for v, file in zip(vocabs, ("vocab.json", "target_vocab.json")):
        json.dump(v, open(f"{at}/{file}", "w"), ensure_ascii=False, separators=(",", ":"))
    pad = vocabs[-1]["<pad>"]
    config = MarianConfig(vocab_size=len(vocabs[0]), decoder_vocab_size=len(vocabs[-1]), pad_token_id=pad,
                          decoder_start_token_id=pad, share_encoder_decoder_embeddings=not apart, **SIZES, **config)
    torch.manual_seed(11)
    model = MarianMTModel(config)
    with torch.no_grad():
        for n, p in model.named_parameters():
            if "embed_positions" not in n:
                p.add_(torch.randn_like(p) * (0.8 if p.dim() > 1 else 0.3))
            if n.endswith("layer_norm.weight"):
                p.normal_()  # or a word, whose matrix serves twice, follows itself for ever
        model.final_logits_bias.copy_(torch.randn_like(model.final_logits_bias) * 0.5)
        model.final_logits_bias[0, 0] += 13 if apart else 4.6  # so that translations end
    return at, model.eval(), pad


def save(at, model, told, pickled):
    for key, value in told.items():
        setattr(model.generation_config, key, value)
    model.save_pretrained(at)
    if pickled:
        os.remove(f"{at}/model.safetensors")
        torch.save(model.state_dict(), f"{at}/pytorch_model.bin")


def expect(at, model, pad, apart):
    tokenizer = MarianTokenizer(f"{at}/source.spm", f"{at}/target.spm", f"{at}/vocab.json",
                                f"{at}/target_vocab.json" if apart else None, separate_vocabs=apart)
    out, lines = {}, []
    for i, text in enumerate(texts):
        ids = torch.tensor([tokenizer(text).input_ids])
        before = torch.tensor([[pad] + [(7 * i + 5 * k) % 30 + 2 for k in range(5)]])
        with torch.no_grad():
            logits = model(input_ids=ids, decoder_input_ids=before).logits[0]
            greedy = model.generate(input_ids=ids, num_beams=1)[0, 1:]
            beams = model.generate(input_ids=ids, num_beams=4, num_return_sequences=4, output_scores=True,
                                   return_dict_in_generate=True)
        words = [[w for w in s[1:].tolist() if w not in (pad, 0)] for s in beams.sequences]
        lines.append(text + "\t" + tokenizer.decode(words[0], skip_special_tokens=True, use_source_tokenizer=False))
        width = max(len(w) for w in words)
        out |= {f"{i}.source": ids[0].int(), f"{i}.before": before[0].int(), f"{i}.logits": logits,
                f"{i}.greedy": torch.tensor([w for w in greedy.tolist() if w not in (pad, 0)] or [-1]).int(),
                f"{i}.beams": torch.tensor([w + [-1] * (width + 1 - len(w)) for w in words]).int(),
                f"{i}.scores": beams.sequences_scores}
        print(at, i, ids[0].tolist(), words, beams.sequences_scores.tolist())
    save_file({k: v.contiguous() for k, v in out.items()}, f"{at}.safetensors")
    open(f"{at}.txt", "w", encoding="utf-8").write("\n".join(lines) + "\n")


at, model, pad = make("shared", False, activation_function="swish", scale_embedding=True)
save(at, model, dict(bad_words_ids=[[pad]], forced_eos_token_id=0, renormalize_logits=True, num_beams=4, max_length=24),
     False)
expect(at, model, pad, False)
at, model, pad = make("apart", True, activation_function="relu", scale_embedding=False)
save(at, model, dict(bad_words_ids=[[pad]], forced_eos_token_id=None, num_beams=3, max_length=9, length_penalty=0.7,
                     early_stopping=True), True)
expect(at, model, pad, True)
