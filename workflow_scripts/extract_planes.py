"""Extract all zx- and zy-planes of a training set (reads: volumes; writes: planes, manifest)."""

import numpy as np

from fibgap.io.files import write_aside
from fibgap.io.hdf5 import create_hdf5, write_array
from fibgap.io.shards import inherited_attributes, read_record, shard_datasets
from fibgap.network.training.planes import FAMILIES, extract_planes, plane_manifest
from fibgap.workflow.digests import chain_digest
from fibgap.workflow.job_log import job_log


def main(volumes: str, planes: str, manifest: str, *, params: dict) -> None:
    """Extract both families, and list every plane with its volume and position."""
    indices = shard_datasets(volumes)
    parts = {family: [] for family in FAMILIES}
    for index in indices:
        volume = read_record(volumes, index).arrays["volume"]
        for family in FAMILIES:
            parts[family].append(extract_planes(volume, family))
        print(f"extract_planes: volume {index} ({len(parts['zx'])}/{len(indices)})", flush=True)
    digest = chain_digest(params, [volumes])
    attributes = {**inherited_attributes(volumes), "digest": digest}
    with create_hdf5(planes, "extract_planes", attributes) as file:
        for family in FAMILIES:
            write_array(file, family, np.concatenate(parts[family]))
    with write_aside(manifest) as aside:
        plane_manifest(indices, volume.shape).to_csv(aside, index=False)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            snakemake.input.volumes,
            snakemake.output.planes,
            snakemake.output.manifest,
            params=dict(snakemake.params),
        )
