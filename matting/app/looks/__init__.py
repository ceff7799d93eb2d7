"""Closer looks at a result: its fringe, where the network looks, errors against a true matte."""
