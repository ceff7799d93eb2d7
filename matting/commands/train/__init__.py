"""`train`: a network learns, or a run goes on."""

from matting.commands.train.command import add_parser, run

__all__ = ["add_parser", "run"]
