"""The leave-slices-out check: what is counted, what is expected of it, and what is taken."""

import json

import numpy as np
import pytest

from fibgap.errors import InputError
from fibgap.fillers import fill
from fibgap.stack import SliceStack
from fibgap.stacks import choice, choose_filler, judging, leave_slices_out
from fibgap.stacks.hiding import Hidden
from fibgap.stacks.judging import LeftOut
from fibgap.stacks.offered import (
    Offered,
    default_filler,
    offer,
    shipped_networks,
    untrained_fillers,
)
from fibgap.stacks.power import fit_power


def stack_of(volume: np.ndarray, step: int = 4) -> SliceStack:
    """Return every so many layers of a volume as slices."""
    slices = volume[::step]
    return SliceStack(slices, step * np.arange(float(len(slices))), 1.0)


def tilted(shape: tuple[int, int, int] = (33, 33, 33), period: int = 16) -> np.ndarray:
    """Return layers of solid and pore whose normal is (1, 1, 1), each half a period along an axis.

    Their outlines move by one pixel from layer to layer, along every axis.
    """
    return np.asarray(sum(np.indices(shape)) % period < period // 2)


def found(expected: dict[str, float], widths: list[float] | None = None) -> LeftOut:
    """Return a check whose fillers misclassify constant shares of cuts in gaps of 4 voxels."""
    hidden = Hidden(
        along=np.array(["y"] * 3),
        widths=np.full(3, 4.0),
        pixels=np.full(3, 10_000),
        wrong={name: np.full(3, round(share * 10_000)) for name, share in expected.items()},
        refused={},
        blocks=(),
    )
    return LeftOut(hidden, np.array(widths or [4.0, 4.0]))


def test_moving_outlines_are_interpolated():
    """Where outlines move evenly, interpolated distances follow them, and slices do not.

    A pixel changes every 8 layers. Of 3 layers between slices 4 apart, the nearest slice is wrong
    at the outline in all of them (1, 2 and 1 pixels off): 4 of 24 pixels, a sixth.
    """
    check = leave_slices_out(stack_of(tilted()))
    assert check.by_cuts
    assert check.expected["nearest"] == pytest.approx(1 / 6, abs=0.03)
    assert check.expected["shape_based"] < 0.25 * check.expected["nearest"]
    assert check.best in ("shape_based", "signed_distance_spline")
    assert check.expected[check.best] == min(check.expected.values())


def test_what_never_changes_along_z_goes_to_the_quickest():
    """Columns along z: every filler is right in every hidden slice, and y or x is not like z."""
    image = np.random.default_rng(0).random((24, 24)) < 0.5
    check = leave_slices_out(stack_of(np.broadcast_to(image, (33, 24, 24))))
    assert not check.by_cuts
    assert set(check.hidden.along) == {"z"}
    assert set(check.expected.values()) == {0.0}
    assert check.best == "nearest"
    assert "it is the quickest of the equally good ones" in check.why()


def test_layers_across_z_are_judged_by_slices():
    """Solid and pore across z: along y and x nothing changes, so cuts would call all fillers right.

    Layers half as thick as a gap come and go between slices; no filler is right.
    """
    volume = np.broadcast_to((np.arange(41) // 6 % 2 == 0)[:, None, None], (41, 30, 30)).copy()
    volume[:, :2] = True  # no slice is of one phase
    check = leave_slices_out(stack_of(volume))
    assert not check.by_cuts
    assert min(check.expected.values()) > 0


@pytest.mark.parametrize("name", ["nearest", "shape_based"])
def test_cuts_are_counted_where_slices_are(name):
    """By hand: the stack filled, turned on its side, filled again, compared in the known layers."""
    stack = stack_of(tilted((25, 29, 29)), 3)
    check = leave_slices_out(stack, [name])
    volume = np.zeros((25, 29, 29), dtype=bool)
    from fibgap.placement import place_slices

    volume = fill(place_slices(stack, positions="true"), default_filler())
    turned = np.moveaxis(volume, 1, 0)
    again = fill(place_slices(stack_of(turned[:25], 3), positions="true"), name)
    wrong = (again != turned[:25])[:, ::3].sum()
    assert int(check.hidden.wrong[name][check.hidden.along == "y"].sum()) == wrong
    assert (check.hidden.pixels[check.hidden.along == "y"] == 9 * 29).all()


def test_slices_are_counted_by_gap_width():
    """Of 9 slices every third is hidden: numbers 1, 4 and 7, in the gaps 0-2, 3-5 and 6-8."""
    depths = np.array([0.0, 2.0, 5.0, 8.0, 12.0, 17.0, 20.0, 22.0, 24.0])
    volume = tilted((25, 24, 24))
    stack = SliceStack(volume[depths.astype(int)], depths, 1.0)
    check = leave_slices_out(stack, ["nearest"])
    rows = check.hidden.along == "z"
    assert check.hidden.widths[rows].tolist() == [5.0, 9.0, 4.0]
    # Slice 1 at depth 2 is nearer to slice 0; slice 4 is 4 from slice 3 and 5 from slice 5; slice
    # 7 lies half-way between 6 and 8, and the lower one is taken.
    expected = [int((volume[z] != volume[near]).sum()) for z, near in ((2, 0), (12, 8), (22, 20))]
    assert check.hidden.wrong["nearest"][rows].tolist() == expected
    wide = next(each for each in check.classes if each.low <= 9 < each.high)
    assert (wide.slices, wide.in_slices["nearest"]) == (1, expected[1] / 24**2)
    assert sum(each.layers for each in check.classes) == 16
    assert sum(each.slices + each.cuts for each in check.classes) == len(check.hidden)


def test_shares_are_carried_to_the_widths_of_the_stack():
    """A share that grows as width^1.5 is an eighth at a quarter of the width."""
    widths = np.array([8.0, 8.0, 12.0, 16.0])
    shares = 0.08 * (widths / 16) ** 1.5
    hidden = Hidden(
        along=np.array(["z"] * 4),
        widths=widths,
        pixels=np.full(4, 10**6),
        wrong={"nearest": np.round(shares * 10**6).astype(np.int64)},
        refused={},
        blocks=(),
    )
    check = LeftOut(hidden, np.array([4.0, 4.0, 4.0]))
    # Counts are rounded to one in 28,000.
    assert check.expected["nearest"] == pytest.approx(0.01, rel=1e-4)
    assert "followed down to the widths of the real gaps" in check.why()


def test_a_power_is_drawn_towards_its_usual_exponent_only_where_widths_say_little():
    """Widths over a factor of 8 give their own exponent; two that hardly differ give 1.5."""
    wide = np.array([2.0, 4.0, 8.0, 16.0] * 40)
    assert fit_power(wide, 0.001 * wide**2)[1] == pytest.approx(2, abs=0.02)
    narrow = np.array([4.0, 4.04, 4.0, 4.04])
    assert fit_power(narrow, np.array([0.01, 0.02, 0.01, 0.02]))[1] == pytest.approx(1.5, abs=0.01)
    assert fit_power(narrow, np.zeros(4))[0] == 0


def test_shares_of_nothing_do_not_upset_the_fit():
    """Where some hidden slices are right, the fit goes through the mean of all."""
    scale, exponent = fit_power(np.full(4, 4.0), np.array([0.0, 0.0, 0.0, 0.04]))
    assert scale * 4**exponent == pytest.approx(0.01, rel=1e-6)


def test_the_best_is_taken_and_said():
    """The least expected share decides, and the sentence has it beside the next."""
    check = found({"nearest": 0.05, "cubic_spline": 0.04, "shape_based": 0.03})
    assert check.best == "shape_based"
    assert check.why() == (
        "of 3 fillers that were compared on cuts across the slices, hidden in gaps as wide as the "
        "real ones, it misclassifies the fewest voxels: 3.00%, against 4.00% by cubic_spline."
    )


def test_equally_good_fillers_go_to_the_quicker_one():
    """Within a hundredth the first is taken; beyond it the better one."""
    near = found({"nearest": 0.0302, "shape_based": 0.03})
    assert near.best == "nearest"
    assert near.why().endswith(
        "it is the quickest of the equally good ones: 3.02% of the voxels are misclassified, "
        "against 3.00% by shape_based."
    )
    assert found({"nearest": 0.0306, "shape_based": 0.03}).best == "shape_based"


def test_a_network_is_told_beside_the_best_without_training():
    """Of two networks and two others, the sentence names the taken one, the next, and the best
    that needs no training."""
    check = found({"nearest": 0.05, "shape_based": 0.04, "shipped:a": 0.03, "shipped:b": 0.02})
    assert check.best == "shipped:b"
    assert check.why().endswith(
        "2.00%, against 3.00% by shipped:a and 4.00% by shape_based, the best without training."
    )


@pytest.mark.parametrize("seed", range(3))
def test_no_network_is_taken_that_loses_to_a_classical_filler(seed):
    """Whatever the shares: the taken filler is within a hundredth of the best of all."""
    rng = np.random.default_rng(seed)
    names = [*untrained_fillers(), "shipped:a", "shipped:b"]
    check = found(dict(zip(names, rng.uniform(0.01, 0.1, len(names)), strict=True)))
    classical = min(check.expected[name] for name in untrained_fillers())
    assert check.expected[check.best] <= classical * 1.01


def test_a_network_is_compared(monkeypatch):
    """A shipped network takes part by its name; one that cannot fill the stack is named."""
    stack = stack_of(tilted((29, 28, 26)))
    # Not the paper's, of one material.
    assert shipped_networks() == ["shipped:general"]
    check = leave_slices_out(stack, ["nearest", "shipped:general"])
    assert set(check.expected) == {"nearest", "shipped:general"}
    narrow = SliceStack(stack.slices[:, :16, :16], stack.depths_nm, 1.0)
    check = leave_slices_out(narrow, ["nearest", "shipped:table_s1"])
    assert set(check.expected) == {"nearest"}
    assert "receptive field" in check.hidden.refused["shipped:table_s1"]
    assert any("shipped:table_s1 was not compared" in line for line in check.lines())
    assert check.why().startswith("no other filler was compared")


def test_an_absurd_filler_loses_and_warns_of_nothing(monkeypatch):
    """A filler that exchanges solid and pore is counted, not refused."""

    def bad(name, *, gpu=False):
        offered = offer(name, gpu=gpu)
        if name != "nearest":
            return offered

        class Inverted(Offered):
            def fill(self, gapped):
                return ~super().fill(gapped)

        return Inverted("nearest", "nearest")

    monkeypatch.setattr(judging, "offer", bad)
    check = leave_slices_out(stack_of(tilted()), ["nearest", "shape_based"])
    assert check.expected["nearest"] > 0.5
    assert check.best == "shape_based"


def test_it_is_a_fixed_amount_of_work():
    """Of a stack of any size two blocks are looked at, each of at most 24 x 64 x 64 pixels."""
    image = tilted((1, 300, 400))[0]
    slices = np.array([np.roll(image, 3 * index, axis=0) for index in range(90)])
    check = leave_slices_out(SliceStack(slices, 3.0 * np.arange(90), 1.0), ["nearest"])
    assert check.hidden.blocks == (
        ((16, 40), (59, 123), (84, 148)),
        ((49, 73), (177, 241), (252, 316)),
    )


def test_the_same_stack_gives_the_same_record():
    """The record is plain, holds every filler by gap width, and has nothing of the moment."""
    stack = stack_of(tilted())
    first, second = (leave_slices_out(stack).to_dict() for _ in range(2))
    assert json.dumps(first) == json.dumps(second)
    assert first["taken"] in first["fillers"]
    assert first["by"] == "cuts"
    assert set(first["by_gap_width"][0]["misclassified_in_cuts"]) == set(untrained_fillers())


def test_progress_comes_to_an_end():
    """Every filler of every part is told once, in order."""
    told = []
    leave_slices_out(
        stack_of(tilted()), ["nearest", "linear"], progress=lambda *each: told.append(each)
    )
    assert [done for _, done, _ in told] == list(range(told[0][2]))


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        (stack_of(tilted((25, 12, 12))), "needs 8 of them, but this one has 7"),
        (stack_of(tilted((9, 12, 12)), 1), "no layer is missing"),
    ],
    ids=["few", "dense"],
)
def test_where_nothing_can_be_compared_the_usual_filler_is_taken(stack, words):
    """The reason is said."""
    with pytest.raises(InputError, match=words):
        leave_slices_out(stack)
    taken = choose_filler(stack)
    assert taken.filler == "signed_distance_spline"
    assert words in taken.why
    assert taken.why.endswith("so it is the one that is best for most stacks.")
    assert taken.check is None


def test_one_phase_that_is_left_cannot_be_filled():
    """Solid in a single pixel of one slice: what is left without it is pore."""
    slices = np.zeros((9, 12, 12), dtype=bool)
    slices[1, 3, 3] = True
    stack = SliceStack(slices, 4 * np.arange(9.0), 1.0)
    taken = choose_filler(stack)
    assert taken.filler in untrained_fillers()
    assert taken.why


def test_an_unknown_filler_is_refused():
    """By its name."""
    with pytest.raises(InputError, match="newest"):
        leave_slices_out(stack_of(tilted()), ["newest"])


def test_the_choice_is_that_of_the_check(monkeypatch):
    """A network that wins comes with its weights and the check behind it."""
    check = found({"nearest": 0.05, "shipped:general": 0.03})
    monkeypatch.setattr(choice, "leave_slices_out", lambda stack, **how: check)
    taken = choose_filler(stack_of(tilted()))
    assert (taken.filler, taken.weights.name) == ("network", "general.safetensors")
    assert taken.check is check
    assert taken.why == check.why()
