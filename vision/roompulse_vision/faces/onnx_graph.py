"""One more output for an ONNX file: the input of its last Gemm, which is the embedding its scores are made of.

Published classifiers have one output, the scores. An ONNX file is a protobuf message, and parsers of protobuf *merge*
a message that is given in two parts, joining its lists. So the graph's new output is appended to the file as a second
part of the graph, and not a byte of the model itself is touched (https://protobuf.dev/programming-guides/encoding,
"Last One Wins"; field numbers: onnx.proto). To know the tensor's name, only the nodes' names are read.

    ModelProto ─ 7 graph ─ GraphProto ─ 1 node ─ NodeProto: 1 input, 2 output, 4 op_type
                                      └ 12 output ─ ValueInfoProto: 1 name, 2 type
"""

from collections.abc import Iterator

from roompulse_vision.errors import ModelError

_GRAPH, _NODE, _OUTPUT = 7, 1, 12
_NODE_INPUT, _OP_TYPE = 1, 4
_NAME, _TYPE = 1, 2  # of a ValueInfoProto; a type is (1 tensor_type: (1 elem_type, 2 shape: (1 dim: (2 dim_param))))
_FLOAT = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def embedding_exposed(model: bytes) -> tuple[bytes, str]:
    """Return the model with the input of its last Gemm among its outputs, and that input's name.

    Args:
        model: An ONNX file's bytes. Given back as they are where that tensor is an output already.

    Raises:
        ModelError: They are no ONNX model, or one without a Gemm.
    """
    try:
        name, outputs = _last_gemm_input(memoryview(model))
    except (IndexError, UnicodeDecodeError) as error:
        raise ModelError("expected an ONNX model, found bytes that are none") from error
    if name is None:
        raise ModelError("expected an ONNX model with a Gemm, whose input is the embedding; found none")
    return (model if name in outputs else model + _graph_with_output(name)), name


def _last_gemm_input(model: memoryview) -> tuple[str | None, set[str]]:
    name, outputs = None, set()
    for graph in _submessages(model, _GRAPH):
        for number, value in _fields(graph):
            if number == _NODE:
                node = list(_fields(value))
                if any(field == _OP_TYPE and bytes(text) == b"Gemm" for field, text in node):
                    name = next((_text(text) for field, text in node if field == _NODE_INPUT), None)
            elif number == _OUTPUT:
                outputs |= {_text(text) for text in _submessages(value, _NAME)}
    return name, outputs


def _graph_with_output(name: str) -> bytes:
    """Return a part of a ModelProto: a graph that has but one output, float32, (N, D)."""
    dims = b"".join(_message(1, _message(2, letter)) for letter in (b"N", b"D"))
    tensor = _message(1, _varint(1 << 3 | _VARINT) + _varint(_FLOAT) + _message(2, dims))
    return _message(_GRAPH, _message(_OUTPUT, _message(_NAME, name.encode()) + _message(_TYPE, tensor)))


def _submessages(data: memoryview, wanted: int) -> Iterator[memoryview]:
    return (value for number, value in _fields(data) if number == wanted)


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield (field number, value) of a message; numbers are passed over.

    Raises:
        IndexError: It ends in the middle of a field, or is no message.
    """
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            _, at = _read_varint(data, at)
            continue
        if kind not in (_BYTES, _FIXED64, _FIXED32):
            raise IndexError(f"wire type {kind} at byte {at}")
        length, at = _read_varint(data, at) if kind == _BYTES else ({_FIXED64: 8, _FIXED32: 4}[kind], at)
        if at + length > len(data):
            raise IndexError(f"{length} bytes at byte {at} of {len(data)}")
        if kind == _BYTES:
            yield number, data[at : at + length]
        at += length


def _read_varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise IndexError(f"a number of more than ten bytes at byte {at}")


def _varint(value: int) -> bytes:
    low = value & 0x7F
    return bytes([low]) if value < 0x80 else bytes([low | 0x80]) + _varint(value >> 7)


def _message(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _text(value: memoryview) -> str:
    return bytes(value).decode()
