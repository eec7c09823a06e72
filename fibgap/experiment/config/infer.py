"""The section `infer`."""

from fibgap.experiment.config.fields import Section, key
from fibgap.network.choices import EngineName, FillingPrecision


class Infer(Section):
    """Inference (rule infer)."""

    engine: EngineName = key(
        "What computes the networks; `auto` is torch on a GPU, and on the CPU openvino where it is "
        "installed, else torch. The two differ by rounding.",
        "auto",
    )
    precision: FillingPrecision = key(
        "Arithmetic; `auto` is the fastest of int8, bf16 and fp32 that the processor has and whose "
        "voxel error and e(LPF), measured for the network and written on its card, lie within "
        "0.0003 and 1 % of those in fp32.",
        "fp32",
    )
    batch_pixels: int = key(
        "Pixels of planes that go through the network at once, at most; changes memory and speed, "
        "no result.",
        524288,
        unit="pixels",
        ge=4096,
    )
