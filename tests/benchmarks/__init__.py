"""Measurements that are kept, to be run by hand."""
