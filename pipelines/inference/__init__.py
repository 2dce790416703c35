"""Inference that knows no stream: a model's text in; gradient, draws and predictions out."""

from __future__ import annotations

import os

# small matrices: XLA's own threads only cost, and one thread gives one answer, whatever else is set
os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "")
    + " --xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    # compiling is most of a short fit; further passes make nothing faster here
    " --xla_backend_optimization_level=1"
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")
