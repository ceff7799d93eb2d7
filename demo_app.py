"""Start the demo: `python demo_app.py`, then open the address that it prints."""

# `matting.app` comes first, since ZeroGPU has to be there before anything touches CUDA.
from matting.app import build, launch_options

# isort: split
from matting import MattingPipeline

demo = build(MattingPipeline.from_pretrained())

if __name__ == "__main__":
    demo.launch(**launch_options())
