"""start: a process of its own that prints the mean of the dqn-mlp network's first result, and its memory.

python first.py THREADS [FILE]; without a file, random weights."""
import resource
import sys

if __name__ == "__main__":
    sys.path.insert(0, sys.path[0] + "/..")
    peak_mb = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    import torch
    import_mb = peak_mb()
    from torch import nn

    torch.set_num_threads(int(sys.argv[1]))
    net = nn.Sequential(nn.Linear(4, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 2))
    x = torch.ones(1, 4)
    if len(sys.argv) > 2:
        from families.setting import File, empty
        file, keys = File(sys.argv[2], empty), [(i, kind) for i in range(3) for kind in ("weight", "bias")]
        net.load_state_dict({f"{2 * i}.{kind}": file.take(f"fc{i + 1}.{kind}") for i, kind in keys})
        x = file.take("input.state")
    with torch.inference_mode():
        print(net(x).mean().item(), import_mb, peak_mb())
