"""`matte`: cut photos out, one or many."""

from matting.commands.matte.command import add_parser, run

__all__ = ["add_parser", "run"]
