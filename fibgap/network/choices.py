"""What may be chosen of a network, apart from the modules that need torch."""

from typing import Literal, get_args

#: Arithmetic of a training; "auto" is decided by the hardware.
Precision = Literal["fp32", "bf16", "auto"]
#: Arithmetic of a network that fills; "auto" is decided by the hardware and by what it costs.
FillingPrecision = Literal["fp32", "bf16", "int8", "auto"]
#: What computes a network; "auto" is decided by what is installed, and by the device.
EngineName = Literal["auto", "openvino", "torch"]
#: Which planes fill a volume: both families averaged, or zx-planes alone.
Families = Literal["both", "zx"]
#: Where a prediction is cut.
Threshold = Literal["half", "keep_fraction", "draw"]
#: How the interpolated layer joins the network.
Joining = Literal["concatenate", "add"]

#: What a network sees of the slices: planes of binary rows with missing ones 0, or with the spline
#: of distances to the interface in each slice on all rows; or the slices around a gap.
Sight = Literal["rows", "distances", "gaps"]

PRECISIONS: tuple[str, ...] = get_args(Precision)
FILLING_PRECISIONS: tuple[str, ...] = get_args(FillingPrecision)
ENGINES: tuple[str, ...] = get_args(EngineName)
FAMILY_CHOICES: tuple[str, ...] = get_args(Families)
THRESHOLDS: tuple[str, ...] = get_args(Threshold)
JOININGS: tuple[str, ...] = get_args(Joining)
#: Those of a network that goes by planes.
SIGHTS: tuple[str, ...] = ("rows", "distances")
