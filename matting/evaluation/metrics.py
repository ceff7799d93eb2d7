"""The field's measures of a matte, SAD, MSE, MAD, Grad and Conn (Rhemann et al., CVPR 2009), and of a trimap.

A matte is (H, W) floating point in [0, 1], at the photo's own size, never rounded to 8 bits: a difference of
1/512 counts. Nor is it stretched to the full range; an alpha that never reaches 1 is scored as it is.

Two conventions are in use and differ in more than the region: `unknown_region_scores` (Composition-1k,
alphamatting.com) and `whole_image_scores` (AIM, P3M). Each measure takes a boolean `region` (H, W). Over an
empty region each measure is 0: where nothing was left to estimate, nothing is wrong.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN, check

SIGMA = 1.4  # of the Gaussian derivative under Grad, in pixels
TOLERANCE = 0.15  # of Conn: how far alpha may rise above its connected level before it counts as disconnected
LEVELS = (np.arange(11) / 10).astype(np.float32)  # of Conn; np.arange(0, 1.1, 0.1) holds 0.6000000000000001


@dataclass(frozen=True)
class Scores:
    """The errors of one matte; lower is better and 0 is perfect.

    `sad`, `grad` and `conn` are sums over pixels, in thousands (whole-image `grad`: in tens); `mse` and `mad`
    are means.
    """

    sad: float
    mse: float
    mad: float
    grad: float
    conn: float


@dataclass(frozen=True)
class RegionErrors:
    """The errors of one matte over a part of the photo; `sad` is in thousands, `mse` and `mad` are means."""

    sad: float
    mse: float
    mad: float


@dataclass(frozen=True)
class TrimapScores:
    """The agreement of trimaps, each in [0, 1], where more is better; `mean_iou` averages the three IoU."""

    pixel_accuracy: float
    iou_background: float
    iou_unknown: float
    iou_foreground: float
    mean_iou: float


def unknown_region_scores(prediction: np.ndarray, truth: np.ndarray, unknown: np.ndarray) -> Scores:
    """Score in the Composition-1k convention: over the trimap's unknown region (Tables III, IV and IX).

    Both mattes are (H, W) floats in [0, 1], `unknown` is (H, W) boolean. Write the trimap's known values over
    the prediction before: Grad and Conn look beyond the region's rim. Raises ValueError for other shapes, types
    or ranges.
    """
    prediction, truth = _checked(prediction, "prediction"), _checked(truth, "truth")
    _check_same_size(prediction, truth, unknown)
    return Scores(
        sad=sum_of_absolute_differences(prediction, truth, unknown),
        mse=mean_squared_error(prediction, truth, unknown),
        mad=mean_absolute_difference(prediction, truth, unknown),
        grad=gradient_error(prediction, truth, unknown),
        conn=connectivity_error(prediction, truth, unknown),
    )


def whole_image_scores(prediction: np.ndarray, truth: np.ndarray) -> Scores:
    """Score in the AIM and P3M convention: over every pixel, Grad by SciPy's filter (Tables V, VI and VIII).

    Both mattes are (H, W) floats in [0, 1]. Raises ValueError for other shapes, types or ranges.
    """
    prediction, truth = _checked(prediction, "prediction"), _checked(truth, "truth")
    everywhere = np.ones(truth.shape, bool)
    _check_same_size(prediction, truth, everywhere)
    return Scores(
        sad=sum_of_absolute_differences(prediction, truth, everywhere),
        mse=mean_squared_error(prediction, truth, everywhere),
        mad=mean_absolute_difference(prediction, truth, everywhere),
        grad=whole_image_gradient_error(prediction, truth),
        conn=connectivity_error(prediction, truth, everywhere),
    )


def region_errors(prediction: np.ndarray, truth: np.ndarray, region: np.ndarray) -> RegionErrors:
    """Score over a part of the photo: P3M's and AIM-500's -T in the data set's unknown region, RWP-636's Details.

    Each pixel counts by itself, so what a method says elsewhere is of no matter. Both mattes are (H, W) floats in
    [0, 1], `region` is (H, W) boolean. Raises ValueError for other shapes, types or ranges.
    """
    prediction, truth = _checked(prediction, "prediction"), _checked(truth, "truth")
    _check_same_size(prediction, truth, region)
    return RegionErrors(
        sad=sum_of_absolute_differences(prediction, truth, region),
        mse=mean_squared_error(prediction, truth, region),
        mad=mean_absolute_difference(prediction, truth, region),
    )


def sum_of_absolute_differences(prediction: np.ndarray, truth: np.ndarray, region: np.ndarray) -> float:
    """SAD = Σ|p - g| / 1000 over the region."""
    return float(np.abs(_difference(prediction, truth, region)).sum()) / 1000


def mean_squared_error(prediction: np.ndarray, truth: np.ndarray, region: np.ndarray) -> float:
    """MSE = mean of (p - g)² over the region."""
    return float((_difference(prediction, truth, region) ** 2).sum()) / max(np.count_nonzero(region), 1)


def mean_absolute_difference(prediction: np.ndarray, truth: np.ndarray, region: np.ndarray) -> float:
    """MAD = mean of |p - g| over the region."""
    return 1000 * sum_of_absolute_differences(prediction, truth, region) / max(np.count_nonzero(region), 1)


def gradient_error(prediction: np.ndarray, truth: np.ndarray, region: np.ndarray) -> float:
    """Grad = Σ(|∇p| - |∇g|)² / 1000 over the region: are edges as sharp and as strong as the true ones?"""
    return _squared_difference(_replicated_gradient(prediction), _replicated_gradient(truth), region) / 1000


def whole_image_gradient_error(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Grad in the AIM and P3M convention: SciPy's kernel as it is, border mirrored, all pixels, / 10.

    Away from the border it is 1.036 times `gradient_error` on single pixels and up to 1.055 times on slopes,
    since the other kernel is cut at four pixels.
    """
    everywhere = np.ones(truth.shape, bool)
    return _squared_difference(_mirrored_gradient(prediction), _mirrored_gradient(truth), everywhere) / 10


def connectivity_error(prediction: np.ndarray, truth: np.ndarray, region: np.ndarray) -> float:
    """Conn = Σ|φ(p) - φ(g)| / 1000 over the region: is the matte connected as the true one is?

    φ = 1 - d · [d >= 0.15], where d is how far alpha rises above the highest tenth at which the pixel still
    belongs to the largest 4-connected component that both mattes share. Components are sought in the whole
    image.
    """
    prediction, truth = prediction.astype(np.float32), truth.astype(np.float32)
    connected = _connected_level(np.minimum(prediction, truth))
    difference = _connectedness(prediction, connected) - _connectedness(truth, connected)
    return float(np.abs(difference[region]).sum()) / 1000


def trimap_confusion(prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Count the pixels of each pair of classes: (3, 3) int64, rows true, columns predicted.

    The classes stand in the order background, unknown, foreground; both trimaps are (H, W) uint8 in {0, 128,
    255}. Add the counts of all photos before scoring a set. Raises ValueError for other values or sizes.
    """
    if prediction.shape != truth.shape:
        raise ValueError(f"Trimaps to compare must have one size, got {prediction.shape} and {truth.shape}.")
    check(prediction)
    check(truth)
    classes = np.array([BACKGROUND, UNKNOWN, FOREGROUND])
    pairs = 3 * np.searchsorted(classes, truth) + np.searchsorted(classes, prediction)
    return np.bincount(pairs.ravel(), minlength=9).reshape(3, 3)


def trimap_scores(confusion: np.ndarray) -> TrimapScores:
    """Score trimaps by their counts of `trimap_confusion`: pixAcc, IoU of each class, mIoU.

    A class that neither side holds is in full agreement: its IoU is 1, and so is the accuracy over no pixels.
    """
    hits = np.diag(confusion)
    unions = confusion.sum(0) + confusion.sum(1) - hits
    ious = np.where(unions > 0, hits / np.maximum(unions, 1), 1.0)
    accuracy = hits.sum() / confusion.sum() if confusion.sum() else 1.0
    return TrimapScores(float(accuracy), *map(float, ious), float(ious.mean()))


def _checked(alpha: np.ndarray, name: str) -> np.ndarray:
    if alpha.ndim != 2 or not np.issubdtype(alpha.dtype, np.floating):
        raise ValueError(
            f"The {name} must be (height, width) floats in [0, 1], but {alpha.shape} {alpha.dtype} came; "
            "divide integers by their maximum and take one channel."
        )
    if alpha.size and not (alpha.min() >= 0 and alpha.max() <= 1):  # false for NaN too
        raise ValueError(f"The {name} must lie in [0, 1], but it spans {alpha.min():g} to {alpha.max():g}; clip it.")
    return alpha.astype(np.float64)


def _check_same_size(prediction: np.ndarray, truth: np.ndarray, region: np.ndarray) -> None:
    if not prediction.shape == truth.shape == region.shape or region.dtype != bool:
        raise ValueError(
            f"Prediction, truth and boolean region must have one size, but {prediction.shape}, {truth.shape} "
            f"and {region.shape} {region.dtype} came; score at the photo's own size."
        )


def _difference(prediction: np.ndarray, truth: np.ndarray, region: np.ndarray) -> np.ndarray:
    return prediction[region].astype(np.float64) - truth[region]


def _squared_difference(first: np.ndarray, second: np.ndarray, region: np.ndarray) -> float:
    return float(((first - second)[region] ** 2).sum())


def _replicated_gradient(alpha: np.ndarray) -> np.ndarray:
    """Filter with a 9x9 Gaussian derivative of unit L2 norm, borders replicated; (H, W) float64."""
    offsets = np.arange(-4, 5)  # where the Gaussian falls below a hundredth
    gaussian = np.exp(-(offsets**2) / (2 * SIGMA**2))
    derivative = -offsets * gaussian
    smooth, slope = gaussian / np.linalg.norm(gaussian), derivative / np.linalg.norm(derivative)
    alpha = alpha.astype(np.float64)
    along_x = cv2.sepFilter2D(alpha, cv2.CV_64F, slope, smooth, borderType=cv2.BORDER_REPLICATE)
    along_y = cv2.sepFilter2D(alpha, cv2.CV_64F, smooth, slope, borderType=cv2.BORDER_REPLICATE)
    return np.hypot(along_x, along_y)


def _mirrored_gradient(alpha: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    alpha = alpha.astype(np.float64)
    return np.hypot(gaussian_filter(alpha, SIGMA, order=(1, 0)), gaussian_filter(alpha, SIGMA, order=(0, 1)))


def _connected_level(shared: np.ndarray) -> np.ndarray:
    """Give each pixel the highest tenth up to which it stays in every tenth's largest component; float32."""
    connected = np.ones_like(shared)
    inside = np.ones(shared.shape, bool)
    for level, below in zip(LEVELS[1:], LEVELS[:-1], strict=True):
        still = inside & _largest_component(shared >= level)
        connected[inside & ~still] = below
        inside = still
    return connected


def _largest_component(mask: np.ndarray) -> np.ndarray:
    """Keep the largest 4-connected component, the first in reading order among equals."""
    if not mask.any():
        return mask  # an empty intersection has no component: omega = 0
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    sizes = np.bincount(labels[mask])  # the background's label is not among them
    first = (mask & (sizes[labels] == sizes.max())).argmax()
    return labels == labels.flat[first]


def _connectedness(alpha: np.ndarray, connected: np.ndarray) -> np.ndarray:
    distance = alpha - connected
    return 1 - np.where(distance >= np.float32(TOLERANCE), distance, 0).astype(np.float64)
