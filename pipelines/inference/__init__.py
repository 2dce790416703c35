"""Inference that knows no stream: a model's text in; gradient, draws and predictions out."""

import os

os.environ["XLA_FLAGS"] = " ".join(
    [
        # small matrices: XLA's own threads only cost, and one thread gives one answer
        "--xla_cpu_multi_thread_eigen=false",
        # what every processor of the last ten years has: a newer one would round otherwise
        "--xla_cpu_max_isa=AVX2",
        # functions that other processors work out alike, at no cost here
        "--xla_cpu_enable_platform_dependent_math=false",
        # compiling is most of a short fit: eight hundred small kernels through the older emitters,
        # without passes that make nothing faster here, cost half
        "--xla_cpu_use_fusion_emitters=false",
        "--xla_backend_optimization_level=1",
        os.environ.get("XLA_FLAGS", ""),
    ]
).strip()
os.environ.setdefault("JAX_PLATFORMS", "cpu")
