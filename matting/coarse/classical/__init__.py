"""Clicks understood without a network: a cut through the photo's regions, then GrabCut. Not the paper's."""
