"""The metrics again, slow and literal, pixel by pixel; nothing here comes from the package."""

import math

import numpy as np


def sad(prediction, truth, region):
    height, width = truth.shape
    return (
        sum(
            abs(float(prediction[y, x]) - float(truth[y, x]))
            for y in range(height)
            for x in range(width)
            if region[y, x]
        )
        / 1000
    )


def mse(prediction, truth, region):
    squares = [
        (float(prediction[y, x]) - float(truth[y, x])) ** 2
        for y in range(truth.shape[0])
        for x in range(truth.shape[1])
        if region[y, x]
    ]
    return sum(squares) / len(squares) if squares else 0.0


def mad(prediction, truth, region):
    differences = [
        abs(float(prediction[y, x]) - float(truth[y, x]))
        for y in range(truth.shape[0])
        for x in range(truth.shape[1])
        if region[y, x]
    ]
    return sum(differences) / len(differences) if differences else 0.0


def gradient(prediction, truth, region, sigma=1.4):
    """Rhemann's gradient error as the published MATLAB has it: a 2-D kernel divided by its L2 norm."""
    half = math.ceil(sigma * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * sigma * 0.01)))

    def gauss(x):
        return math.exp(-(x**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))

    def derivative(x):
        return -x * gauss(x) / sigma**2

    offsets = range(-half, half + 1)
    kernel = {(i, j): gauss(i) * derivative(j) for i in offsets for j in offsets}
    norm = math.sqrt(sum(value * value for value in kernel.values()))
    return _gradient_loss(prediction, truth, region, {k: v / norm for k, v in kernel.items()}, _replicate) / 1000


def whole_image_gradient(prediction, truth, sigma=1.4):
    """The AIM and P3M code: a Gaussian of sum 1, derived, cut at four sigma, mirrored about the edge."""
    half = int(4 * sigma + 0.5)
    offsets = range(-half, half + 1)
    weights = {i: math.exp(-(i**2) / (2 * sigma**2)) for i in offsets}
    total = sum(weights.values())
    kernel = {(i, j): weights[i] / total * (-j / sigma**2) * weights[j] / total for i in offsets for j in offsets}
    return _gradient_loss(prediction, truth, np.ones(truth.shape, bool), kernel, _mirror) / 10


def connectivity(prediction, truth, region, tolerance=0.15):
    """Rhemann's connectivity error as the published MATLAB has it, every comparison in float32."""
    height, width = truth.shape
    prediction, truth = prediction.astype(np.float32), truth.astype(np.float32)
    steps = [np.float32(k / 10) for k in range(11)]
    connected = {}
    for previous, step in zip(steps[:-1], steps[1:], strict=True):
        lower = np.minimum(prediction, truth)
        both = {(y, x) for y in range(height) for x in range(width) if lower[y, x] >= step}
        omega = largest_component(both, height, width)
        for y in range(height):
            for x in range(width):
                if (y, x) not in connected and (y, x) not in omega:
                    connected[y, x] = previous

    def connectedness(alpha, level):
        distance = alpha - level
        return 1 - float(distance) * bool(distance >= np.float32(tolerance))

    total = 0.0
    for y in range(height):
        for x in range(width):
            if region[y, x]:
                level = connected.get((y, x), np.float32(1))
                total += abs(connectedness(prediction[y, x], level) - connectedness(truth[y, x], level))
    return total / 1000


def trimap_shares(predictions, truths):
    """pixAcc, IoU of background, unknown and foreground, mIoU: the pixels of all trimaps counted one by one."""
    values = (0, 128, 255)
    right = total = 0
    shared, joined = dict.fromkeys(values, 0), dict.fromkeys(values, 0)
    for prediction, truth in zip(predictions, truths, strict=True):
        for y in range(truth.shape[0]):
            for x in range(truth.shape[1]):
                found, true = int(prediction[y, x]), int(truth[y, x])
                total += 1
                right += found == true
                for value in values:
                    shared[value] += found == value and true == value
                    joined[value] += found == value or true == value
    ious = [shared[value] / joined[value] if joined[value] else 1.0 for value in values]
    return (right / total, *ious, sum(ious) / 3)


def largest_component(pixels, height, width):
    """Flood-fill the set of (y, x) over four neighbours; the first in reading order among equals."""
    best, seen = set(), set()
    for y in range(height):
        for x in range(width):
            if (y, x) in seen or (y, x) not in pixels:
                continue
            component, frontier = {(y, x)}, [(y, x)]
            while frontier:
                row, column = frontier.pop()
                for near in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                    if near in pixels and near not in component:
                        component.add(near)
                        frontier.append(near)
            seen |= component
            if len(component) > len(best):
                best = component
    return best


def _gradient_loss(prediction, truth, region, kernel, border):
    height, width = truth.shape

    def magnitude(alpha, y, x):
        across = down = 0.0
        for (i, j), weight in kernel.items():
            across += weight * float(alpha[border(y - i, height), border(x - j, width)])
            down += weight * float(alpha[border(y - j, height), border(x - i, width)])
        return math.sqrt(across**2 + down**2)

    return sum(
        (magnitude(prediction, y, x) - magnitude(truth, y, x)) ** 2
        for y in range(height)
        for x in range(width)
        if region[y, x]
    )


def _replicate(index, size):
    return min(max(index, 0), size - 1)


def _mirror(index, size):
    index %= 2 * size
    return index if index < size else 2 * size - 1 - index
