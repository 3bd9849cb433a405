"""The figures of a benchmark: rows by measure and size, a column per candidate, and the ratios that the bars name."""

from dataclasses import dataclass, field


@dataclass
class Row:
    """One measure at one size: the value per candidate in `unit`; None where it was not measured."""

    measure: str
    size: int
    unit: str
    values: dict[str, float | None]


@dataclass
class Bar:
    """A ratio that must not exceed `limit`; None if it is only reported."""

    name: str
    value: float
    limit: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it is within its limit."""
        return self.limit is None or self.value <= self.limit


@dataclass
class Result:
    """All rows and bars of one run."""

    subject: str
    candidates: list[str]
    rows: list[Row] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)

    def as_json(self) -> dict:
        """Plain values for a file."""
        return {
            "subject": self.subject,
            "rows": [vars(row) for row in self.rows],
            "bars": [vars(bar) | {"holds": bar.holds} for bar in self.bars],
        }

    def as_table(self) -> str:
        """A Markdown table of the rows, then the bars."""
        head = ["", "size", *self.candidates]
        lines = [head, ["---"] + ["---:"] * (len(head) - 1)]
        for row in self.rows:
            values = [_number(row.values.get(name), row.unit) for name in self.candidates]
            lines.append([f"{row.measure}, {row.unit}", f"{row.size:,}", *values])
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        table = [
            "| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |" for line in lines
        ]
        bars = [f"- {bar.name}: {bar.value:.2f}{_verdict(bar)}" for bar in self.bars]
        return "\n".join([*table, "", *bars])


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _verdict(bar: Bar) -> str:
    if bar.limit is None:
        return ""
    return f" (bar {bar.limit:g}: {'holds' if bar.holds else 'MISSED'})"
