"""The profiles fit the rules, and every target has a plan under every one of them."""

import re

import pytest
import yaml

from fibgap.stacks import simulate

from .conftest import ROOT, Project
from .test_rules import RULES

PROFILES = {
    path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "profiles").glob("*/config.yaml"))
}
GPU_RULES = {"train_network", "infer", "infer_stack", "measure_sensitivity"}
# What these need follows from the size of a volume, which the check of the stack tells.
NOT_KNOWN_YET = {"fill_stack", "infer_stack", "measure_stack"}
# Rules without wildcards: what one can ask for by name.
TARGETS = [
    "all",
    "aggregate_metrics",
    "make_tables",
    "plot_figures",
    "export_showcase",
    "write_report",
    "costs",
    "sensitivity",
    "ablations",
    "stacks",
]
#: The sections of a configuration without which there are no such targets.
WANTED = {
    "sensitivity": {"datasets": 2, "arms": ["RNN-s", "RML-s"]},
    "ablations": [{"arm": "RML-s", "base": "RCS-s", "change": "the network"}],
    "stacks": {"own": {"path": "own/slices", "depths": "own/depths.csv"}},
    "fillers": {"auto": {"filler": "auto"}, "copied": {"filler": "nearest"}},
}
# A job's resources in a dry run; the jobs of a group are indented.
JOB = re.compile(r"^ *rule (\w+):\n(?: .*\n)*? +resources: (.*)$", re.MULTILINE)


def resources_of(said: str) -> dict[str, list[dict[str, str]]]:
    """Return the resources of all jobs by rule, from what a dry run said."""
    found: dict[str, list[dict[str, str]]] = {}
    for rule, text in JOB.findall(said):
        found.setdefault(rule, []).append(dict(pair.split("=", 1) for pair in text.split(", ")))
    return found


def test_there_is_a_profile_for_every_kind_of_machine() -> None:
    """One machine, a workstation with a GPU, a cluster."""
    assert set(PROFILES) == {"default", "gpu", "slurm"}


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_names_rules_that_exist(name: str) -> None:
    """A misspelt rule in a profile would be ignored in silence."""
    for key in ("set-resources", "set-threads", "groups"):
        assert set(PROFILES[name].get(key, {})) <= set(RULES), key


@pytest.mark.parametrize("name", PROFILES)
def test_reruns_are_judged_alike_everywhere(name: str) -> None:
    """What counts as a change does not depend on where jobs run."""
    for key in ("rerun-triggers", "rerun-incomplete", "scheduler", "show-failed-logs"):
        assert PROFILES[name][key] == PROFILES["default"][key], key


@pytest.mark.parametrize("name", PROFILES)
def test_every_setting_of_a_profile_has_its_reason(name: str) -> None:
    """Before each setting, or before the list that it begins, there is a comment."""
    lines = (ROOT / "profiles" / name / "config.yaml").read_text(encoding="utf-8").splitlines()
    commented = False
    for line in lines:
        if not line.strip():
            commented = False
        commented = commented or line.startswith("#")
        assert commented or line.startswith(" ") or not line.strip(), line


def test_gpu_rules_and_no_others_go_to_the_gpu_partition() -> None:
    """The partition with GPUs is for the rules with gpu=1."""
    slurm = PROFILES["slurm"]
    assert slurm["default-resources"]["slurm_partition"] == "cpu"
    placed = {
        rule for rule, own in slurm["set-resources"].items() if own == {"slurm_partition": "gpu"}
    }
    assert placed == GPU_RULES == {rule for rule, text in RULES.items() if "gpu=1" in text}
    # In a group with others, a GPU would be held while they run.
    assert not GPU_RULES & set(slurm["groups"])


def test_attempts_belong_to_the_cluster_alone() -> None:
    """Retries in a rule would repeat a job inside the same allocation, with the same memory."""
    assert PROFILES["slurm"]["retries"] == 2
    assert not any("retries" in PROFILES[name] for name in ("default", "gpu"))
    assert not any("retries:" in text for text in RULES.values())


@pytest.mark.parametrize("rule", RULES)
def test_needs_grow_with_every_attempt(rule: str) -> None:
    """A second attempt has more memory, and more time unless a checkpoint carries it on."""
    assert re.search(r"mem_mb=(memory|growing)\(", RULES[rule])
    assert "runtime=minutes(" in RULES[rule] or rule == "train_network"


@pytest.mark.workflow
@pytest.mark.parametrize("profile", PROFILES)
def test_every_target_has_a_plan_under_every_profile(fresh: Project, profile: str) -> None:
    """All jobs ask for memory and time; GPUs are asked for where the profile grants some."""
    values = yaml.safe_load((fresh.folder / "tests/config/tiny.yaml").read_text())
    config = fresh.folder / "config/every_target.yaml"
    nominal = {"name": "RNN-s-nominal", "filler": "nearest", "depths": "nominal", "tables": []}
    values["arms"].append({"placement": "repositioned", **nominal})
    config.write_text(yaml.safe_dump({**values, **WANTED}))
    simulate(fresh.folder / "own", shape=(16, 16, 16))
    done = fresh.run("--dry-run", *TARGETS, config=str(config), profile=profile)
    assert done.returncode == 0, done.stdout
    jobs = resources_of(done.stdout)
    assert set(RULES) <= set(jobs)
    granted = PROFILES[profile].get("resources", {}).get("gpu", 0)
    for rule in RULES:
        for own in jobs[rule]:
            if rule in NOT_KNOWN_YET:
                assert own["mem_mb"] == own["runtime"] == "<TBD>", (rule, own)
            else:
                assert int(own["mem_mb"]) > 300, (rule, own)
                assert int(own["runtime"]) >= 5, (rule, own)
            assert own.get("gpu") == (str(min(granted, 1)) if rule in GPU_RULES else None), rule
            if profile == "slurm":
                assert own["slurm_partition"] == ("gpu" if rule in GPU_RULES else "cpu"), rule


@pytest.mark.workflow
def test_a_job_of_a_cluster_knows_the_limit_of_gpus(fresh: Project) -> None:
    """What runs inside a job has the limit from its environment, else a GPU counts as granted."""
    arguments = ["--dry-run", "results/tiny/networks/compact/weights.safetensors"]
    for limit, granted in (("0", "0"), (None, "1")):
        # As the plugin calls Snakemake inside a job.
        variables = {} if limit is None else {"FIBGAP_GPU_LIMIT": limit}
        done = fresh.run("--mode", "remote", *arguments, variables=variables)
        assert done.returncode == 0, done.stdout
        (own,) = resources_of(done.stdout)["train_network"]
        assert own["gpu"] == granted, limit
