import torch

from matting.lessons.attention import check_nearer, check_propagation, check_without_background
from matting.networks.attention import propagate


def by_loops(query, key, value, weights):
    logits = weights * (query @ key.T) / query.shape[1] ** 0.5
    return logits.softmax(1) @ value


def test_the_place_that_gets_most_attention():
    assert check_without_background(None).right is None
    assert check_without_background((4, 0)).right
    for place, hint in {(1, 0): "far away", (1, 1): "dis = 0", (2, 4): "D_B is 0"}.items():
        verdict = check_without_background(place)
        assert verdict.right is False and hint in verdict.said


def test_propagation_by_loops():
    assert check_propagation(lambda *_: None).right is None
    assert check_propagation(by_loops).right and check_propagation(propagate).right
    for wrong, hint in {
        "m are missing": lambda q, k, v, m: by_loops(q, k, v, torch.ones_like(m)),
        "divided by √C": lambda q, k, v, m: (m * (q @ k.T)).softmax(1) @ v,
        "sum to one": lambda q, k, v, m: (m * (q @ k.T) / 2).exp() @ v,
        "is wanted": lambda q, k, v, m: by_loops(q, k, v, m)[0],
        "Follow one query": lambda q, k, v, m: by_loops(k, q, v, m),
    }.items():
        verdict = check_propagation(hint)
        assert verdict.right is False and wrong in verdict.said


def test_another_distance_map():
    assert check_nearer(lambda dis: ...).right is None
    assert check_nearer(lambda dis: torch.where(dis > 0, 1 / dis.square(), dis)).right
    for wrong, hint in {
        "from the bottom": lambda dis: dis,
        "infinities": lambda dis: 1 / dis,
        "keeps dis = 0": lambda dis: torch.ones_like(dis),
        "is wanted": lambda dis: dis[0],
    }.items():
        verdict = check_nearer(hint)
        assert verdict.right is False and wrong in verdict.said
