"""The peer of bench/style.c in PyTorch, eager: the same weights, pictures, losses and gradient.

    python3 bench/peers/style.py WEIGHTS [--size N] [--threads N] [--iterations N] [--channels-last]

Prints one JSON line with the same keys; import_mb is what the process held before it did anything.
"""
import argparse
import json
import resource
import time

import torch
import torchvision


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def draw(size, phase):
    y, x = torch.meshgrid(torch.arange(size, dtype=torch.float64), torch.arange(size, dtype=torch.float64), indexing="ij")
    planes = [127.5 + 60 * torch.sin(0.05 * x + phase + c) + 60 * torch.cos(0.083 * y * (c + 1) - phase) for c in range(3)]
    return torch.stack(planes)[None].float()


def gram(f):
    _, c, h, w = f.shape
    flat = f.reshape(c, h * w)
    return flat @ flat.t() / (c * h * w)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("weights")
    args.add_argument("--size", type=int, default=512)
    args.add_argument("--threads", type=int, default=1)
    args.add_argument("--iterations", type=int, default=5)
    args.add_argument("--channels-last", action="store_true")
    args = args.parse_args()
    torch.set_num_threads(args.threads)
    import_mb = peak_mb()

    net = torchvision.models.vgg19(weights=None).features[:30].eval()
    state = {k[len("features."):]: v for k, v in torch.load(args.weights, map_location="cpu").items()}
    net.load_state_dict({k: v for k, v in state.items() if int(k.split(".")[0]) < 30})
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    style, content = (1, 6, 11, 20, 29), 22
    mean = torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1)

    def features(x):
        out, x = {}, x - mean
        for index, layer in enumerate(net):
            x = layer(x)
            if index in style:
                out[index] = x
            if index == content:
                out["content"] = x
        return out

    photo, painting, picture = (draw(args.size, phase) for phase in (0.0, 1.0, 0.5))
    if args.channels_last:
        net = net.to(memory_format=torch.channels_last)
        picture = picture.contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        target = features(photo)["content"].clone()
        grams = {k: gram(v) for k, v in features(painting).items() if k != "content"}
    picture.requires_grad_(True)

    def iteration():
        picture.grad = None
        seen = features(picture)
        loss = 1e5 * ((seen["content"] - target) ** 2).mean()
        loss = loss + 3e4 / 5 * sum(((gram(seen[k]) - grams[k]) ** 2).sum() for k in style)
        loss.backward()
        return loss.item()

    iteration()
    seconds = []
    for _ in range(args.iterations):
        start = time.perf_counter()
        loss = iteration()
        seconds.append(time.perf_counter() - start)
    seconds.sort()
    print(json.dumps({"loss": loss, "median": seconds[len(seconds) // 2], "least": seconds[0],
                      "peak_mb": round(peak_mb(), 1), "import_mb": round(import_mb, 1)}))


if __name__ == "__main__":
    main()
