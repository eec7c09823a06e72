"""What holds for every rule: one name everywhere, limits, a thin script, a short Snakefile."""

import re
from pathlib import Path

import pytest

from fibgap.workflow.needs import NEEDS

ROOT = Path(__file__).resolve().parents[2]
RULE_FILES = sorted((ROOT / "rules").glob("*.smk"))
SCRIPTS = sorted((ROOT / "workflow_scripts").glob("*.py"))


def rules() -> dict[str, str]:
    """Return the text of every rule by name."""
    found = {}
    for path in RULE_FILES:
        for block in re.split(r"^rule ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            found[block.split(":")[0]] = block
    return found


RULES = rules()


def test_every_script_has_its_rule() -> None:
    """Every script belongs to the rule of its name, and every rule has a script."""
    assert {path.stem for path in SCRIPTS} == set(RULES)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_carries_one_name_everywhere(name: str) -> None:
    """Script, log and benchmark of a rule are found under the rule's name."""
    text = RULES[name]
    assert f'"../workflow_scripts/{name}.py"' in text
    assert f'"<logs>/{name}' in text
    assert f'"<benchmarks>/{name}' in text


@pytest.mark.parametrize("name", RULES)
def test_a_rule_declares_its_limits_and_its_code(name: str) -> None:
    """Every rule says its memory, its run time and the digest of the code behind it."""
    for key in ("mem_mb=", "runtime=", "code=", "conda:"):
        assert key in RULES[name], f"rule {name} lacks {key}"
    assert f'code("{name}"' in RULES[name]


def test_every_rule_has_its_needs() -> None:
    """The table of what jobs need holds every rule once, and no other."""
    assert set(NEEDS) == set(RULES)


def test_gpu_rules_are_those_that_use_torch_on_a_gpu() -> None:
    """Whatever trains or runs a network takes a GPU where one is granted; nothing else does."""
    tagged = {name for name, text in RULES.items() if "gpu=1" in text}
    assert tagged == {"train_network", "infer", "infer_stack", "measure_sensitivity"}


def test_the_snakefile_is_a_table_of_contents() -> None:
    """The Snakefile includes every rule file and stays short enough to read at a glance."""
    text = (ROOT / "Snakefile").read_text(encoding="utf-8")
    for path in RULE_FILES:
        assert f'"rules/{path.name}"' in text
    assert len(text.splitlines()) <= 75


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_thin_and_importable(path: Path) -> None:
    """A script is one guarded function, so that importing it runs nothing."""
    text = path.read_text(encoding="utf-8")
    assert 'if "snakemake" in globals():' in text
    assert "from __future__" not in text
    assert len(text.splitlines()) <= 70
    namespace: dict[str, object] = {}
    exec(compile(text, str(path), "exec"), namespace)
    assert callable(namespace["main"])


def test_every_caption_is_there() -> None:
    """Snakemake reads captions only when a report is asked for, so a missing one shows late."""
    named = {name for text in RULES.values() for name in re.findall(r'caption="([^"]+)"', text)}
    folder = ROOT / "rules"
    assert named == {path.relative_to(folder).as_posix() for path in folder.glob("captions/*.rst")}
