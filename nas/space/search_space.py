"""Search spaces by name or from a file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from nas.space.mbconv_space import MbconvSpace
from nas.space.plain_space import PlainSpace
from simint.config import decode, read_toml
from simint.errors import InputError

AnySpace = MbconvSpace | PlainSpace

_KINDS: dict[str, type[MbconvSpace] | type[PlainSpace]] = {"mbconv": MbconvSpace, "plain": PlainSpace}


def published_spaces() -> list[str]:
    """Names of the spaces that come with the program."""
    return sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir() if entry.name.endswith(".toml"))


def load_space(name_or_file: str) -> AnySpace:
    """A space by name, or a TOML file by path (anything that ends in `.toml`).

    A file says its `kind`, mbconv where it does not. Raises InputError naming the known spaces, or the file and the
    field that is wrong.
    """
    if name_or_file.endswith(".toml"):
        return _read(Path(name_or_file))
    if name_or_file not in published_spaces():
        known = ", ".join(published_spaces())
        raise InputError(f"unknown search space {name_or_file!r}; known: {known}; or a path to a .toml file")
    with resources.as_file(_folder() / f"{name_or_file}.toml") as file:
        return _read(file)


def load_mbconv_space(name_or_file: str) -> MbconvSpace:
    """As `load_space`, for methods that need the two levels of an MBConv space; InputError for another kind."""
    space = load_space(name_or_file)
    if not isinstance(space, MbconvSpace):
        raise InputError(f"search space {space.name!r} is of another kind; this needs one of kind mbconv")
    return space


def _read(path: Path) -> AnySpace:
    data = read_toml(path)
    kind = data.get("kind", "mbconv")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise InputError(f"{path}: `kind` must be one of {', '.join(_KINDS)}, got {kind!r}")
    return decode(data, _KINDS[kind], str(path))


def _folder() -> resources.abc.Traversable:
    return resources.files("nas.space") / "spaces"
