"""Reading what `gte bench --json` writes: a line per cell. For bench_tables.py and bench_plots.py."""
import json

DTYPES = ["f32", "bf16", "int8"]


def read(paths):
    """The cells of all files, in their order; `shape` is the model's name without its type."""
    cells = []
    for path in paths:
        with open(path, encoding="utf8") as lines:
            for line in lines:
                cell = json.loads(line)
                suffix = "-" + cell["dtype"]
                name = cell["model"]
                cell["shape"] = name[:-len(suffix)] if name.endswith(suffix) else name
                cells.append(cell)
    return cells


def distinct(cells, key):
    """The values of a key in the order in which they come."""
    return list(dict.fromkeys(cell[key] for cell in cells))


def pick(cells, **wanted):
    """The cells that have all of these values."""
    return [cell for cell in cells if all(cell[key] == value for key, value in wanted.items())]


def one(cells, **wanted):
    """The first such cell, or None."""
    found = pick(cells, **wanted)
    return found[0] if found else None
