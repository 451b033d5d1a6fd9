"""``runcheck schema``: the schemas, each in one piece, for editors and whoever else checks documents."""

import argparse

from runcheck.cli import CLEAN
from runcheck.convention.schemas import schema, schema_names


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("schema", help="print a schema in one piece, or write all for an editor")
    parser.add_argument("name", nargs="?", choices=schema_names(), help="which to print (default: list them)")
    parser.add_argument("--into", metavar="FOLDER", help="write all of them there, and a catalog of what they are for")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List, print or write schemas."""
    import json  # noqa: PLC0415 - each command loads what it needs

    from runcheck.convention.bundles import bundled, write_bundles  # noqa: PLC0415

    if options.into is not None:
        for path in write_bundles(options.into):
            print(path)
    elif options.name is None:
        for name in schema_names():
            print(f"{name:<15} {schema(name)['title']}")
    else:
        print(json.dumps(bundled(options.name), indent=2))
    return CLEAN
