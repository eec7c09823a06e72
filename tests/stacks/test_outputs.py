"""Files that belong together appear together, or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fibgap.errors import InputError
from fibgap.stacks import outputs
from fibgap.stacks.outputs import appear_together, named_beside, require_apart, require_free


def write(folder: Path, *targets: Path, text: str = "new") -> None:
    """Write files as `appear_together` wants them."""
    for target in targets:
        (folder / target.name).write_text(text)


def make(*targets: Path, then: Callable[[], None], force: bool = False) -> None:
    """Write files that are to appear together, and let something happen before they do."""
    with appear_together(targets, force=force) as folder:
        write(folder, *targets)
        then()


def failing(error: BaseException) -> Callable[[], None]:
    """Return a function that raises an error."""

    def fail() -> None:
        raise error

    return fail


def test_files_appear_at_the_end(tmp_path):
    """Nothing stands at its place before all is written, and no other file stays behind."""
    targets = [tmp_path / "a", tmp_path / "b", tmp_path / "never"]
    with appear_together(targets) as folder:
        write(folder, *targets[:2])
        assert not any(target.exists() for target in targets)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("error", [RuntimeError(), KeyboardInterrupt()], ids=repr)
def test_nothing_appears_after_an_error(tmp_path, error):
    """An error, or Ctrl-C, in the middle of writing leaves the folder as it was."""
    with pytest.raises(type(error)):
        make(tmp_path / "a", then=failing(error))
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("interrupted_at", range(4))
def test_all_old_or_all_new(tmp_path, monkeypatch, interrupted_at):
    """Interrupted at any of its moves, a replacement puts the old files back."""
    targets = [tmp_path / "a", tmp_path / "b"]
    write(tmp_path, *targets, text="old")
    moves = 0
    plain = os.replace

    def replace(source, target):
        nonlocal moves
        moves += 1
        if moves == interrupted_at + 1:
            raise KeyboardInterrupt
        plain(source, target)

    with pytest.raises(KeyboardInterrupt):
        make(
            *targets,
            then=lambda: monkeypatch.setattr(outputs.os, "replace", replace),
            force=True,
        )
    assert [target.read_text() for target in targets] == ["old", "old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_force_replaces_files_and_zarr_folders(tmp_path):
    """What is there is replaced on request, a folder only if it is known as Zarr."""
    (tmp_path / "v.zarr").mkdir()
    (tmp_path / "v.zarr/zarr.json").write_text("{}")
    (tmp_path / "photos").mkdir()
    with appear_together([tmp_path / "v.zarr"], force=True) as folder:
        (folder / "v.zarr").mkdir()
        (folder / "v.zarr/new").write_text("")
    assert [path.name for path in (tmp_path / "v.zarr").iterdir()] == ["new"]
    with pytest.raises(InputError, match="is a folder that is there already"):
        require_free([tmp_path / "photos"], force=True)
    with pytest.raises(InputError, match="is there already: choose another name"):
        require_free([tmp_path / "photos" / ".." / "v.zarr" / "new"], force=False)


def test_a_folder_that_is_not_there_or_not_ours(tmp_path, monkeypatch):
    """Where nothing can be written, that is said before anything is computed."""
    with pytest.raises(InputError, match="there is no folder"):
        require_free([tmp_path / "missing/out.tif"], force=False)
    monkeypatch.setattr(outputs.os, "access", lambda *how: False)
    with pytest.raises(InputError, match="no permission to write"):
        require_free([tmp_path / "out.tif"], force=False)


def test_the_system_says_no(tmp_path):
    """An error of the system while writing becomes one sentence."""
    with pytest.raises(InputError, match=r"a' cannot be written: No space left on device\."):
        make(tmp_path / "a", then=failing(OSError(28, "No space left on device")))
    assert [*tmp_path.iterdir()] == []


def test_a_message_names_the_place_that_was_asked_for(tmp_path):
    """The folder in which files wait is gone when the message is read."""

    def full(folder):
        raise InputError(f"file {folder / 'a'} cannot be written: No space left on device.")

    with (
        pytest.raises(InputError) as caught,
        appear_together([tmp_path / "a"]) as folder,
    ):
        full(folder)
    assert str(caught.value) == f"file {tmp_path}/a cannot be written: No space left on device."


def test_what_a_dead_process_left_is_removed(tmp_path):
    """A process that was killed hard leaves a folder, and the next one takes it away."""
    dead = tmp_path / ".a.999999999.writing"
    dead.mkdir()
    alive = tmp_path / f".a.{os.getppid()}.writing"
    alive.mkdir()
    with appear_together([tmp_path / "a"]) as folder:
        write(folder, tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == [alive.name, "a"]


@pytest.mark.parametrize(
    ("out", "filled", "page"),
    [
        ("v.tif", "v_filled.tif", "v.html"),
        ("v.1.OME.TIF", "v.1_filled.OME.TIF", "v.1.html"),
        ("v.ome.zarr", "v_filled.ome.zarr", "v.html"),
    ],
)
def test_names_beside_a_volume(out, filled, page):
    """An ending of two parts stays whole."""
    assert named_beside(Path(out), "filled").name == filled
    assert named_beside(Path(out), "", ".html").name == page


def test_an_output_among_the_inputs_is_refused(tmp_path):
    """A volume in the folder of its slices would be read as a slice next time."""
    slices = [tmp_path / "s1.tif", tmp_path / "s2.tif"]
    with pytest.raises(InputError, match="is an input"):
        require_apart(slices[0], slices)
    with pytest.raises(InputError, match="would lie among the 2 images"):
        require_apart(tmp_path / "out.tif", slices)
    require_apart(tmp_path / "out.h5", slices)
    require_apart(tmp_path.parent / "out.tif", slices)
    require_apart(tmp_path / "out.tif", slices[:1])
