"""Every benchmark in its published layout, with real pictures of a few pixels."""

import json

import numpy as np
from PIL import Image

SIZE = (40, 56)


def disc(seed, size=SIZE):
    """A soft disc: image uint8 (H, W, 3), alpha uint8 (H, W), trimap uint8 (H, W)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    distance = np.hypot(y - size[0] / 2, x - size[1] / 2 - seed % 3)
    alpha = np.rint(255 * np.clip((14 - distance) / 6 + 0.5, 0, 1)).astype(np.uint8)
    front, behind = rng.integers(150, 250, 3), rng.integers(0, 100, (*size, 3))
    image = np.rint(alpha[..., None] / 255 * front + (1 - alpha[..., None] / 255) * behind).astype(np.uint8)
    trimap = np.select([distance < 9, distance > 20], [255, 0], 128).astype(np.uint8)
    return image, alpha, trimap


def write(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path, quality=100)


def _photos(root, names, images, alphas, trimaps=None, suffix="png"):
    for seed, name in enumerate(names):
        image, alpha, trimap = disc(seed)
        write(root / images / f"{name}.{suffix}", image)
        write(root / alphas / f"{name}.png", alpha)
        if trimaps:
            write(root / trimaps / f"{name}.png", trimap)


def _foregrounds(folder, names, foregrounds, alphas):
    for seed, name in enumerate(names):
        write(folder / foregrounds / f"{name}.png", np.full((*SIZE, 3), 200 - 20 * seed, np.uint8))
        write(folder / alphas / f"{name}.png", disc(seed)[1])


def backgrounds(folder, count):
    """Photos smaller, larger and of another shape than the foregrounds."""
    rng = np.random.default_rng(9)
    for index in range(count):
        size = ((30, 30), (90, 60), (40, 80))[index % 3]
        write(folder / f"2008_{index:06d}.png", rng.integers(0, 256, (*size, 3), dtype=np.uint8))
    return folder


def composition_1k(root):
    names = ("spider", "cat")
    test = root / "Combined_Dataset/Test_set"
    _foregrounds(test / "Adobe-licensed images", names, "fg", "alpha")
    for seed, name in enumerate(names):
        for index in range(20):
            write(test / f"Adobe-licensed images/trimaps/{name}_{index}.png", disc(seed)[2])
    backgrounds(root / "VOCdevkit/VOC2012/JPEGImages", 40)
    (test / "test_fg_names.txt").write_text("".join(f"{name}.png\n" for name in names))
    (test / "test_bg_names.txt").write_text("".join(f"2008_{39 - index:06d}.png\n" for index in range(40)))


def distinctions_646(root):
    _foregrounds(root / "Distinctions-646/Test", ("a", "b"), "FG", "GT")


def alphamatting(root):
    names = ("GT01", "GT02")
    _photos(root, names, "input_training_lowres", "gt_training_lowres", "trimap_training_lowres/Trimap1")
    for seed, name in enumerate(names):
        write(root / f"trimap_training_lowres/Trimap2/{name}.png", disc(seed)[2])
    for seed, name in enumerate(("doll", "troll")):
        write(root / f"input_lowres/{name}.png", disc(seed)[0])
        for number in (1, 2, 3):
            write(root / f"trimap_lowres/Trimap{number}/{name}.png", disc(seed)[2])


def rwp_636(root):
    _photos(root, ("7", "8"), "image", "alpha", suffix="png")
    for seed, name in enumerate(("7", "8")):
        _, alpha, trimap = disc(seed)
        write(root / f"segmask/{name}.png", np.where(alpha > 127, 255, 0).astype(np.uint8))
        write(root / f"detailmap/{name}_cloud_trimap.png", np.where(trimap == 128, 255, 0).astype(np.uint8))


def p3m(root):
    _photos(root / "P3M-10k/validation/P3M-500-P", ("p_1", "p_2"), "blurred_image", "mask", "trimap")
    _photos(root / "P3M-10k/validation/P3M-500-NP", ("q_1", "q_2"), "original_image", "mask", "trimap")


def aim_500(root):
    names, types = ("o_0", "o_1", "o_2", "o_3"), ("SO", "SO", "STM", "NS")
    _photos(root, names, "original", "mask", "trimap")
    entries = {name: {"type": kind} for name, kind in zip(names, types, strict=True)}
    (root / "aim_category_type.json").write_text(json.dumps(entries))


def ppm_100(root):
    _photos(root, ("a", "b"), "image", "matte")


def folder(root):
    _photos(root, ("a", "b"), "image", "alpha", "trimap")


TREES = {
    "composition-1k": composition_1k,
    "distinctions-646": distinctions_646,
    "alphamatting": alphamatting,
    "rwp-636": rwp_636,
    "p3m-500-p": p3m,
    "p3m-500-np": p3m,
    "aim-500": aim_500,
    "ppm-100": ppm_100,
    "folder": folder,
}


def plant(name, root):
    """Write a benchmark's tree and return the arguments of `evaluate` that name it."""
    TREES[name](root)
    words = ["evaluate", name, "--root", str(root)]
    if name == "distinctions-646":
        words += ["--backgrounds", str(backgrounds(root / "voc", 40))]
    return [*words, "--trimap", "1"] if name == "alphamatting" else words
