"""What the target sensitivity varies, and the inputs and parameters of its rules."""

from fibgap.fillers import FILLER_HOMES
from fibgap.experiment.sensitivity.plan import make_plan

# What a configuration without the section sensitivity would compute for that target: nothing.
SENSITIVITY = make_plan(EXPERIMENT) if "sensitivity" in EXPERIMENT else None
SENSITIVITY_DATASETS = EXPERIMENT["sensitivity"]["datasets"] if SENSITIVITY else 0
SENSITIVITY_CASES = [vars(case) for case in SENSITIVITY.cases] if SENSITIVITY else []
SENSITIVITY_DEFAULTS = dict(SENSITIVITY.defaults) if SENSITIVITY else {}
SETTINGS = list(SENSITIVITY.settings) if SENSITIVITY else []


def sensitivity_setting(wildcards):
    """Return a setting of the sensitivity analysis as plain values, with its name."""
    return {**SENSITIVITY.settings[wildcards.setting].to_dict(), "name": wildcards.setting}


def sensitivity_arms(wildcards):
    """Return the rows of the arm table that a setting computes."""
    return [ARMS[arm] for arm in SENSITIVITY.settings[wildcards.setting].arms]


def sensitivity_fillers(wildcards):
    """Return the modules of the fillers that a setting uses."""
    return sorted({FILLER_HOMES[arm["filler"]] for arm in sensitivity_arms(wildcards)})


def sensitivity_networks(wildcards):
    """Return the network of every arm of a setting that has one, in order."""
    return [arm["network"] for arm in sensitivity_arms(wildcards) if arm["filler"] == "network"]


def sensitivity_weights(wildcards):
    """Return the weights that the arms of a setting use, in order."""
    return [weights_path(network) for network in sensitivity_networks(wildcards)]


def sensitivity_weights_digests(wildcards):
    """Return the checksums of weights that were not trained here; they are ancient as files."""
    return [weights_sha256(NETWORKS[name]["weights"]) for name in sensitivity_networks(wildcards)]


def sensitivity_results(wildcards):
    """Return what the target `sensitivity` makes, or say that nothing asks for it."""
    if SENSITIVITY is None:
        raise WorkflowError("configuration: the section 'sensitivity' is missing.")
    return ["<results>/tables/sensitivity.md", "<results>/figures/sensitivity.png"]
