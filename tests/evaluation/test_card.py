import numpy as np
from huggingface_hub import ModelCard
from pictures import noise, refused

from matting.evaluation.benchmarks.photos import Photo
from matting.evaluation.card import card
from matting.evaluation.comparison import evaluate


def results():
    trimap = np.full((8, 8), 128, np.uint8)
    photo = Photo("one", noise((8, 8)), truth=np.zeros((8, 8), np.float32), trimap=trimap)
    return evaluate({"mine": lambda image, trimap: np.full((8, 8), 0.5, np.float32)}, [photo])


def test_a_card_has_a_head_that_the_hub_reads_and_says_data_and_scores():
    text = card(results(), repository="me/mine", data="Ten photos of my cat.", licence="cc-by-4.0")
    read = ModelCard(text)
    assert read.data.license == "cc-by-4.0" and "image-matting" in read.data.tags
    for part in (
        "# mine",
        "Ten photos of my cat.",
        'from_pretrained("me/mine")',
        "on 1 photos",
        results().to_markdown(),
    ):
        assert part in text


def test_a_card_without_a_word_about_the_data_is_refused():
    refused(lambda: card(results(), repository="me/mine", data=" ", licence="mit"), "describe the data")
