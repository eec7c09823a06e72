"""The whole configuration: its sections, in the order of the data."""

from typing import Annotated

from pydantic import ConfigDict, Field

from fibgap.experiment.config.ablations import Ablation
from fibgap.experiment.config.arms import Arm
from fibgap.experiment.config.calibrate import Calibrate
from fibgap.experiment.config.checks import SYNTHETIC
from fibgap.experiment.config.datasets import Datasets
from fibgap.experiment.config.depths import Depths
from fibgap.experiment.config.fields import FolderName, Section, key, part
from fibgap.experiment.config.fill_holes import FillHoles
from fibgap.experiment.config.generate_volumes import GenerateVolumes
from fibgap.experiment.config.infer import Infer
from fibgap.experiment.config.make_tables import MakeTables
from fibgap.experiment.config.measure import Measure
from fibgap.experiment.config.mill_slices import MillSlices
from fibgap.experiment.config.networks import Network
from fibgap.experiment.config.place_slices import PlaceSlices
from fibgap.experiment.config.sensitivity import Sensitivity
from fibgap.experiment.config.stacks import Filler, FillStack, Stack
from fibgap.experiment.config.training_sets import TrainingSet


class Experiment(Section):
    """One experiment: what is synthesised, milled, filled, trained and measured."""

    # What `check_tables` holds: synthetic datasets, own stacks, or both.
    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [*SYNTHETIC]}, {"required": ["stacks"]}]}
    )

    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]*$", max_length=100)] = key(
        "Name of the experiment; results go to results/NAME."
    )
    base_seed: int = key("The seed from which every random choice follows.", 2024, ge=0)
    datasets: Datasets = part(Datasets, None)
    generate_volumes: GenerateVolumes = part(GenerateVolumes, None)
    mill_slices: MillSlices = part(MillSlices, {})
    depths: Depths = part(Depths, {})
    place_slices: PlaceSlices = part(PlaceSlices, {})
    arms: list[Arm] = key(
        "The arm table; each arm is a row of the tables that it names.", None, min_length=1
    )
    fill_holes: FillHoles = part(FillHoles, {})
    training_sets: dict[FolderName, TrainingSet] = key(
        "Sets of training volumes, by name (rules generate_training_volumes, extract_planes and "
        "split_planes).",
        {},
    )
    networks: dict[FolderName, Network] = key(
        "Networks by name (rules train_network and infer); the defaults are Tables S1 and S2.",
        {},
    )
    infer: Infer = part(Infer, {})
    measure: Measure = part(Measure, {})
    calibrate: Calibrate = part(Calibrate, None)
    ablations: list[Ablation] = key(
        "Arms that differ from another one in one thing, compared with it (rule "
        "tabulate_ablations).",
        [],
    )
    make_tables: MakeTables = part(MakeTables, {})
    sensitivity: Sensitivity = part(Sensitivity, None)
    stacks: dict[FolderName, Stack] = key(
        "Own stacks by name (target stacks, rules check_stack, fill_stack, infer_stack, "
        "measure_stack and report_stacks).",
        {},
    )
    fillers: dict[FolderName, Filler] = key(
        "Ways to fill own stacks, by name; `auto` alone where it is left out.", {}
    )
    fill_stack: FillStack = part(FillStack, {})
