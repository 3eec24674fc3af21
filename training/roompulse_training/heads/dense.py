"""Small dense networks: forward, backward, and Adam. Pure numpy: a head has 18 to some 170,000 parameters, for which
a framework would weigh thousands of times what it does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
DECAYS, EPSILON = (0.9, 0.999), 1e-7  # Adam as Keras has it, and the paper's notebooks use it


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """`weight` (inputs, outputs), `bias` (outputs,)."""

    weight: Floats
    bias: Floats


Net = tuple[Layer, ...]  # with ReLU between the layers and nothing after the last


def initial(widths: Sequence[int], rng: np.random.Generator) -> Net:
    """Return a network of these widths, inputs first; weights uniform as Glorot and Bengio 2010 say, biases zero."""
    layers = []
    for inputs, outputs in pairwise(widths):
        limit = np.sqrt(6 / (inputs + outputs))
        weight = rng.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)
        layers.append(Layer(weight, np.zeros(outputs, np.float32)))
    return tuple(layers)


def parameters(net: Net) -> int:
    """Return how many numbers are learned."""
    return sum(layer.weight.size + layer.bias.size for layer in net)


def activations(net: Net, inputs: Floats) -> list[Floats]:
    """Return what goes into each layer, and last what comes out: (N, inputs), … (N, outputs)."""
    found = [inputs]
    for number, layer in enumerate(net):
        before = found[-1] @ layer.weight + layer.bias
        found.append(before if number == len(net) - 1 else np.maximum(before, 0))
    return found


def gradients(net: Net, found: Sequence[Floats], slope: Floats) -> Net:
    """Return the loss's derivatives by the parameters, from `activations` and its derivative by the outputs."""
    layers: list[Layer] = []
    for number in reversed(range(len(net))):
        layers.append(Layer(found[number].T @ slope, slope.sum(0)))
        if number:
            slope = (slope @ net[number].weight.T) * (found[number] > 0)
    return tuple(reversed(layers))


def on_raw_inputs(net: Net, mean: Floats, deviation: Floats) -> Net:
    """Return the network that says of inputs what `net` says of (inputs - mean) / deviation."""
    first = net[0]
    weight = first.weight / deviation[:, None]
    return (Layer(weight, first.bias - mean @ weight), *net[1:])


def with_columns(net: Net, columns: slice) -> Net:
    """Return the network that has only some of the outputs."""
    return (*net[:-1], Layer(net[-1].weight[:, columns], net[-1].bias[columns]))


class Adam:
    """Kingma and Ba 2015, with weight decay on the weights (not the biases) as an L2 term of the loss."""

    def __init__(self, net: Net, step: float = 1e-3, decay: float = 0.0) -> None:
        self.net, self._step, self._decay, self._time = net, step, decay, 0
        self._moments = [[np.zeros_like(array) for array in _arrays(net)] for _ in DECAYS]

    def step(self, slopes: Net) -> None:
        """Move the network against the derivatives."""
        self._time += 1
        moved = []
        for place, (array, slope) in enumerate(zip(_arrays(self.net), _arrays(slopes), strict=True)):
            full = slope + self._decay * array if array.ndim == 2 else slope
            first, second = (
                self._moment(order, place, power)
                for order, power in enumerate((full, np.square(full)))
            )  # fmt: skip
            moved.append((array - self._step * first / (np.sqrt(second) + EPSILON)).astype(np.float32))
        self.net = tuple(Layer(moved[i], moved[i + 1]) for i in range(0, len(moved), 2))

    def _moment(self, order: int, place: int, value: Floats) -> Floats:
        """Update a running mean; return it corrected for having begun at zero."""
        decay = DECAYS[order]
        self._moments[order][place] = decay * self._moments[order][place] + (1 - decay) * value
        corrected: Floats = self._moments[order][place] / (1 - decay**self._time)
        return corrected


def _arrays(net: Net) -> list[Floats]:
    return [array for layer in net for array in (layer.weight, layer.bias)]
