"""The example runs as its docstring says."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from fibgap import seeds
from fibgap.io.tiff import write_tiff
from fibgap.synthetic.structure import Level, generate_volume

ROOT = Path(__file__).resolve().parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the example as a user would."""
    return subprocess.run(
        [sys.executable, str(ROOT / "examples/real_material.py"), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_real_volume_goes_through_every_classical_arm(tmp_path: Path) -> None:
    """A TIFF stack and a list of depths give a row of errors for the truth and every arm."""
    seed = seeds.sequence(5, "evaluation_volumes")
    volume = generate_volume((40, 36, 32), [Level(0.4, 30)], voxel_nm=2.5, seed=seed)
    write_tiff(tmp_path / "volume.tif", volume, 2.5)
    depths = np.cumsum(np.random.default_rng(1).uniform(8, 12, 20))
    rows = "\n".join(f"{index},{depth:.3f}" for index, depth in enumerate(depths))
    (tmp_path / "depths.csv").write_text(f"slice,z\n{rows}\n")
    done = run(
        str(tmp_path / "volume.tif"), str(tmp_path / "depths.csv"), "--out", str(tmp_path / "out")
    )
    assert done.returncode == 0, done.stderr
    for arm in ("Original", "RNN-s", "RCS-s", "DNN-s", "SRCS-s", "RML-s"):
        assert f"\n{arm} " in done.stdout
    assert (tmp_path / "out/RCS-s.tif").exists()


def test_a_missing_volume_is_named(tmp_path: Path) -> None:
    """What is not there is named in one sentence."""
    done = run(str(tmp_path / "nothing.tif"), str(tmp_path / "nothing.csv"))
    assert done.returncode == 2
    assert done.stderr == f"error: '{tmp_path / 'nothing.tif'}' does not exist.\n"
    assert len(done.stderr.strip().splitlines()) == 1
