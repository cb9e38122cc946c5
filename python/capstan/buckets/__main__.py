"""capstan-buckets: the command line."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from pathlib import Path

from .batches import InputError, pack, read_batches, read_lengths
from .choose import Costs, Limits, choose
from .report import as_option, as_text, plot, summary

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


def size(text: str) -> float:
    """Bytes: 8G, 512M, 1.5G, 4096."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMG]?)(?:i?B)?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"not a number of bytes: {text!r}")
    return float(found[1]) * UNITS[found[2]]


def amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"not a number from 0 up: {text!r}")
    return value


def whole(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**31:
        raise argparse.ArgumentTypeError(f"not a whole number from 1 up: {text!r}")
    return int(text)


def multiples(text: str) -> tuple[int, int, int]:
    values = tuple(whole(part) for part in text.split("x"))
    if len(values) != 3:
        raise argparse.ArgumentTypeError(f"three numbers are needed, as in 64x1x64: {text!r}")
    return values


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="capstan-buckets",
        description="Chooses buckets (tokens T, documents B, longest) for the batches of FILE.",
    )
    parser.add_argument("file", help="CSV or JSON with T, B, longest, count; with --pack, lengths")
    parser.add_argument(
        "--pack",
        type=whole,
        metavar="T",
        help="FILE has documents' lengths, one a line; pack them into batches of at most T tokens",
    )
    parser.add_argument("--packing", choices=("in-order", "best-fit"), default="in-order")
    cost = parser.add_argument_group("cost of a forward, in microseconds")
    cost.add_argument("--token-us", type=amount, required=True, help="per token, live or padded")
    cost.add_argument("--layers", type=whole, required=True, help="number of attention layers")
    cost.add_argument(
        "--slot-us",
        type=amount,
        default=0.2,
        help="per document slot and attention layer (0.2, measured on an H200)",
    )
    cost.add_argument(
        "--cell-us",
        type=amount,
        default=0,
        help="per element of [B, longest], if the model pads documents (0)",
    )
    cost.add_argument(
        "--fallback-us",
        type=amount,
        default=math.inf,
        help="extra, of a batch that fits no bucket (default: there may be none)",
    )
    limit = parser.add_argument_group("limits")
    limit.add_argument("--graphs", type=whole, default=8, help="most buckets (8)")
    limit.add_argument(
        "--memory",
        type=size,
        default=math.inf,
        metavar="BYTES",
        help="for the shared pool and the graphs: 8G, 512M",
    )
    limit.add_argument("--token-bytes", type=size, default=0, help="of the pool, per token")
    limit.add_argument("--slot-bytes", type=size, default=0, help="of the pool, per slot")
    limit.add_argument("--graph-bytes", type=size, default=0, help="of each graph")
    limit.add_argument(
        "--round",
        type=multiples,
        default=(64, 1, 64),
        metavar="TxBxL",
        help="sizes are multiples of these (64x1x64)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--plot",
        type=Path,
        action="append",
        default=[],
        metavar="OUT.png|OUT.svg",
        help="draw the distributions and the buckets; may be given twice",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    args = parse(arguments)
    try:
        if args.pack:
            batches = pack(read_lengths(args.file), args.pack, args.packing)
        else:
            batches = read_batches(args.file)
        if args.memory < math.inf and not (args.token_bytes or args.slot_bytes or args.graph_bytes):
            raise InputError("--memory limits nothing without --token-bytes or --graph-bytes")
        costs = Costs(args.token_us, args.layers, args.slot_us, args.cell_us, args.fallback_us)
        limits = Limits(
            args.graphs,
            args.memory,
            args.token_bytes,
            args.slot_bytes,
            args.graph_bytes,
            args.round,
        )
        plan = choose(batches, costs, limits)
        facts = summary(batches, plan)
        option = f"buckets={as_option(plan, longest=costs.cell_us > 0)}"
        if args.plot:
            plot(batches, plan, args.plot)
    except InputError as error:
        print(f"capstan-buckets: {error}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(facts | {"option": option}, indent=2))
    else:
        print(as_text(facts, batches))
        print(f"\n{option}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
