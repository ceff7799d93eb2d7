"""Trimaps: algebra on the three regions, edits, and the doctor that finds what is wrong with one."""
