"""What the graphics cards are doing, as NVIDIA's library says; nothing where there is none."""

from __future__ import annotations

from typing import Any


class Gpus:
    """Asks NVML; without the package nvidia-ml-py, or a driver, there are no cards."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._handles: list[Any] = []
        try:
            import pynvml
        except ImportError:
            return
        try:
            pynvml.nvmlInit()
            count = pynvml.nvmlDeviceGetCount()
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(count)]
            self._nvml = pynvml
        except pynvml.NVMLError:
            return

    def read(self) -> list[dict[str, Any]]:
        """Of each card: name, load in %, memory and total in bytes, temperature in °C.

        What a card doesn't tell is left out.
        """
        return [self._card(handle) for handle in self._handles]

    def _card(self, handle: Any) -> dict[str, Any]:
        nvml = self._nvml
        found: dict[str, Any] = {}

        def ask(function: Any, *arguments: Any) -> Any:
            try:
                return function(handle, *arguments)
            except nvml.NVMLError:
                return None

        name = ask(nvml.nvmlDeviceGetName)
        load = ask(nvml.nvmlDeviceGetUtilizationRates)
        memory = ask(nvml.nvmlDeviceGetMemoryInfo)
        degrees = ask(nvml.nvmlDeviceGetTemperature, nvml.NVML_TEMPERATURE_GPU)
        if name is not None:
            found["name"] = name.decode() if isinstance(name, bytes) else name
        if load is not None:
            found["load"] = load.gpu
        if memory is not None:
            found |= {"memory": memory.used, "total": memory.total}
        if degrees is not None:
            found["temperature"] = degrees
        return found
