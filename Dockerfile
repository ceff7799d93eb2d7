# The demo for those who host it themselves; docs/api-and-spaces.md tells how to build and run it.
FROM python:3.12-slim

WORKDIR /app

# PyTorch for the CPU. For CUDA build with --build-arg TORCH_INDEX=https://pypi.org/simple
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --no-cache-dir --index-url "$TORCH_INDEX" torch torchvision
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt "mcp>=1.21,<2"

COPY demo_app.py LICENSE ./
COPY matting matting
COPY assets assets

# Everything that is written lies in /tmp, so the root may be read-only: uploads, compiled code, weights to download.
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_TEMP_DIR=/tmp/visitors \
    HF_HOME=/tmp/huggingface \
    NUMBA_CACHE_DIR=/tmp/numba

RUN useradd --system --no-create-home demo
USER demo
EXPOSE 7860
HEALTHCHECK --start-period=2m CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['GRADIO_SERVER_PORT'] + '/gradio_api/app_id', timeout=5)"]
CMD ["python", "demo_app.py"]
