from pathlib import Path

import pytest
from huggingface_hub import HfApi, snapshot_download
from network_cases import narrowest_pipeline

from matting.lessons.local_hub import TOKEN, local_hub
from matting.pipeline import MattingPipeline

CARD = "---\nlicense: mit\n---\n\n# Mine\n"


@pytest.fixture(scope="module")
def pipeline():
    return narrowest_pipeline()


def test_the_real_library_uploads_weights_and_card_and_fetches_them_again(pipeline, tmp_path):
    with local_hub(tmp_path / "hub") as hub:
        assert isinstance(hub.api, HfApi)
        assert pipeline.push_to_hub("me/mine", card=CARD, api=hub.api) == f"{hub.address}/me/mine"
        assert set(hub.files("me/mine")) == {"README.md", "spamattnet.safetensors", "tgn.safetensors"}
        assert {token for _, token in hub.calls} == {f"Bearer {TOKEN}"}
        fetched = Path(snapshot_download("me/mine", endpoint=hub.address, cache_dir=tmp_path / "cache", token=False))
    assert (fetched / "README.md").read_text() == CARD
    for place in (fetched, hub.place("me/mine")):
        assert MattingPipeline.from_pretrained(place, device="cpu").fingerprint == pipeline.fingerprint


def test_spaces_lie_beside_models(tmp_path):
    (tmp_path / "app.py").write_text("demo")
    with local_hub(tmp_path / "hub") as hub:
        address = hub.api.create_repo("me/demo", repo_type="space", space_sdk="gradio")
        hub.api.upload_folder(repo_id="me/demo", repo_type="space", folder_path=tmp_path, allow_patterns=["*.py"])
    assert str(address) == f"{hub.address}/spaces/me/demo" and hub.created["sdk"] == "gradio"
    assert hub.files("me/demo", "space") == {"app.py": 4} and hub.files("me/demo") == {}
