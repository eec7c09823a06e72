"""Stacks in, volumes out: files of images and volumes, shards (HDF5), files written aside."""
