"""Nobody reads a file that was not uploaded, through any endpoint, by any name, nor learns whether there is one."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import httpx
import numpy as np
import pytest
from app_cases import HEIGHT, WIDTH
from gradio.block_function import BlockFunction
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from serving import Visitor, served

from matting.app.backend.uploads import REFUSED, GatedBlocks, check_files, lies_in_uploads

META = {"meta": {"_type": "gradio.FileData"}}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of uploads, and beside it a private one with a picture."""
    root = tmp_path_factory.mktemp("server")
    uploads, private = root / "uploads", root / "private"
    uploads.mkdir()
    private.mkdir()
    Image.new("RGB", (123, 77), (200, 10, 10)).save(private / "secret.png")
    (private / "secret.png").chmod(0o600)
    (uploads / "folder").symlink_to(private)
    for name in ("secret", "missing"):
        (uploads / f"{name}-link.png").symlink_to(private / f"{name}.png")
    return SimpleNamespace(uploads=uploads, private=private)


@pytest.fixture(scope="module")
def demo(pipeline, place, photo_file):
    """The page as it is served, a visitor, and where the visitor's photo lies."""
    with served(pipeline, place.uploads) as (page, address):
        visitor = Visitor(address)
        yield SimpleNamespace(page=page, visitor=visitor, address=address, photo=visitor.upload(photo_file))


@pytest.fixture(scope="module")
def photo_file(tmp_path_factory):
    """A photo of a disc on a visitor's own machine."""
    path = tmp_path_factory.mktemp("visitor") / "disc.png"
    picture = Image.new("RGB", (WIDTH, HEIGHT), (30, 30, 40))
    picture.paste((220, 210, 190), (40, 24, 88, 72))
    picture.save(path)
    return path


def names_of(place, name: str, address: str = "http://127.0.0.1:9", upload: str = "") -> list[str]:
    """Every way to name a file in the private folder, and addresses that this machine could fetch."""
    file, uploads = place.private / f"{name}.png", place.uploads
    return [
        str(file),
        os.path.relpath(file),
        f"{uploads}/../private/{name}.png",
        f"{Path(upload).parent}/../../private/{name}.png",
        f"{uploads}/{name}-link.png",
        f"{uploads}/folder/{name}.png",
        f"file://{file}",
        f"{address}/gradio_api/file={upload if name == 'secret' else file}",
        f"{uploads}/folder/../../private/{name}.png",
        f"{file}\0.png",
        f"{uploads}/{name}\0.png",
        f"{uploads}/\ud800{name}.png",
        f"{file}{'x' * 5000}",
        f"~/{name}.png",
        str(uploads),
        f"{uploads}-beside/{name}.png",
    ]


def shapes_of(path: str) -> list:
    """Every shape in which the page's components send files."""
    file = {"path": path, "orig_name": "photo.png"} | META
    return [
        {"path": path},
        file,
        {"path": None, "url": path},
        {"url": path},
        file | {"meta": {"_type": "something else"}},
        file | {"is_stream": True},
        [file],
        [{"image": file, "caption": None}],
        [[file, None]],
        {"background": file, "layers": [], "composite": None},
        {"background": None, "layers": [None, {"path": path}], "composite": None},
        {"background": None, "layers": [], "composite": {"path": path}},
        {"value": {"image": {"path": path}}, "index": 0},
    ]


def said_of(function: BlockFunction) -> str | None:
    """What an endpoint says of a file; Gradio itself gives the session instead of all values to one that cancels."""
    return None if function.cancels else REFUSED


def files_for(function: BlockFunction, names: list[str]) -> list[tuple[int, dict]]:
    """One name at every input, and every name at the first input that takes anything but plain values."""
    inputs = function.inputs or [None]
    first = next((at for at, block in enumerate(inputs) if getattr(block, "data_model", None)), 0)
    return [
        *((at, {"path": names[0]}) for at in range(len(inputs))),
        *((first, {"path": name} | more) for name in names for more in ({}, META)),
    ]


@pytest.mark.long
def test_every_endpoint_refuses_every_file_that_was_not_uploaded_in_the_same_sentence(demo, place):
    """Also endpoints that come later: all that the page has are asked, at every input."""
    functions = demo.page.fns.items()
    assert len(functions) > 100
    assert any(not function.preprocess for _, function in functions)
    wrong = []
    for number, function in functions:
        for name in ("secret", "missing"):
            for at, file in files_for(function, names_of(place, name, demo.address, demo.photo)[:8]):
                data = [None] * max(1, len(function.inputs))
                data[at] = file
                answer = demo.visitor.ask(number, data)
                if answer.get("error") != said_of(function):
                    wrong.append((function.api_name, at, file, answer))
    assert not wrong, f"{len(wrong)} answers: {wrong[:5]}"


def test_what_an_event_tells_is_checked_like_an_input(demo, place):
    for number, function in demo.page.fns.items():
        for name in ("secret", "missing"):
            event = {"index": 0, "value": {"image": {"path": str(place.private / f"{name}.png")}}}
            answer = demo.visitor.ask(number, [None] * len(function.inputs), event)
            assert answer["error"] == REFUSED, function.api_name


def test_the_queue_refuses_what_direct_calls_refuse(demo, place):
    taking = [
        (number, len(function.inputs))
        for number, function in demo.page.fns.items()
        if not (function.preprocess or function.cancels)
        or any(isinstance(block, gr.File | gr.UploadButton) for block in function.inputs)
    ]
    assert len(taking) >= 9
    for number, inputs in taking:
        for name in ("secret", "missing"):
            for file in ({"path": str(place.private / f"{name}.png")}, {"path": f"{place.uploads}/{name}-link.png"}):
                answer = demo.visitor.join(number, [file, *[None] * (inputs - 1)])
                assert answer["error"] == REFUSED


@pytest.mark.parametrize("name", ["secret", "missing"])
def test_a_file_is_found_in_every_shape_and_by_every_name(place, monkeypatch, name):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(place.uploads))
    for path in names_of(place, name, upload=f"{place.uploads}/abc/photo.png"):
        for shape in shapes_of(path):
            with pytest.raises(gr.Error) as refused:
                check_files([None, "keep", shape, 3])
            assert refused.value.message == REFUSED
    for path in (3, True, ["a"], {"path": "b"}, ""):
        with pytest.raises(gr.Error):
            check_files({"path": path})


def test_uploads_pass_in_every_shape_and_so_does_what_names_no_file(place, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(place.uploads))
    uploaded = place.uploads / "abc" / "photo ü.png"
    check_files([{"path": str(uploaded), "url": "http://127.0.0.1:7860/gradio_api/file=" + str(uploaded)} | META])
    check_files({"background": {"path": str(uploaded)}, "layers": [{"path": str(uploaded)}], "composite": None})
    check_files([None, {"path": None, "url": None}, [[320, 240, 1]], {"box": [0, 0, 1, 1]}, "/etc/passwd"])


def test_what_the_page_shows_at_first_it_may_send_back(demo, place, monkeypatch):
    """Its examples and backgrounds are copies among the uploads, so that they need no way past the gate."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(place.uploads))
    components = httpx.get(f"{demo.address}/config").json()["components"]
    values = [component["props"].get("value") for component in components]
    assert "parrots.jpg" in str(values)
    check_files(values)


def test_a_very_deep_value_is_checked_too(place):
    deep = {"path": "/etc/passwd"}
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(gr.Error):
        check_files(deep)


def test_a_folder_of_uploads_may_be_a_link_itself(place, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(place.uploads)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "link"))
    assert lies_in_uploads(str(tmp_path / "link" / "abc" / "photo.png"))
    assert lies_in_uploads(str(place.uploads.resolve() / "abc" / "photo.png"))
    assert not lies_in_uploads(str(tmp_path / "link" / "secret-link.png"))


def test_the_disk_is_never_asked_about_a_file_elsewhere(place, monkeypatch):
    """What takes equally long whatever lies there is no oracle."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(place.uploads))
    asked, stat = [], os.lstat
    monkeypatch.setattr(os, "lstat", lambda path, **options: (asked.append(str(path)), stat(path, **options))[1])
    assert not lies_in_uploads(str(place.private / "secret.png"))
    assert str(place.private) not in asked
    assert not lies_in_uploads(str(place.uploads / "secret-link.png"))
    assert str(place.uploads / "secret-link.png") in asked


def test_nothing_else_takes_values_past_the_gate(demo):
    """Components may serve functions of their own, which no gate sees: of the page's, only the editor's, for pixels."""
    assert isinstance(demo.page, GatedBlocks)
    serving = {
        (type(block).__name__, name)
        for block in demo.page.blocks.values()
        for name in dir(type(block))
        if getattr(getattr(type(block), name, None), "_is_server_fn", False)
    }
    assert serving == {("ImageEditor", "accept_blobs")}


def test_no_state_is_taken_from_outside(demo):
    """Who sends a state instead of a file changes nothing: each comes from the server's own memory."""
    for function in demo.page.fns.values():
        for block in function.inputs:
            assert block.stateful == isinstance(block, gr.State)
    number = number_of(demo, "show")
    states = [{"image": "forged", "stamp": "forged"}] * len(demo.page.fns[number].inputs)
    assert demo.visitor.ask(number, states)["data"] == demo.visitor.ask(number, [None] * len(states))["data"]


def number_of(demo, name: str) -> int:
    return next(number for number, function in demo.page.fns.items() if function.api_name == name)


def pictures_in(answer: dict) -> list[dict]:
    return [value for value in answer["data"] if isinstance(value, dict) and "path" in value]


def test_an_upload_is_taken_as_before(demo):
    """By the page's listeners, told or not that it is a file."""
    for file in ({"path": demo.photo}, {"path": demo.photo} | META):
        answer = demo.visitor.join(number_of(demo, "take_photo"), [file, "click", True, *[None] * 5])
        (shown,) = pictures_in(answer)
        with Image.open(shown["path"]) as picture:
            assert picture.size == (WIDTH, HEIGHT)


def test_programs_send_their_own_files_to_the_endpoint_and_no_addresses(demo, place, photo_file):
    client = Client(demo.address, verbose=False)
    given = {"photo": handle_file(photo_file), "box": [30, 16, 98, 80]}
    alpha, cutout, trimap, notices = client.predict(**given, api_name="/matte")
    assert notices == []
    for path in (alpha, cutout, trimap):
        with Image.open(path) as picture:
            assert picture.size == (WIDTH, HEIGHT)
    for address in (f"{demo.address}/gradio_api/file={demo.photo}", f"{demo.address}/nothing.png"):
        with pytest.raises(AppError, match=REFUSED):
            client.predict(photo=handle_file(address), box=[30, 16, 98, 80], api_name="/matte")
    with pytest.raises(AppError, match=REFUSED):
        client.predict(photo=None, points={"path": str(place.private / "secret.png")}, api_name="/matte")


def test_programs_get_notices_and_errors_as_sentences(demo, photo_file, tmp_path):
    client, given = Client(demo.address, verbose=False), {"photo": handle_file(photo_file), "api_name": "/matte"}
    mask = Image.new("L", (2 * WIDTH, 2 * HEIGHT))
    mask.save(tmp_path / "empty.png")
    with pytest.raises(AppError, match="marks no object"):
        client.predict(**given, mask=handle_file(tmp_path / "empty.png"))
    with pytest.raises(AppError, match="background everywhere"):
        client.predict(**given, trimap=handle_file(tmp_path / "empty.png"))
    mask.paste(255, (WIDTH // 2, HEIGHT // 2, WIDTH, HEIGHT))
    mask.save(tmp_path / "mask.png")
    *_, notices = client.predict(**given, mask=handle_file(tmp_path / "mask.png"))
    assert len(notices) == 1 and "was resized" in notices[0]


def test_programs_get_what_the_photo_tells_and_what_is_transparent_stays_so(demo, photo_file, tmp_path):
    exif = Image.Exif()
    exif[271] = "A camera"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 14.0)
    with Image.open(photo_file) as photo:
        layers = photo.convert("RGBA")
    layers.paste((0, 0, 0, 0), (0, 0, WIDTH // 2, HEIGHT))
    layers.save(tmp_path / "half.png", exif=exif)
    client, given = Client(demo.address, verbose=False), {"photo": handle_file(tmp_path / "half.png")}
    given |= {"box": [30, 16, 98, 80], "api_name": "/matte"}
    for metadata, camera, place in ((None, 1, 0), ("everything", 1, 1), ("nothing", 0, 0)):
        asked = given | ({"metadata": metadata} if metadata else {})
        alpha, cutout, _, notices = client.predict(**asked)
        assert [notice for notice in notices if "stay transparent" in notice]
        for path in (alpha, cutout):
            with Image.open(path) as picture:
                told = picture.getexif()
                assert (271 in told, 2 in told.get_ifd(0x8825)) == (camera, place)
                opacity = np.asarray(picture)
                opacity = opacity[..., 3] if opacity.ndim == 3 else opacity
                assert not opacity[:, : WIDTH // 2].any() and opacity.any()


def test_a_name_in_the_folder_of_uploads_that_nobody_uploaded_is_one_friendly_sentence(demo, place):
    number = number_of(demo, "take_photo")
    newcomer = Visitor(demo.address, session="newcomer")
    for path in (f"{place.uploads}/{'0' * 64}/none.png", f"{place.uploads}/{'x' * 5000}", str(Path(demo.photo).parent)):
        answer = newcomer.join(number, [{"path": path}, "click", True, *[None] * 5])
        assert "error" not in answer
        assert not pictures_in(answer)


def test_where_an_upload_lies_cannot_be_guessed_from_what_it_shows(demo, photo_file):
    """So other visitors' uploads are safe although nobody can tell whose is whose."""
    folder = Path(demo.photo).parent.name
    assert len(folder) == 64
    assert folder != hashlib.sha256(photo_file.read_bytes()).hexdigest()


def test_no_file_outside_is_served_by_its_address_either(demo, place):
    for name in ("secret", "missing"):
        for path in names_of(place, name)[:7]:
            address = f"{demo.address}/gradio_api/file={path}".replace("\0", "%00")
            assert httpx.get(address).status_code in (403, 404), path
