"""`train`: train a network, or resume a run."""

from matting.commands.train.command import add_parser, run

__all__ = ["add_parser", "run"]
