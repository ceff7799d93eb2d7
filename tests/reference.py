"""The paper's equations 2 to 17 again, slow and literal, in float64; nothing here comes from the package.

Regions are booleans, one per pixel. A window is `width` pixels wide, and its pixel number i stands in row i // width
and column i % width. Queries, keys and values are arrays (pixels, channels) of one head.
"""

import math

import numpy as np


def distance(i, j, width):
    """d_ij below Eq. 4."""
    return math.sqrt((i % width - j % width) ** 2 + (i // width - j // width) ** 2)


def region_distance(unknown, region, width):
    """Eq. 4: D_F where the region is the foreground, D_B where it is the background."""
    pixels = range(len(unknown))
    result = np.zeros((len(unknown), len(unknown)))
    for i in pixels:
        to_region = [distance(i, j, width) for j in pixels if region[j]]
        for j in pixels:
            if not region[j]:
                result[i, j] = 0
            elif unknown[i]:
                result[i, j] = distance(i, j, width) / min(to_region)
            else:
                result[i, j] = -distance(i, j, width)
    return result


def distance_map(foreground, background, width):
    """Eq. 3: dis = D_F + D_B."""
    unknown = [not (f or b) for f, b in zip(foreground, background, strict=True)]
    return region_distance(unknown, foreground, width) + region_distance(unknown, background, width)


def attention(factors, query, key):
    """softmax(factors ⊙ q·k / √dim), the softmax over the keys; the same in Eq. 2, 5 and 8."""
    result = np.zeros(factors.shape)
    for i in range(len(query)):
        logits = []
        for j in range(len(key)):
            product = sum(float(q) * float(k) for q, k in zip(query[i], key[j], strict=True))
            logits.append(factors[i, j] * product / math.sqrt(len(query[i])))
        powers = [math.exp(logit - max(logits)) for logit in logits]
        for j in range(len(key)):
            result[i, j] = powers[j] / sum(powers)
    return result


def mixture(weights, value):
    """attention · v, as loops."""
    result = np.zeros((len(weights), value.shape[1]))
    for i in range(len(weights)):
        for j in range(len(value)):
            for channel in range(value.shape[1]):
                result[i, channel] += weights[i, j] * value[j, channel]
    return result


def sampling(query, key, value, foreground, background, width):
    """Eq. 2: F_ls of one head in one window."""
    return mixture(attention(distance_map(foreground, background, width), query, key), value)


def clip(number):
    """Eq. 7."""
    return min(max(number, 0.1), 10)


def region_weights(unknown, queries):
    """Eq. 6: m, one row for each query."""
    in_unknown = sum(bool(pixel) for pixel in unknown)
    in_known = len(unknown) - in_unknown
    result = np.zeros((queries, len(unknown)))
    for i in range(queries):
        for j in range(len(unknown)):
            above, below = (in_unknown, in_known) if unknown[j] else (in_known, in_unknown)
            result[i, j] = clip(math.sqrt(above / below) if below else math.inf)
    return result


def propagation(query, key, value, unknown):
    """Eq. 5 in a window, Eq. 8 globally; `unknown` is that of the keys."""
    return mixture(attention(region_weights(unknown, len(query)), query, key), value)


def gate(first, second):
    """Eq. 9: ELU(F̂₁) ⊙ sigmoid(F̂₂), over arrays of any shape."""
    result = np.zeros(first.shape)
    for place in np.ndindex(first.shape):
        elu = first[place] if first[place] > 0 else math.exp(first[place]) - 1
        result[place] = elu * (1 / (1 + math.exp(-second[place])))
    return result


def linear(feature, weight, bias):
    """A fully connected layer over (pixels, channels)."""
    result = np.zeros((len(feature), len(weight)))
    for pixel in range(len(feature)):
        for output in range(len(weight)):
            result[pixel, output] = bias[output]
            for channel in range(feature.shape[1]):
                result[pixel, output] += weight[output, channel] * feature[pixel, channel]
    return result


def convolution(feature, weight, bias, stride=1):
    """A convolution with an odd kernel over (channels, height, width), zeros beyond the border."""
    _, height, width = feature.shape
    outputs, inputs, size, _ = weight.shape
    result = np.zeros((outputs, -(-height // stride), -(-width // stride)))
    for output, row, column in np.ndindex(result.shape):
        result[output, row, column] = bias[output]
        for channel, down, right in np.ndindex(inputs, size, size):
            y, x = row * stride + down - size // 2, column * stride + right - size // 2
            if 0 <= y < height and 0 <= x < width:
                result[output, row, column] += weight[output, channel, down, right] * feature[channel, y, x]
    return result


def cross_fusion(first, second, weight, bias):
    """The whole CFC over (pixels, channels): concatenate, transform, split in halves, Eq. 9."""
    joined = np.array([[*one, *other] for one, other in zip(first, second, strict=True)])
    transformed = linear(joined, weight, bias)
    half = len(weight) // 2
    return gate(transformed[:, :half], transformed[:, half:])


def alpha_loss(predicted, truth, region):
    """Eq. 11, of one image (height, width)."""
    errors = _errors(predicted, truth, region)
    return sum(errors) / len(errors) if errors else 0.0


def hard_mining_loss(predicted, truth, region, percent=50):
    """Eq. 12, of one image: the mean of the largest errors, rounded up to whole pixels."""
    errors = sorted(_errors(predicted, truth, region), reverse=True)
    hard = errors[: math.ceil(len(errors) * percent / 100)]
    return sum(hard) / len(hard) if hard else 0.0


def matting_loss(coarse, refined, truth, region):
    """Eq. 10, of one image, both losses on both estimates."""
    return sum(
        loss(predicted, truth, region) for predicted in (coarse, refined) for loss in (alpha_loss, hard_mining_loss)
    )


def soft_fusion(alpha, probabilities):
    """Eq. 13 with Eq. 14, over (height, width); probabilities are background, unknown, foreground."""
    result = np.zeros(alpha.shape)
    for y, x in np.ndindex(alpha.shape):
        background, _, foreground = (float(p) for p in probabilities[y, x])
        unknown = 1 - (foreground + background)
        share = foreground / (foreground + background) if foreground + background else 0.0
        result[y, x] = (1 - unknown) * share + unknown * float(alpha[y, x])
    return result


def short_soft_fusion(alpha, probabilities):
    """Eq. 15 with Eq. 14."""
    result = np.zeros(alpha.shape)
    for y, x in np.ndindex(alpha.shape):
        background, _, foreground = (float(p) for p in probabilities[y, x])
        result[y, x] = foreground + (1 - (foreground + background)) * float(alpha[y, x])
    return result


def cross_entropy(logits, classes):
    """L_ce, of one image: logits (3, height, width), classes (height, width)."""
    total = 0.0
    for y, x in np.ndindex(classes.shape):
        powers = [math.exp(logit) for logit in logits[:, y, x]]
        total -= math.log(powers[classes[y, x]] / sum(powers))
    return total / classes.size


def generator_loss(scores, logits, classes, alpha, pseudo_alpha, weight):
    """Eq. 16, of one image: scores (h, w) of its composite, the rest as in `cross_entropy` and `alpha_loss`."""
    adversarial = [(float(scores[p]) - 1) ** 2 for p in np.ndindex(scores.shape)]
    everywhere = np.ones(alpha.shape, bool)
    difference = alpha_loss(pseudo_alpha, alpha, everywhere)
    return sum(adversarial) / len(adversarial) + weight * (cross_entropy(logits, classes) + difference)


def discriminator_loss(fake, real):
    """Eq. 17, of one composite's and one photo's scores (h, w)."""
    on_composite = [float(fake[p]) ** 2 for p in np.ndindex(fake.shape)]
    on_photo = [(float(real[p]) - 1) ** 2 for p in np.ndindex(real.shape)]
    return sum(on_composite) / len(on_composite) + sum(on_photo) / len(on_photo)


def _errors(predicted, truth, region):
    return [abs(float(predicted[p]) - float(truth[p])) for p in np.ndindex(truth.shape) if region[p]]
