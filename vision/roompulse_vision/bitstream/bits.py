"""Reading of the bit-packed headers that video codecs write."""

HEADER_BYTES = 1024  # no sequence header is longer; keeps a hostile packet from becoming one huge integer


class Bits:
    """Reads bits, most significant first, from at most the first `HEADER_BYTES` bytes.

    Raises:
        EOFError: The header ends before what it announces.
    """

    __slots__ = ("_left", "_value")

    def __init__(self, data: bytes) -> None:
        head = data[:HEADER_BYTES]
        self._value = int.from_bytes(head, "big")
        self._left = len(head) * 8

    def take(self, count: int) -> int:
        """Return the next `count` bits as an unsigned number."""
        if count > self._left:
            raise EOFError("the header is cut short")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def flag(self) -> bool:
        return self.take(1) == 1

    def golomb(self) -> int:
        """Return an unsigned Exp-Golomb number: `ue(v)` of ITU-T H.264, 9.1; `uvlc()` of AV1, 4.10.3."""
        zeros = 0
        while not self.flag():
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        """Return a signed Exp-Golomb number, `se(v)` of ITU-T H.264, 9.1.1."""
        code = self.golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)
