"""Writes tests/fixtures/gpt2_tiny and llama_tiny: randomly initialised models as Hugging Face's transformers saves them,
with logits of random tokens. Weights are rounded to f16 first, so that the files are small and lose nothing.

    python tests/oracle/gpt2_hf.py tests/fixtures        (needs torch, transformers, safetensors)
"""
import json, pathlib, sys
import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM


def write(folder, model, file, count):
    folder.mkdir(parents=True, exist_ok=True)
    for p in model.parameters():  # far from the initial values: biases count, norms are no identities
        p.data = (p.data + 0.1 * torch.randn_like(p)).half().float()
    model.eval()
    tokens = torch.randint(model.config.vocab_size, (2, count))
    with torch.no_grad():
        logits = model(tokens).logits
    model.half().save_pretrained(folder)
    keep = {"config.json", file}
    if file.endswith(".bin"):
        torch.save(model.state_dict(), folder / file)
    for other in folder.iterdir():
        if other.name not in keep:
            other.unlink()
    save_file({"tokens": tokens.int(), "logits": logits.contiguous()}, folder / "expected.safetensors")


root = pathlib.Path(sys.argv[1])
torch.manual_seed(5)
gpt2 = GPT2LMHeadModel(GPT2Config(vocab_size=100, n_positions=24, n_embd=32, n_layer=2, n_head=4, n_inner=64, bos_token_id=0, eos_token_id=0))
write(root / "gpt2_tiny", gpt2, "model.safetensors", 20)
llama = LlamaForCausalLM(LlamaConfig(vocab_size=60, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=6,
                                     num_key_value_heads=2, max_position_embeddings=32, rope_theta=5000.0))
write(root / "llama_tiny", llama, "pytorch_model.bin", 20)
