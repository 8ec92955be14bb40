"""The published networks: `simint network list`."""

from __future__ import annotations

from simint.cli import Parser, guarded


def main(argv: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    return guarded(lambda: _run(argv))


def _run(argv: list[str] | None) -> int:
    parser = Parser(prog="simint network", description="The published networks that go by a name.", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="name, size and word of each", allow_abbrev=False)
    listing.add_argument("--json", action="store_true", help="print JSON, with the source of each, instead of a table")
    _list(parser.parse_args(argv).json)
    return 0


def _list(as_json: bool) -> None:
    import msgspec

    from simint.network.catalogue import network_presets
    from simint.network.families import network_from_word

    presets = network_presets()
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(presets), indent=2).decode())
        return
    wide = max(len(preset.name) for preset in presets)
    print(f"{'name':{wide}} {'layers':>6} {'MMAC':>8} {'weights':>9}  word")
    for preset in presets:
        network = network_from_word(preset.word)
        counts = f"{len(network.layers):6} {network.macs / 1e6:8.3f} {network.weight_elements:9,}"
        print(f"{preset.name:{wide}} {counts}  {preset.word}")


if __name__ == "__main__":
    raise SystemExit(main())
