"""Start the demo: `python demo_app.py`, then open the address that it prints. `--coarse` adds segmenters."""

# `matting.app` comes first, since ZeroGPU has to be there before anything touches CUDA.
from matting.app import build, keep_to_own_folder, launch_options, read_added

# isort: split
import sys
from threading import Thread

from matting import MattingPipeline
from matting.compositing import load_estimator
from matting.inference.allocator import keep_freed_memory

if __name__ == "__main__":
    keep_to_own_folder()
    keep_freed_memory()
demo = build(MattingPipeline.from_pretrained(), read_added(sys.argv[1:] if __name__ == "__main__" else []))

if __name__ == "__main__":
    Thread(target=load_estimator, daemon=True).start()  # nobody should wait for numba at the first cutout
    demo.launch(**launch_options())
