"""Who watches a training: each is told of every step and of every look at held-out examples.

`CsvLog` writes log.csv and is there in every run. `ProgressBar` is for terminals, `live.LiveCurves` for notebooks,
`PictureFiles` writes pictures of the held-out examples. Another one is a subclass of `Observer`.
"""

from matting.training.observers.csv_log import CsvLog, read_log
from matting.training.observers.observer import Begun, Observer, Step
from matting.training.observers.pictures import PictureFiles
from matting.training.observers.progress import ProgressBar

__all__ = ["Begun", "CsvLog", "Observer", "PictureFiles", "ProgressBar", "Step", "read_log"]
