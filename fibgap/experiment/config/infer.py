"""The section `infer`."""

from fibgap.experiment.config.fields import Section, key
from fibgap.network.choices import EngineName, Precision


class Infer(Section):
    """Inference (rule infer)."""

    engine: EngineName = key(
        "What computes the networks; `auto` is torch on a GPU, and on the CPU openvino where it is "
        "installed, else torch. The two differ by rounding.",
        "auto",
    )
    precision: Precision = key(
        "Arithmetic; `auto` is bf16 where the hardware has it and it changes fewer than 1 filled "
        "voxel in 10,000, that is for networks as wide as Table S1 that see no neighbouring "
        "planes.",
        "fp32",
    )
    batch_pixels: int = key(
        "Pixels of planes that go through the network at once, at most; changes memory and speed, "
        "no result.",
        524288,
        unit="pixels",
        ge=4096,
    )
