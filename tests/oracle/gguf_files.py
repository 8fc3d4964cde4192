"""Writes tests/fixtures/gguf with llama.cpp's own Python package:

    types.gguf, types.npz          the same values in every type that is read, and what they are read as
    gpt2_tiny.gguf, llama_tiny.gguf  the models of gpt2_hf.py, as llama.cpp's conversion lays them out

    python tests/oracle/gguf_files.py build/autodidact tests/fixtures        (needs gguf, numpy)
"""
import json, pathlib, subprocess, sys, tempfile
import gguf
import numpy as np
from gguf import GGMLQuantizationType as T

command, root = sys.argv[1], pathlib.Path(sys.argv[2])
folder = root / "gguf"
folder.mkdir(exist_ok=True)


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def types():
    rng = np.random.default_rng(7)
    values = rng.standard_normal((3, 256)).astype(np.float32) * np.array([[1], [30], [1e-3]], np.float32)
    values[1, 32:64] = 0  # a block without a scale
    writer, expected = gguf.GGUFWriter(folder / "types.gguf", "none"), {}
    for t in (T.F32, T.F16, T.BF16, T.Q8_0, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1):
        data = gguf.quantize(values, t)
        writer.add_tensor(t.name, data, raw_dtype=t)
        expected[t.name] = gguf.dequantize(data, t).astype(np.float32).reshape(3, 256)
    blocks = rng.integers(0, 256, (3, 210), dtype=np.uint8)  # nothing in Python writes Q6_K
    blocks[:, 208:] = np.array([[0.01], [2], [-0.5]], np.float16).view(np.uint8)
    writer.add_tensor("Q6_K", blocks, raw_dtype=T.Q6_K)
    expected["Q6_K"] = gguf.dequantize(blocks, T.Q6_K).reshape(3, 256)
    writer.add_tensor("Q4_K", np.zeros((1, 144), np.uint8), raw_dtype=T.Q4_K)
    finish(writer)
    np.savez(folder / "types.npz", **expected)


def weights(file):
    with tempfile.TemporaryDirectory() as made:
        subprocess.run([command, "convert", file, f"{made}/w.npz", "-q"], check=True)
        return dict(np.load(f"{made}/w.npz"))


def rotary_neighbours(w, heads):
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def model(name, file, arch):
    config = json.load(open(root / name / "config.json"))
    llama = arch == gguf.MODEL_ARCH.LLAMA
    layers = config["num_hidden_layers" if llama else "n_layer"]
    heads = config["num_attention_heads" if llama else "n_head"]
    kv_heads = config["num_key_value_heads"] if llama else heads
    names = gguf.get_tensor_name_map(arch, layers)
    writer = gguf.GGUFWriter(folder / f"{name}.gguf", gguf.MODEL_ARCH_NAMES[arch])
    writer.add_block_count(layers)
    writer.add_context_length(config["max_position_embeddings" if llama else "n_positions"])
    writer.add_embedding_length(config["hidden_size" if llama else "n_embd"])
    writer.add_feed_forward_length(config["intermediate_size" if llama else "n_inner"])
    writer.add_head_count(heads)
    if llama:
        writer.add_head_count_kv(kv_heads)
        writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    else:
        writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    for tensor, w in weights(root / name / file).items():
        there = names.get_name(tensor, try_suffixes=(".weight", ".bias"))
        if there is None or (not llama and tensor == "lm_head.weight"):
            continue
        if llama and "q_proj" in tensor:
            w = rotary_neighbours(w, heads)
        elif llama and "k_proj" in tensor:
            w = rotary_neighbours(w, kv_heads)
        elif not llama and w.ndim == 2 and ".h." in tensor:
            w = w.T
        writer.add_tensor(there, np.ascontiguousarray(w))
    finish(writer)


types()
model("gpt2_tiny", "model.safetensors", gguf.MODEL_ARCH.GPT2)
model("llama_tiny", "pytorch_model.bin", gguf.MODEL_ARCH.LLAMA)
