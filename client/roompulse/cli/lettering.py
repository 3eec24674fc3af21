"""Letters for pictures, three dots wide and five high: enough for a label, without a font file."""

import numpy as np
from numpy.typing import NDArray

# Each letter: five rows from the top, each an octal digit of three dots.
_ROWS = {
    "a": "25755", "b": "65656", "c": "34443", "d": "65556", "e": "74647", "f": "74644", "g": "34553", "h": "55755",
    "i": "72227", "j": "11152", "k": "55655", "l": "44447", "m": "57755", "n": "65555", "o": "25552", "p": "65644",
    "q": "25563", "r": "65655", "s": "34216", "t": "72222", "u": "55557", "v": "55552", "w": "55775", "x": "55255",
    "y": "55222", "z": "71247", "0": "75557", "1": "26227", "2": "71747", "3": "71317", "4": "55711", "5": "74717",
    "6": "74757", "7": "71122", "8": "75757", "9": "75717", ".": "00002", "%": "51245", "-": "00700", "#": "57575",
}  # fmt: skip
HEIGHT, WIDTH, GAP = 5, 3, 1


def dots(text: str) -> NDArray[np.bool_]:
    """Return the text's dots, (5, 4 for each letter); a letter that is not known is empty."""
    mask = np.zeros((HEIGHT, len(text) * (WIDTH + GAP)), dtype=bool)
    for place, letter in enumerate(text.lower()):
        for row, digit in enumerate(_ROWS.get(letter, "00000")):
            for column in range(WIDTH):
                mask[row, place * (WIDTH + GAP) + column] = int(digit) >> (WIDTH - 1 - column) & 1
    return mask
