"""The command: what it prints where, its exit codes, and that nothing is left half-written."""

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
import tifffile
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import fibgap
from fibgap.cli import main
from fibgap.cli.words import for_the_command_line
from fibgap.errors import FibgapWarning, InputError
from fibgap.fillers import filler_names
from fibgap.io.geometry import crop_frame
from fibgap.io.images import ImageStack
from fibgap.io.segmentation import segment

DEPTHS = np.array([0.0, 10.0, 17.5, 30.0, 40.0, 47.5, 62.5, 70.0])


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def solid() -> NDArray[np.bool_]:
    """Return eight slices of a coarse structure, at `DEPTHS`."""
    noise = np.random.default_rng(0).normal(size=(29, 16, 20))
    return gaussian_filter(noise, 2, mode="wrap")[(DEPTHS / 2.5).astype(int)] > 0


@pytest.fixture
def stack(tmp_path: Path, solid: NDArray[np.bool_]) -> Path:
    """Return a file of slices with their pixel size, and write a table of depths beside it."""
    path = tmp_path / "stack.tif"
    tifffile.imwrite(
        path,
        solid.astype(np.uint8) * np.uint8(255),
        imagej=True,
        resolution=(1 / 2.5, 1 / 2.5),
        metadata={"axes": "ZYX", "unit": "nm"},
    )
    rows = "\n".join(f"{depth}" for depth in DEPTHS)
    (tmp_path / "d.csv").write_text(f"z_nm\n{rows}\n")
    return path


def test_version_and_help():
    """The version is the library's; help shows groups of options and examples."""
    assert run("--version").output == f"fibgap {fibgap.__version__}\n"
    text = run("fill", "--help").output
    for heading in ("Output:", "Filling:", "Images:", "Where the slices lie:", "What is solid:"):
        assert f"\n{heading}\n" in text
    assert "\nExamples:\n  fibgap fill slices --depths depths.csv -o volume.tif\n" in text
    assert "STACK..." not in text.split("Options:")[1]
    for name in filler_names():
        assert name in text
    overview = run("--help").output
    for command in ("check", "fill", "measure", "simulate", "train"):
        assert f"\n  {command} " in overview


def test_help_is_quick():
    """Nothing heavy is imported to print a help text."""
    heavy = "{'numpy', 'torch', 'scipy', 'matplotlib', 'pandas', 'skimage', 'rich', 'h5py'}"
    program = f"import sys, fibgap.cli; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_check_says_what_a_stack_is(stack, tmp_path):
    """A stack that can be filled ends with 0, and nothing is written."""
    before = sorted(tmp_path.iterdir())
    result = run("check", stack, "--depths", tmp_path / "d.csv")
    assert result.exit_code == 0
    assert "8 slices of 16 x 20 pixels" in result.stdout
    assert result.stdout.endswith("it can be filled\n")
    assert "reading slices ...\n" in result.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_check_says_what_is_missing(stack):
    """A stack that cannot be filled ends with 2 and a sentence in the words of the command."""
    result = run("check", stack, "-q")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        "error: where the slices lie is not known: neither the image file nor the names of the "
        "slices say it; give a table of depths (--depths), or one distance for all slices "
        "(--spacing).\n"
    )


def test_fill_and_measure(stack, tmp_path, solid):
    """From slices to a volume with all that belongs to it, and from there to its measures."""
    out = tmp_path / "v.tif"
    result = run("fill", stack, "--depths", tmp_path / "d.csv", "--filler", "nearest", "-o", out)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith(
        "8 slices at their measured depths make a volume of 29 x 16 x 20 voxels"
    )
    written = [f"written: {tmp_path / name}" for name in ("v.tif", "v_filled.tif", "v.json")]
    assert lines[-4:] == [*written, f"written: {tmp_path / 'v.html'}"]
    volume = tifffile.imread(out) > 0
    assert np.array_equal(volume[(DEPTHS / 2.5).astype(int)], solid)
    measured = run("measure", out, "--measure", "tpcf", "--truth", out, "-q", "--json")
    values = json.loads(measured.stdout)
    assert values["misclassified"] == 0
    assert values["filled_layers"] == 21
    assert values["measures_zyx"]["tpcf"][0][0] == volume.mean()
    assert (
        "misclassified voxels: 0.00% of 21 filled layers"
        in run("measure", out, "--truth", out, "--measure", "lpf").stdout
    )


def test_one_json_object(stack, tmp_path):
    """With --json stdout is one object, whatever the library prints, of an error as well."""
    good = run("check", stack, "--spacing", "10nm", "--json")
    assert json.loads(good.stdout)["slices"]["n_given"] == 8
    bad = run("check", stack, "--json")
    assert bad.exit_code == 2
    assert "where the slices lie" in json.loads(bad.stdout)["problems"][0]
    wrong = run("fill", stack, "-o", tmp_path / "v.tif", "--json")
    assert wrong.exit_code == 2
    assert "where the slices lie" in json.loads(wrong.stdout)["error"]
    filled = run("fill", stack, "--spacing", "10nm", "-o", tmp_path / "v.tif", "--json")
    assert json.loads(filled.stdout)["outputs"][0] == str(tmp_path / "v.tif")


def test_warnings_are_sentences_on_stderr(stack, tmp_path):
    """A warning is one line on stderr, told once, and --quiet does not hide it."""
    (tmp_path / "n.csv").write_text("z_nm\n" + "".join(f"{i}\n" for i in range(8)))
    result = run("check", stack, "--depths", tmp_path / "n.csv", "--quiet")
    assert result.stdout == ""
    first, second = result.stderr.splitlines()
    assert first == (
        "warning: depths rise by exactly 1 nm from slice to slice: are these slice numbers?"
    )
    assert second.startswith("warning: slices are 1 nm thick on average, less than a voxel")


def test_images_of_a_shell_pattern_come_in_natural_order(tmp_path, solid):
    """A shell puts s10 before s2; the command does not."""
    names = [1, 2, 10]
    for index, number in enumerate(names):
        tifffile.imwrite(tmp_path / f"s{number}.tif", solid[index].astype(np.uint8))
    expanded = sorted(str(path) for path in tmp_path.glob("s*.tif"))
    assert expanded[1].endswith("s10.tif")
    out = tmp_path / "out.h5"
    result = run(
        "fill", *expanded, "--spacing", "2nm", "--voxel", "2nm", "--filler", "nearest", "-o", out
    )
    assert result.exit_code == 0
    import h5py

    with h5py.File(out) as file:
        assert np.array_equal(file["volume"][:] > 0, solid[:3])


def test_labels_may_be_several(tmp_path, solid):
    """--phase can be repeated."""
    labels = solid.astype(np.uint8) + np.random.default_rng(1).integers(0, 2, solid.shape)
    tifffile.imwrite(tmp_path / "l.tif", labels.astype(np.uint8))
    how = ("--spacing", "5nm", "--voxel", "2nm", "--json", "-q")
    result = run("check", tmp_path / "l.tif", "--phase", 1, "--phase", 2, *how)
    assert json.loads(result.stdout)["stack"]["solid_fraction"] == (labels > 0).mean()


def test_simulate(tmp_path):
    """A stack appears with its depths and its truth; a shape that is none is refused."""
    out = tmp_path / "s"
    result = run("simulate", out, "--shape", "40x32x32", "--wavelength", "40nm", "-q")
    assert result.exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "depths.csv",
        "simulation.json",
        "slices",
        "truth.tif",
    ]
    wrong = run("simulate", tmp_path / "t", "--shape", "40x32")
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        "error: shape '40x32' is not of the form 96x128x128 (z, y, x).\n",
    )


def test_train_is_the_library_s(tmp_path, monkeypatch):
    """The command hands its arguments over, and what is printed there stays off stdout."""
    from fibgap.network import __main__ as network

    def train(config, name, out, *, gpus, budget):
        print("epoch 1")
        return f"{config} {name} {out} {gpus} {budget}"

    monkeypatch.setattr(network, "train", train)
    result = run("train", "c.yaml", "n", "-o", "o", "--minutes", 2, "--json")
    assert json.loads(result.stdout) == {"status": "c.yaml n o 0 2.0", "weights": "o/n.safetensors"}
    assert "epoch 1" in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InputError("file x is empty."), 2, "error: file x is empty.\n"),
        (PermissionError(13, "Permission denied", "x"), 2, "error: 'x': Permission denied.\n"),
        (MemoryError(), 2, "error: there is not enough memory for this stack.\n"),
        (KeyboardInterrupt(), 130, "interrupted: nothing was written\n"),
    ],
)
def test_errors_are_one_sentence_and_a_code(monkeypatch, error, code, words):
    """No traceback for what a user or the system did."""
    from fibgap import stacks

    def fail(*how, **more):
        raise error

    monkeypatch.setattr(stacks, "check_stack", fail)
    result = run("check", "x")
    assert result.exit_code == code
    assert result.stderr.endswith(words)
    assert "Traceback" not in result.stderr


def test_a_defect_is_no_bad_input(monkeypatch):
    """What is wrong in fibgap itself keeps its traceback."""
    from fibgap import stacks

    monkeypatch.setattr(stacks, "check_stack", lambda *how, **more: 1 / 0)
    assert isinstance(run("check", "x").exception, ZeroDivisionError)


def test_messages_speak_of_options():
    """Where the library names an argument, the command names its option."""
    grey = ImageStack(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    with pytest.raises(InputError) as caught:
        segment(grey)
    told = for_the_command_line(str(caught.value))
    assert told.endswith("pass --threshold, a grey value, or --otsu.")
    with pytest.raises(InputError) as caught:
        segment(ImageStack(np.arange(6, dtype=np.uint8).reshape(2, 3, 1)))
    assert for_the_command_line(str(caught.value)).endswith("such as --phase 5.")
    with pytest.raises(InputError) as caught:
        segment(ImageStack(np.linspace(0, 1, 24).reshape(2, 3, 4)))
    assert "pass --threshold 0.5 if" in for_the_command_line(str(caught.value))
    with pytest.raises(InputError) as caught:
        segment(grey, threshold=3, method="otsu")
    told = for_the_command_line(str(caught.value))
    assert told.startswith("--threshold and --otsu or --classes are given, but one")
    y, x = np.mgrid[:64, :64]
    disc = ((y - 32) ** 2 + (x - 32) ** 2 < 400).astype(np.uint8)
    with pytest.warns(FibgapWarning, match="border") as warned:
        crop_frame(ImageStack(np.stack([disc, disc])))
    assert "crop it (--crop)" in for_the_command_line(str(warned[0].message))


def test_a_gpu_that_is_not_there_is_told(monkeypatch):
    """The way out is an option of this command, not of Snakemake."""
    import torch

    from fibgap.network.device import choose_device

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError) as caught:
        choose_device(1)
    assert for_the_command_line(str(caught.value)) == (
        "a GPU was asked for, but CUDA is not available on this machine; leave --gpu out to "
        "compute on the CPU."
    )


def test_an_interruption_that_click_hands_on(monkeypatch):
    """Where Ctrl-C meets click while it tells of another one, the exit code is the same."""

    def late(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(click.Group, "main", late, raising=False)
    done = run("--version")
    assert (done.exit_code, done.output) == (130, "interrupted: nothing was written\n")


# What only a process of its own can show.

#: Makes the page wait, when the volume is written but not yet in its place.
_WAITING = """
import sys, time
from fibgap.report import stack_page
def wait(filled):
    print("waiting", file=sys.stderr, flush=True)
    time.sleep(60)
stack_page.stack_page = wait
from fibgap.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_an_interruption_leaves_nothing(stack, tmp_path, number, code):
    """Ended while it writes, the command takes away what it had written."""
    before = sorted(tmp_path.iterdir())
    words = ["fill", str(stack), "--spacing", "10nm", "-o", str(tmp_path / "v.tif")]
    with subprocess.Popen(
        [sys.executable, "-c", _WAITING, *words],
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts what runs in the background with SIGINT ignored, tests among it.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    ) as process:
        assert process.stderr is not None
        told = []
        while "waiting\n" not in told:
            told.append(process.stderr.readline())
            assert told[-1], told
        assert any(path.suffix == ".writing" for path in tmp_path.iterdir())
        process.send_signal(number)
        rest = process.stderr.read()
        assert process.wait() == code, rest
    # A line feed comes first: a terminal shows "^C" before it.
    assert rest == ("\ninterrupted: nothing was written\n" if code == 130 else "")
    assert sorted(tmp_path.iterdir()) == before


#: Ctrl-C comes while a module is being imported.
_LOADING = """
import sys
class Late:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Late())
from fibgap.cli import main
main()
"""


def test_an_interruption_while_loading_is_one_line():
    """Before the command is there to say so, too."""
    done = subprocess.run([sys.executable, "-c", _LOADING], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "\ninterrupted: nothing was written\n"


def test_a_full_disk_is_one_sentence(stack, tmp_path):
    """Where no file may be larger than 4 kB, the volume cannot be written, and nothing is left."""
    before, out = sorted(tmp_path.iterdir()), tmp_path / "v.tif"
    done = subprocess.run(
        [sys.executable, "-m", "fibgap.cli", "fill", stack, "--spacing", "10nm", "-q", "-o", out],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith("File too large.\n")
    assert sorted(tmp_path.iterdir()) == before


def test_a_reader_that_leaves_is_no_error(stack, tmp_path):
    """`fibgap check ... | head -1` ends without a word."""
    command = f"{sys.executable} -m fibgap.cli check {stack} --spacing 10nm 2> {tmp_path}/err"
    line = f"{command} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert done.stdout in ("1\n", "0\n")  # 0 if all was written before the reader left
    assert "Traceback" not in (tmp_path / "err").read_text()
