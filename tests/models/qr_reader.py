"""Reads a QR code of error correction M, versions 2 to 8, in bytes: enough to know what a banking app would see. Nothing is corrected."""

from collections.abc import Callable, Iterator

MASKS: list[Callable[[int, int], bool]] = [
    lambda r, c: (r + c) % 2 == 0, lambda r, c: r % 2 == 0, lambda r, c: c % 3 == 0, lambda r, c: (r + c) % 3 == 0,
    lambda r, c: (r // 2 + c // 3) % 2 == 0, lambda r, c: r * c % 2 + r * c % 3 == 0, lambda r, c: (r * c % 2 + r * c % 3) % 2 == 0,
    lambda r, c: ((r + c) % 2 + r * c % 3) % 2 == 0,
]  # fmt: skip
ALIGNED = {2: [6, 18], 3: [6, 22], 4: [6, 26], 5: [6, 30], 6: [6, 34], 7: [6, 22, 38], 8: [6, 24, 42]}
BLOCKS = {2: [28], 3: [44], 4: [32] * 2, 5: [43] * 2, 6: [27] * 4, 7: [31] * 4, 8: [38] * 2 + [39] * 2}


def read(modules: list[list[bool]]) -> str:
    """The text of a code, given its squares without the quiet zone."""
    version = (len(modules) - 17) // 4
    format_bits = "".join(str(int(modules[8][column])) for column in (0, 1, 2, 3, 4))
    level, mask = (int(format_bits, 2) ^ 0b10101) >> 3, (int(format_bits, 2) ^ 0b10101) & 7
    assert level == 0, "not of error correction M"
    bits = "".join(str(int(modules[row][column] ^ MASKS[mask](row, column))) for row, column in _way(version))
    words = iter(int(bits[start : start + 8], 2) for start in range(0, len(bits) - 7, 8))
    blocks: list[list[int]] = [[] for _ in BLOCKS[version]]
    for place in range(max(BLOCKS[version])):
        for block, size in zip(blocks, BLOCKS[version], strict=True):
            if place < size:
                block.append(next(words))
    data = "".join(f"{word:08b}" for block in blocks for word in block)
    assert data[:4] == "0100", "not in bytes"
    return bytes(int(data[start : start + 8], 2) for start in range(12, 12 + 8 * int(data[4:12], 2), 8)).decode()


def _way(version: int) -> Iterator[tuple[int, int]]:
    """The squares that hold data, two columns at a time from the right, up and down in turns."""
    size, taken, up = 17 + 4 * version, _taken(version), True
    for right in [*range(size - 1, 6, -2), 5, 3, 1]:
        for row in range(size - 1, -1, -1) if up else range(size):
            yield from ((row, column) for column in (right, right - 1) if (row, column) not in taken)
        up = not up


def _taken(version: int) -> set[tuple[int, int]]:
    """The squares of finders, timing, alignment, format and version."""
    size, centres = 17 + 4 * version, ALIGNED[version]
    far, last = size - 8, centres[-1]
    taken = {(r, c) for r in range(size) for c in range(size) if (r < 9 and (c < 9 or c >= far)) or (r >= far and c < 9) or 6 in (r, c)}
    for r in centres:
        for c in centres:
            if (r, c) not in {(6, 6), (6, last), (last, 6)}:
                taken |= {(r + down, c + across) for down in range(-2, 3) for across in range(-2, 3)}
    if version >= 7:
        taken |= {place for r in range(6) for c in range(size - 11, far) for place in ((r, c), (c, r))}
    return taken
