"""Muon, an optimiser that turns every step of a layer's weights into an orthogonal matrix."""

from collections.abc import Iterable

import torch

#: Of Newton and Schulz's iteration that makes a matrix orthogonal, and how often it is done.
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
_MOMENTUM = 0.95


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """Return matrices (..., R, C) whose singular values are all about 1 in place of others.

    Examples
    --------
    >>> made = orthogonal(torch.tensor([[3.0, 0.0], [0.0, 0.5]]))
    >>> values = torch.linalg.svdvals(made)
    >>> bool(((values > 0.6) & (values < 1.3)).all())
    True
    """
    high = matrices.shape[-2] > matrices.shape[-1]
    found = matrices.mT if high else matrices
    found = (found / (found.norm(dim=(-2, -1), keepdim=True) + 1e-7)).bfloat16()
    first, second, third = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        square = found @ found.mT
        found = first * found + (second * square + third * square @ square) @ found
    return (found.mT if high else found).to(matrices.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum, with every step of a matrix made orthogonal.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
        Weights with two dimensions or more; those behind the first are one.
    lr : float
        The rate: about how far one step changes the singular values.

    Notes
    -----
    Jordan et al. (2024), https://kellerjordan.github.io/posts/muon. Biases, and the first and the
    last layer, are left to Adam there, too.
    """

    def __init__(self, parameters: Iterable[torch.nn.Parameter], lr: float) -> None:
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take a step."""
        for group in self.param_groups:
            alike: dict[torch.Size, list[torch.nn.Parameter]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike.setdefault(parameter.shape, []).append(parameter)
            for shape, parameters in alike.items():
                ahead = torch.stack([self._ahead(each).flatten(1) for each in parameters])
                scale = max(1.0, ahead.shape[1] / ahead.shape[2]) ** 0.5
                for parameter, change in zip(parameters, orthogonal(ahead), strict=True):
                    parameter.add_(change.view(shape), alpha=-group["lr"] * scale)

    def _ahead(self, parameter: torch.nn.Parameter) -> torch.Tensor:
        """Return the gradient of a parameter with its momentum, after Nesterov."""
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum: torch.Tensor = state["momentum"].mul_(_MOMENTUM).add_(gradient)
        return gradient.add(momentum, alpha=_MOMENTUM)
