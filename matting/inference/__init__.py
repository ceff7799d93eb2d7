"""The networks on whole photos, how their answers join (Eq. 13-15), previews, and progress."""
