"""A copy of the files of the project that an admin changes."""

from __future__ import annotations

import shlex
import shutil
from abc import ABC, abstractmethod
from pathlib import Path

from tests.commands.running import Ended
from tests.docs.hunks import changed
from tests.docs.pages import ROOT

DONE = Ended(0, "", "")
COPIED = ("config", "mappings", "tests/fixtures")


class Papers(ABC):
    """The files in a folder, with the variables of the shell in which they are used."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self._folder = folder
        self._variables = variables
        for name in COPIED:
            shutil.copytree(ROOT / name, folder / name)

    def run(self, line: str) -> Ended:
        """Run a line of a shell block: what an admin types, and nothing else."""
        program, *arguments = shlex.split(line)
        if program == "export":
            name, _, value = arguments[0].partition("=")
            self._variables[name] = value
            return DONE
        if program == "cp":
            self._copy(*arguments)
            return DONE
        assert program == "crm-sync", f"a page runs no {program}"
        return self._crm_sync(*arguments)

    @abstractmethod
    def _crm_sync(self, *arguments: str) -> Ended:
        """Run a command in the folder."""

    def change(self, path: str, diff: str) -> None:
        """Change a file as a diff says."""
        file = self._folder / path
        text = file.read_text(encoding="utf-8")
        file.write_text(changed(text, diff), encoding="utf-8")

    def replace(self, old: str, new: str) -> None:
        """Replace a text in all files of the mappings, as editors can."""
        files = [*(self._folder / "mappings").glob("*/*.yaml")]
        texts = {file: file.read_text(encoding="utf-8") for file in files}
        assert any(old in text for text in texts.values()), f"{old} is nowhere"
        for file, text in texts.items():
            file.write_text(text.replace(old, new), encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        """Write a new file."""
        file = self._folder / path
        assert not file.exists(), f"{path} is there already: show what changes in it"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def _copy(self, *arguments: str) -> None:
        """Copy files into a folder or, with -r, a folder."""
        *sources, target = (self._folder / name for name in arguments if name != "-r")
        for source in sources:
            if source.is_dir():
                assert "-r" in arguments
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)
