"""From a stack to files: place, fill, measure, and write all that belongs together."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from fibgap.arms import Arm
from fibgap.holes import HoleFilling
from fibgap.holes import fill_holes as close_holes
from fibgap.io.formats import require_format
from fibgap.io.pages import full_path
from fibgap.io.sources import Source
from fibgap.io.volumes import write_volume
from fibgap.measures import measure
from fibgap.measures.by_blocks import measure_by_blocks
from fibgap.on_disk import on_disk
from fibgap.placement import place_slices
from fibgap.rebuilding import Rebuilt, rebuild
from fibgap.stack import GappedVolume, SliceStack
from fibgap.stacks.by_network import confidence_of, require_learning, require_network, taught
from fibgap.stacks.choice import AUTO, Choice, choose_filler, require_filler
from fibgap.stacks.excerpts import centre, for_page
from fibgap.stacks.findings import Progress, collected, silent
from fibgap.stacks.large import blocks_kept, fill_on_disk, parts_folder
from fibgap.stacks.loaded import Findings, LoadedStack
from fibgap.stacks.loading import load
from fibgap.stacks.options import How
from fibgap.stacks.outputs import appear_together, named_beside, require_apart, require_free
from fibgap.stacks.record import fill_record
from fibgap.stacks.room import Room
from fibgap.stacks.verdict import Directions, check_directions, compare_directions, fill_verdict
from fibgap.suspicion import warn

if TYPE_CHECKING:
    from fibgap.network.training.own import Lesson

#: The measures of a filled volume; D takes minutes on a large one.
MEASURES = ("tpcf", "lpf")


@dataclass(frozen=True)
class FilledStack:
    """A filled stack, before and after it is written.

    Attributes
    ----------
    volume : (Z, Y, X) bool
        Solid = True, from the first to the last slice. Of a stack larger than memory it lies on
        disk, beside the output, as long as somebody holds it: see `fibgap.on_disk.OnDisk`.
    gapped : GappedVolume
        Which layers were known.
    holes : HoleFilling or None
        What hole filling did.
    loaded : LoadedStack
        The stack that it comes from.
    choice : Choice
        The filler, and why it was taken.
    curves : dict of str to (3, L) float64
        TPCF and LPF of the solid along z, y, x by lag in voxels.
    directions : dict of str to Directions
        By measure, how z differs from the plane.
    verdict : tuple of str
        What came out, in two or three sentences.
    warnings : tuple of str
        What looks wrong.
    record : dict
        Everything that is needed to know what was done, in plain values.
    confidence : (Z, Y, X) uint8 or None
        Where a network filled in memory: how probable it is that a voxel is what the volume says,
        in percent; 100 in known layers.
    lesson : Lesson or None
        What the network learned from the stack, if it did.
    outputs : tuple of Path
        The files that were written.
    """

    volume: NDArray[np.bool_]
    gapped: GappedVolume
    holes: HoleFilling | None
    loaded: LoadedStack
    choice: Choice
    curves: dict[str, NDArray[np.float64]]
    directions: dict[str, Directions]
    verdict: tuple[str, ...]
    warnings: tuple[str, ...]
    record: dict[str, Any]
    confidence: NDArray[np.uint8] | None = None
    lesson: "Lesson | None" = None
    outputs: tuple[Path, ...] = ()


def fill_stack(
    source: Source,
    out: Path | str,
    *,
    filler: str = AUTO,
    weights: Path | str | None = None,
    gpu: bool = False,
    draw: int | None = None,
    learn: bool = False,
    fill_holes: bool = False,
    force: bool = False,
    memory: str | int | None = None,
    page: Callable[[FilledStack], str] | None = None,
    progress: Progress = silent,
    **how: Unpack[How],
) -> FilledStack:
    """Fill the gaps of a stack, and write the volume with all that belongs to it.

    Parameters
    ----------
    source : path, str, or sequence of them
        The images, see `fibgap.stacks.load_stack`.
    out : path
        The volume; its ending decides on the format, see `fibgap.io.volumes.write_volume`. Beside
        it appear the mask of filled layers and, where a network filled in memory, the confidence
        in percent (both in the same file where the format allows it), the record (JSON) and, if
        they are made, the page (HTML) and the network that learned from the stack (safetensors).
    filler : str
        See `fibgap.stacks.choose_filler`.
    weights : path or str, optional
        A network's weights: a file, or "shipped:NAME".
    gpu : bool
        Whether a network computes on a GPU.
    draw : int, optional
        Which draw of a network is taken, see `fibgap.network.draws.draw`, instead of what is most
        likely in every voxel.
    learn : bool
        Let the network learn from the stack first, see
        `fibgap.network.training.own.learn_from_stack`; what has learned is written, too.
    fill_holes : bool
        Close holes of at most 19 pixels in filled layers, see `fibgap.holes.fill_holes`.
    force : bool
        Replace files that are there already.
    memory : str or int, optional
        How much memory may be taken, such as "4GB", besides what Python and its libraries take;
        half of what the machine has if it is not given. A stack that takes more is filled block
        by block on disk, with the same result. If that is broken off, the same call goes on.
    page : callable, optional
        Makes the page from the result, such as `fibgap.report.stack_page.stack_page`. Of a stack
        larger than memory it gets a box of the volume around the widest gap.
    progress : callable, optional
        Called with a stage, how much is done and how much there is.
    **how
        How the stack is read, see `fibgap.stacks.options.How`.

    Returns
    -------
    FilledStack
        All files are there when it is returned; after an error, none of them is.

    Raises
    ------
    InputError
        If the stack cannot be read or filled, or the files cannot be written.

    Warns
    -----
    FibgapWarning
        For everything that is suspicious.

    Notes
    -----
    Slices lie at their true depths, not at those of the layers: see `fibgap.placement`.
    """
    out = full_path(out)
    require_format(out, writes=True)
    files = {
        "volume": out,
        "filled": named_beside(out, "filled"),
        "confidence": named_beside(out, "confidence"),
        "network": named_beside(out, "network", ".safetensors"),
        "record": named_beside(out, "", ".json"),
        "page": named_beside(out, "", ".html"),
    }
    require_free([*files.values()], force=force)
    require_filler(filler, weights=weights, gpu=gpu)
    if learn:
        require_learning(filler)
    room = Room.of(memory, parts_folder(out))
    with blocks_kept(out):
        with collected() as warned:
            loaded = load(source, how, Findings(), progress, room)
            require_apart(out, loaded.files)
            stack = loaded.stack
            tried = centre(stack, room.memory // 8) if room.too_little(stack) else stack
            choice = choose_filler(
                tried,
                filler,
                weights=weights,
                gpu=gpu,
                refusal=lambda offered: room.refusal(offered, stack),
                progress=progress,
            )
            large = room.too_little(stack, network=choice.filler == "network")
            seen: list[NDArray[np.float32]] = []
            require_network(choice, draw=draw, learn=learn, large=bool(large))
            choice, lesson = taught(choice, stack, progress) if learn else (choice, None)
            if choice.filler == "network" and not large:
                cut = {} if draw is None else {"threshold": "draw", "number": draw}
                options = {**choice.options, **cut, "watch": seen.append}
                choice = replace(choice, options=options)
            progress(f"filling by {choice.name}", 0, 0)
            rebuilt = _rebuild(stack, choice, fill_holes, room if large else None, progress)
            if not len(rebuilt.gapped.missing_layers):
                warn(["no layer is missing, so nothing was filled: slices lie on every layer"])
            progress("measuring", 0, 0)
            if large:
                curves = measure_by_blocks(rebuilt.volume, MEASURES, memory=room.memory // 4)
            else:
                curves = measure(rebuilt.volume, MEASURES)
            directions = {name: compare_directions(curve) for name, curve in curves.items()}
            warn(check_directions(directions))
        verdict = fill_verdict(loaded, rebuilt.gapped, choice, directions)
        if lesson is not None:
            verdict = (*verdict[:2], lesson.sentence(), *verdict[2:])
        filled = FilledStack(
            volume=rebuilt.volume,
            gapped=rebuilt.gapped,
            holes=rebuilt.holes,
            loaded=loaded,
            choice=choice,
            curves=curves,
            directions=directions,
            verdict=(*verdict, large) if large else verdict,
            warnings=tuple(warned),
            record={},
            confidence=confidence_of(rebuilt, seen[0]) if seen else None,
            lesson=lesson,
        )
        asked: dict[str, Any] = {"filler": filler, "weights": weights, "gpu": gpu, "draw": draw}
        asked |= {"learn": learn, "fill_holes": fill_holes, "memory": memory}
        progress("checksums of the inputs", 0, 0)
        filled = replace(filled, record=fill_record(filled, source, out, {**how, **asked}))
        progress("writing", 0, 0)
        outputs = _write(filled, files, force, page and (lambda: page(_shown(filled))))
    return replace(filled, outputs=outputs)


def _rebuild(
    stack: SliceStack, choice: Choice, fill_holes: bool, room: Room | None, progress: Progress
) -> Rebuilt:
    """Place the slices and fill the gaps, in memory or (with a room) block by block on disk."""
    arm = Arm(filler=choice.filler, fill_holes=fill_holes)
    if room is None:
        return rebuild(stack, arm, options=choice.options, positions="true", check=False)
    gapped = place_slices(stack, arm.placement, positions="true", check=False)
    volume = fill_on_disk(
        gapped,
        choice.filler,
        choice.options,
        folder=room.folder,
        memory=room.memory,
        progress=progress,
    )
    if not fill_holes:
        return Rebuilt(volume, gapped, None)
    closed, holes = close_holes(volume, gapped.missing_layers)
    return Rebuilt(closed, gapped, holes)


def _shown(filled: FilledStack) -> FilledStack:
    """Return what a page is made from: of a volume on disk a box of it."""
    return for_page(filled) if on_disk(filled.volume) else filled


def _write(
    filled: FilledStack,
    files: Mapping[str, Path],
    force: bool,
    page: Callable[[], str] | None,
) -> tuple[Path, ...]:
    """Write the volume with all that belongs to it; return what was written."""
    with appear_together([*files.values()], force=force) as folder:
        missing = ~filled.gapped.known
        mask = np.broadcast_to(missing[:, None, None], filled.volume.shape)
        voxel_nm = filled.gapped.effective_voxel_nm
        volume = folder / files["volume"].name
        extra: dict[str, NDArray[Any]] = {"filled": mask}
        if filled.confidence is not None:
            extra["confidence"] = filled.confidence
        write_volume(volume, filled.volume, voxel_nm, extra=extra)
        text = json.dumps(filled.record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        (folder / files["record"].name).write_text(text, encoding="utf-8")
        if filled.lesson is not None and filled.lesson.taken:
            from fibgap.network.weights import save_weights

            network = filled.lesson.weights.network
            save_weights(folder / files["network"].name, network, filled.lesson.weights.training)
        if page is not None:
            (folder / files["page"].name).write_text(page(), encoding="utf-8")
        return tuple(file for file in files.values() if (folder / file.name).exists())
