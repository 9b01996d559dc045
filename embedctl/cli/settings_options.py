"""Flags of the settings that a store is made with."""

from dataclasses import dataclass

from ..config import DistillConfig, SettingsRequest
from ..config.setting import overlaid, setting
from ..errors import UsageError


@dataclass(frozen=True, slots=True)
class SettingsOptions(SettingsRequest):
    """Settings of a new store; an existing one changes only with ``--rebuild``."""

    fast: bool | None = setting(None, "Let the model embed a sample, and an encoder distilled from it all chunks.")
    rebuild: bool = setting(False, "Make everything again that was made with other settings.")

    def request(self) -> SettingsRequest:
        """Return what was asked for; flags that were not given ask for nothing.

        Raises:
            UsageError: the share is none, or --no-fast was given one.
        """
        share = self.teacher_share
        if share is not None and (self.fast is False or not 0.0 < share <= 1.0):
            raise UsageError("--teacher-share goes with --fast, and lies above 0 and up to 1.", "Leave out one.")
        if self.fast is not None and share is None:
            share = DistillConfig().share if self.fast else 1.0
        return overlaid(SettingsRequest(), self, teacher_share=share)
