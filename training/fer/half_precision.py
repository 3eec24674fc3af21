"""Half the size of a model's file: large weights stored as float16, cast to float32 when the file is loaded."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SMALL = 64  # numbers; halving so few saves nothing


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Change `model` so that it computes in float32 with weights rounded to float16; inputs and outputs stay."""
    casts = []
    for weights in model.graph.initializer:
        values = numpy_helper.to_array(weights)
        if weights.data_type != TensorProto.FLOAT or values.size < SMALL:
            continue
        name = weights.name
        weights.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model
