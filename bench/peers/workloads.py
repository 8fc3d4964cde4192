"""The workloads of `autodidact bench` in PyTorch or JAX at its best; prints one JSON line.

    python bench/peers/workloads.py WORKLOAD (--weights FILE | --random) [--threads N] [--precision f32|bf16]
        [--form eager|compile|channels_last|jax] [--runs N] [--seconds X]

FILE is what `autodidact bench WORKLOAD --save DIR` wrote: the same weights and inputs. `check`: the losses of
three steps from these weights in f32 (of bf16, by a process of its own); seconds are of the steps after those,
for X seconds but at least 5 steps, or N, and `cores` how many these kept busy. peak_mb is the process's, import_mb
what it held once the library was there."""
import argparse
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

FAMILIES = {"style": "pictures", "resnet20": "pictures", "dcgan": "pictures", "dcgan-128": "pictures",
            "dcgan-1024": "pictures", "wgan-gp": "pictures", "wgan-gp-128": "pictures", "wgan-gp-1024": "pictures",
            "alphazero": "pictures", "johnson": "pictures", "dream": "pictures", "gat": "graphs",
            "dqn-mlp": "control", "dqn-nature": "control", "gpt-char": "text", "gpt-char-384": "text", "gpt2": "text",
            "gpt2-long": "text",
            "gpt2-decode": "text", "attention": "text", "adamw": "vectors", "translate": "translation", "bert-tune": "encoder"}
PICTURES = (*(name for name, family in FAMILIES.items() if family == "pictures"), "dqn-nature")


def peak_mb():
    """VmHWM: ru_maxrss would begin at the parent's."""
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def seconds_of(step, args):
    """Of single steps, sorted."""
    seconds, begin = [], time.perf_counter()
    while len(seconds) < (args.runs or 5) or (not args.runs and time.perf_counter() - begin < args.seconds):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)


def library(args):
    """The module that the workload is computed by, on as many threads as wanted."""
    if args.form == "jax":
        os.environ["PJRT_NPROC"] = str(args.threads)  # XLA_FLAGS of that kind have no effect on its thread pool
        import jax
        return jax
    import torch
    torch.set_num_threads(args.threads)
    return torch


def build(args, form, precision):
    module = library(args)
    if form == "compile":
        module._dynamo.config.suppress_errors = False
    kind = "_jax" if form == "jax" else ""
    setting = importlib.import_module("families.setting" + kind).Setting(args.weights, form, precision)
    family = importlib.import_module("families." + FAMILIES[args.workload] + kind)
    work = getattr(family, args.workload.replace("-", "_"))(setting)
    if setting.file:
        setting.file.all_taken()
    return work


def first_three(work, step):
    return [work.value(step()) for _ in range(3)]


def check_apart(args):
    """In f32 by a child, so that what it takes is not in this process's peak."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        work = build(args, "jax" if args.form == "jax" else "eager", "f32")
        os.write(into, json.dumps(first_three(work, work.check or work.step)).encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as text:
        check = text.read()
    if os.waitpid(child, 0)[1] or not check:
        raise SystemExit("no check: the process that was to compute it failed")
    return json.loads(check)


def measure(args):
    # before the library is there: what has threads cannot be forked
    check = check_apart(args) if args.precision != "f32" else None
    version = library(args).__version__
    import_mb = peak_mb()
    work = build(args, args.form, args.precision)
    if work.check:
        check = check or first_three(work, work.check)
    timed = first_three(work, work.step)
    begin, busy = time.perf_counter(), time.process_time()
    seconds = [s / work.parts for s in seconds_of(work.step, args)]
    cores = (time.process_time() - busy) / (time.perf_counter() - begin)
    return {"check": check or timed, "first_timed": timed, "import_mb": import_mb, "version": version,
            "cores": round(cores, 2)}, seconds


def measure_start(args):
    """Whole processes. The library stays out of this one: a child's peak would start at its parent's."""
    script = str(Path(__file__).parent / "families" / ("first_jax.py" if args.form == "jax" else "first.py"))
    command = [sys.executable, script, str(args.threads)] + ([args.weights] if args.weights else [])
    said = []

    def run():
        said.append([float(x) for x in subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.split()])

    run()
    seconds = seconds_of(run, args)
    value, import_mb, peak = zip(*said)
    return {"check": value[:3], "import_mb": round(max(import_mb), 1), "peak_mb": round(max(peak), 1)}, seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("workload", choices=[*FAMILIES, "start"])
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--weights")
    source.add_argument("--random", action="store_true")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--form", choices=["eager", "compile", "channels_last", "jax"], default="eager")
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=2)
    args = parser.parse_args()
    if not args.weights and not args.random and args.workload not in ("adamw", "start"):
        parser.error("--weights FILE or --random")
    line = {"workload": args.workload, "form": args.form, "threads": args.threads, "precision": args.precision}
    if args.form == "channels_last" and args.workload not in PICTURES or args.form == "compile" and args.workload == "start":
        print(json.dumps(line | {"error": "no such form of it"}))
        return
    try:
        found, seconds = measure_start(args) if args.workload == "start" else measure(args)
    except Exception as error:  # torch.compile fails in many ways, none of which is this program's
        if args.form != "compile":
            raise
        print(json.dumps(line | {"error": f"{type(error).__name__}: {str(error).strip()[:400]}"}))
        return
    print(json.dumps(line | {"peak_mb": peak_mb()} | found | {
        "median": seconds[len(seconds) // 2], "least": seconds[0], "most": seconds[-1], "runs": len(seconds)}))


if __name__ == "__main__":
    main()
