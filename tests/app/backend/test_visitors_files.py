"""What visitors have sent and got is gone when the demo is, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from matting.app.backend.visitors_files import PREFIX

CHECKOUT = Path(__file__).resolve().parents[3]
DEMO = """
from matting.app.backend.visitors_files import keep_to_own_folder
import gradio as gr
from gradio import utils
folder = keep_to_own_folder()
assert utils.get_upload_folder() == str(folder)
with gr.Blocks() as page:
    gr.Image({photo!r})
(folder / "upload.png").write_bytes(b"a visitor's")
print("served", flush=True)
page.launch(quiet=True)
"""


def start(uploads, photo):
    process = subprocess.Popen(
        [sys.executable, "-c", DEMO.format(photo=str(photo))],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
        env=os.environ | {"GRADIO_TEMP_DIR": str(uploads), "GRADIO_ANALYTICS_ENABLED": "0"},
        # A test runner started in the background hands on an ignored SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout.readline() == "served\n"
    (folder,) = [path for path in uploads.glob(f"{PREFIX}.*") if f"-{process.pid}-" in path.name]
    assert (folder / "upload.png").exists() and folder.stat().st_mode & 0o777 == 0o700
    return process, folder


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_demo_takes_its_visitors_files_with_it(tmp_path, number):
    photo = CHECKOUT / "assets/examples/lemur.jpg"
    process, folder = start(tmp_path, photo)
    process.send_signal(number)
    process.communicate(timeout=120)
    assert not folder.exists()


@pytest.mark.long
def test_a_killed_demos_files_are_gone_at_the_next_start_and_a_running_ones_stay(tmp_path):
    photo = CHECKOUT / "assets/examples/lemur.jpg"
    (tmp_path / "mine").mkdir()
    (killed, first), (running, second) = start(tmp_path, photo), start(tmp_path, photo)
    killed.kill()
    killed.communicate()
    assert first.exists()
    again, third = start(tmp_path, photo)
    try:
        assert not first.exists() and second.exists() and third.exists() and (tmp_path / "mine").exists()
    finally:
        for process in (running, again):
            process.terminate()
            process.communicate(timeout=120)
