"""`evaluate`: score methods, trimaps and coarse masks."""

from matting.commands.evaluate.command import add_parser, run

__all__ = ["add_parser", "run"]
