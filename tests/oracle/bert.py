"""Writes tests/fixtures/bert/: tiny models of Hugging Face's transformers with random weights, as that library saves
them, and what it makes of some texts. Usage: bert.py [FOLDER]

KIND/ is a folder as transformers writes it (config.json, the weights, a tokenizer); KIND.json lists of each text the
tokens, and of the masked text what stands at its first gap. bert is saved as model.safetensors with the layers that
fill in words, distilbert as pytorch_model.bin, roberta as the bare encoder beside its masked form; bare is a BERT
without its prefix, with a pooler and sentence-transformers' files, cased."""
import json
import os
import sys

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (BertConfig, BertForMaskedLM, BertModel, DistilBertConfig, DistilBertForMaskedLM, RobertaConfig,
                          RobertaForMaskedLM)

folder = sys.argv[1] if len(sys.argv) > 1 else "tests/fixtures/bert"
texts = ["the cat sat on the mat", "", "Caf\u00e9 \u4f60\u597d, world!", "a b c d e f g h i j k l m n o p q r s t u v w x y z"]
pair = ["the cat sat", "on the mat and the hat, un b c d e f g h i j k"]
gap = {"bert": "the [MASK] sat [MASK]", "distilbert": "the [MASK] sat [MASK]", "roberta": "the <mask> sat <mask>"}
PLACES = 24

words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + (
    "the cat sat on mat un and hat cafe \u4f60 \u597d , ! world ##s ##a ##b The Caf\u00e9".split() + list("abcdefghijklmnop"))


def wordpiece(lower):
    t = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]", max_input_chars_per_word=100))
    t.normalizer = normalizers.BertNormalizer(lowercase=lower)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.add_special_tokens(words[:5])
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return t


def bytelevel():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.train_from_iterator([" ".join(texts + pair) * 2], trainers.BpeTrainer(
        vocab_size=290, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    from tokenizers import AddedToken
    t.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    return t


def shake(model):
    """Weights that matter, norms and biases too."""
    torch.manual_seed(7)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.add_(torch.randn_like(p) * (0.15 if p.dim() > 1 else 0.1))
    return model.eval()


def expect(name, tokenizer, encode, logits, mask):
    tokenizer.enable_truncation(PLACES)
    rows, out = [(t,) for t in texts] + [tuple(pair)], []
    for row in rows:
        e = tokenizer.encode(*row)
        ids, types = torch.tensor([e.ids]), torch.tensor([e.type_ids])
        with torch.no_grad():
            hidden = encode(ids, types)[0]
        mean = hidden.mean(0)
        out.append({"texts": row, "ids": e.ids, "hidden": [round(v, 7) for v in hidden[:, :4].flatten().tolist()],
                    "vector": [round(v, 7) for v in (mean / mean.norm()).tolist()]})
    result = {"texts": out}
    if mask:
        e = tokenizer.encode(mask)
        with torch.no_grad():
            p = logits(torch.tensor([e.ids]))[0]
        where = [i for i, id in enumerate(e.ids) if tokenizer.id_to_token(id) in ("[MASK]", "<mask>")]
        chances = p[where].softmax(-1)
        result["gap"] = {"text": mask, "ids": e.ids,
                         "best": [{"token": int(i), "probability": round(float(v), 7)}
                                  for row in chances for v, i in zip(*row.topk(3))]}
    with open(f"{folder}/{name}.json", "w") as file:
        json.dump(result, file)


def save(name, model, tokenizer, **how):
    path = f"{folder}/{name}"
    model.save_pretrained(path, **how)
    tokenizer.no_truncation()
    tokenizer.save(path + "/tokenizer.json", pretty=False)
    for extra in ("generation_config.json",):
        if os.path.exists(f"{path}/{extra}"):
            os.remove(f"{path}/{extra}")


os.makedirs(folder, exist_ok=True)
sizes = dict(hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12, max_position_embeddings=PLACES)

model = shake(BertForMaskedLM(BertConfig(vocab_size=len(words), **sizes)))
t = wordpiece(True)
save("bert", model, t)
expect("bert", t, lambda ids, types: model.bert(ids, token_type_ids=types).last_hidden_state, lambda ids: model(ids).logits, gap["bert"])

distil = shake(DistilBertForMaskedLM(DistilBertConfig(vocab_size=len(words), dim=8, n_layers=2, n_heads=2, hidden_dim=12,
                                                      max_position_embeddings=PLACES)))
t = wordpiece(True)
save("distilbert", distil, t)
state = {k: v for k, v in distil.state_dict().items()}
torch.save(state, f"{folder}/distilbert/pytorch_model.bin")
os.remove(f"{folder}/distilbert/model.safetensors")
expect("distilbert", t, lambda ids, types: distil.distilbert(ids).last_hidden_state, lambda ids: distil(ids).logits, gap["distilbert"])

t = bytelevel()
sizes["max_position_embeddings"] = PLACES + 2
roberta = shake(RobertaForMaskedLM(RobertaConfig(vocab_size=t.get_vocab_size(), type_vocab_size=1, pad_token_id=1, bos_token_id=0,
                                                 eos_token_id=2, layer_norm_eps=1e-5, **sizes)))
save("roberta", roberta, t)
expect("roberta", t, lambda ids, types: roberta.roberta(ids).last_hidden_state, lambda ids: roberta(ids).logits, gap["roberta"])

sizes["max_position_embeddings"] = PLACES
bare = shake(BertModel(BertConfig(vocab_size=len(words), hidden_act="gelu_new", **sizes)))
t = wordpiece(False)
save("bare", bare, t)
os.makedirs(f"{folder}/bare/1_Pooling", exist_ok=True)
with open(f"{folder}/bare/1_Pooling/config.json", "w") as file:
    json.dump({"word_embedding_dimension": 8, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, file)
with open(f"{folder}/bare/sentence_bert_config.json", "w") as file:
    json.dump({"max_seq_length": PLACES, "do_lower_case": False}, file)
expect("bare", t, lambda ids, types: bare(ids, token_type_ids=types).last_hidden_state, None, None)
