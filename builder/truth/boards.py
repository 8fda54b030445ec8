"""Common microcontroller boards and what they hold. Facts of their makers' data sheets, in binary units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from builder.sizes import KB, MB, size_words


@dataclass(frozen=True)
class Board:
    """A board: its chip, bytes of flash for programs and data, bytes of RAM, and where that is written."""

    name: str
    chip: str
    flash: int
    ram: int
    source: str


BOARDS = (
    Board(
        "Arduino Nano 33 BLE Sense",
        "nRF52840",
        1 * MB,
        256 * KB,
        "https://docs.arduino.cc/hardware/nano-33-ble-sense/",
    ),
    Board(
        "nRF52840 DK",
        "nRF52840",
        1 * MB,
        256 * KB,
        "https://www.nordicsemi.com/Products/nRF52840",
    ),
    Board(
        "BBC micro:bit v2",
        "nRF52833",
        512 * KB,
        128 * KB,
        "https://tech.microbit.org/hardware/2-0-revision/",
    ),
    Board(
        "Raspberry Pi Pico",
        "RP2040",
        2 * MB,
        264 * KB,
        "https://www.raspberrypi.com/documentation/microcontrollers/pico-series.html",
    ),
    Board(
        "Raspberry Pi Pico 2",
        "RP2350",
        4 * MB,
        520 * KB,
        "https://www.raspberrypi.com/documentation/microcontrollers/pico-series.html",
    ),
    Board(
        "ESP32-DevKitC",
        "ESP32-WROOM-32E",
        4 * MB,
        520 * KB,
        "https://www.espressif.com/sites/default/files/documentation/esp32-wroom-32e_datasheet_en.pdf",
    ),
    Board(
        "ESP32-S3-DevKitC-1",
        "ESP32-S3-WROOM-1-N8",
        8 * MB,
        512 * KB,
        "https://www.espressif.com/sites/default/files/documentation/esp32-s3-wroom-1_datasheet_en.pdf",
    ),
    Board(
        "STM32F4 Discovery",
        "STM32F407VG",
        1 * MB,
        192 * KB,
        "https://www.st.com/en/microcontrollers-microprocessors/stm32f407vg.html",
    ),
    Board(
        "STM32F746G Discovery",
        "STM32F746NG",
        1 * MB,
        320 * KB,
        "https://www.st.com/en/microcontrollers-microprocessors/stm32f746ng.html",
    ),
    Board(
        "Nucleo-H743ZI",
        "STM32H743ZI",
        2 * MB,
        1 * MB,
        "https://www.st.com/en/microcontrollers-microprocessors/stm32h743zi.html",
    ),
)


def verdicts(file_bytes: int, arena_bytes: int | None) -> list[dict[str, Any]]:
    """Return for every board whether a model fits, and by how much.

    The rest of the program comes on top: the interpreter with its operators takes some tens of kilobytes
    of flash, and the program's own variables and stack take RAM.

    Args:
        file_bytes: of the TFLite file, which lies in flash.
        arena_bytes: of the interpreter's arena, which lies in RAM; None where the model does not run there.

    Returns:
        ``{"board", "chip", "flash", "ram", "spare_flash", "spare_ram", "fits", "words"}`` a board.
    """
    return [_verdict(board, file_bytes, arena_bytes) for board in BOARDS]


def _verdict(board: Board, file_bytes: int, arena_bytes: int | None) -> dict[str, Any]:
    spare_flash = board.flash - file_bytes
    spare_ram = None if arena_bytes is None else board.ram - arena_bytes
    fits = spare_flash >= 0 and spare_ram is not None and spare_ram >= 0
    return {
        "board": board.name,
        "chip": board.chip,
        "flash": board.flash,
        "ram": board.ram,
        "spare_flash": spare_flash,
        "spare_ram": spare_ram,
        "fits": fits,
        "words": _words(spare_flash, spare_ram),
    }


def _words(spare_flash: int, spare_ram: int | None) -> str:
    if spare_ram is None:
        return "Does not run: see above."
    lacking = [
        f"{size_words(-spare)} too little {name}"
        for name, spare in (("flash", spare_flash), ("RAM", spare_ram))
        if spare < 0
    ]
    if lacking:
        return f"Does not fit: {' and '.join(lacking)}."
    return f"Fits: {size_words(spare_flash)} of flash and {size_words(spare_ram)} of RAM are left."
