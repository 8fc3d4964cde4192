"""start: as first.py, in JAX.

python first_jax.py THREADS [FILE]; without a file, random weights."""
import os
import resource
import sys

if __name__ == "__main__":
    sys.path.insert(0, sys.path[0] + "/..")
    peak_mb = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    os.environ["PJRT_NPROC"] = sys.argv[1]
    import jax
    import_mb = peak_mb()
    from families.control_jax import MLP, mlp
    from families.setting_jax import Setting

    s = Setting(sys.argv[2] if len(sys.argv) > 2 else None, "jax", "f32")
    p, x = s.weights(MLP), s.input("state", lambda: [[1.0] * 4])
    print(jax.jit(mlp)(p, x).mean().item(), import_mb, peak_mb())
