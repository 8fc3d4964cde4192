"""Checkpoints of `gpt train` as Hugging Face's transformers reads them: the same loss on the same text, for GPT-2's layers and Llama's.

    AUTODIDACT=build/autodidact python tests/oracle/gpt_read_back.py        (needs torch, transformers, safetensors)
"""
import json, math, os, pathlib, shutil, subprocess, sys, tempfile
import torch
from safetensors import safe_open
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

autodidact = os.path.abspath(os.environ.get("AUTODIDACT", "build/autodidact"))
passed = failed = 0


def run(*args):
    out = subprocess.run([autodidact, *args], check=True, capture_output=True, text=True).stdout
    return json.loads(out.strip().splitlines()[-1])


def reference(path, text, block):
    with safe_open(path, "pt") as f:
        m = f.metadata()
        tensors = {k: f.get_tensor(k) for k in f.keys() if not k.startswith(("train.", "rng."))}
    n = {k: int(m[k]) for k in ("layers", "heads", "kv_heads", "width", "hidden", "block", "vocab")}
    if m["arch"] == "gpt2":
        model = GPT2LMHeadModel(GPT2Config(vocab_size=n["vocab"], n_positions=n["block"], n_embd=n["width"], n_layer=n["layers"],
                                           n_head=n["heads"], n_inner=n["hidden"], bos_token_id=0, eos_token_id=0))
    else:
        model = LlamaForCausalLM(LlamaConfig(vocab_size=n["vocab"], hidden_size=n["width"], intermediate_size=n["hidden"],
                                             num_hidden_layers=n["layers"], num_attention_heads=n["heads"],
                                             num_key_value_heads=n["kv_heads"], max_position_embeddings=n["block"],
                                             rms_norm_eps=float(m["eps"]), rope_theta=float(m["rope_theta"]), tie_word_embeddings=True))
    with tempfile.TemporaryDirectory() as folder:  # as a person would: the file beside a config.json
        model.save_pretrained(folder)
        for old in pathlib.Path(folder).glob("*.safetensors"):
            old.unlink()
        shutil.copy(path, os.path.join(folder, "model.safetensors"))
        model, about = type(model).from_pretrained(folder, output_loading_info=True)
    if about["missing_keys"]:
        raise SystemExit(f"missing: {about['missing_keys']}")
    model.eval()
    letters = sorted(set(text))
    ids = torch.tensor([letters.index(c) for c in text])
    total = 0.0
    with torch.no_grad():
        for i in range(0, len(ids) - 1, block):
            x, y = ids[i : i + block][: len(ids) - 1 - i], ids[i + 1 : i + 1 + block]
            total += torch.nn.functional.cross_entropy(model(x[None]).logits[0], y, reduction="sum").item()
    return total / (len(ids) - 1)


with tempfile.TemporaryDirectory() as work:
    text = "".join(f"{i} bottles of beer on the wall, {i} bottles of beer.\n" for i in range(60))
    corpus = os.path.join(work, "text.txt")
    pathlib.Path(corpus).write_text(text)
    for arch, more in (("gpt2", []), ("llama", ["--kv-heads", "2"])):
        folder = os.path.join(work, arch)
        run("gpt", "train", "--data", corpus, "--run", folder, "--arch", arch, "--layers", "2", "--width", "32", "--block", "24",
            "--steps", "30", "--json", "--sample-tokens", "0", *more)
        ours = run("gpt", "eval", folder, corpus, "--json")["loss"]
        theirs = reference(os.path.join(folder, "checkpoints", "best.safetensors"), text, 24)
        if abs(ours - theirs) < 1e-5 * theirs:
            passed += 1
        else:
            failed += 1
            print(f"{arch}: loss {ours}, transformers {theirs}")
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
