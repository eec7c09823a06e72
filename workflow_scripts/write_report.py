"""Write the report, one HTML file (reads: tables, figures, benchmarks; writes: HTML)."""

import json
from pathlib import Path

from fibgap.report.methods import facts_of
from fibgap.report.page import Page, pictures, write_report
from fibgap.report.results import read_results
from fibgap.report.verdict import verdict
from fibgap.workflow.costs import cost_table
from fibgap.workflow.job_log import job_log


def main(tables: Path, figures: list, layers: str, output: str, *, params: dict) -> None:
    """Put verdict, pictures, tables, settings and costs on one page."""
    results = read_results(tables)
    page = Page(
        title=f"fibgap: {params['experiment']['name']}",
        verdict=verdict(results),
        tables=results.tables,
        layers=json.loads(Path(layers).read_text()),
        facts=facts_of(params["experiment"]),
        costs=cost_table(params["benchmarks"]),
        commands=params["commands"],
        **pictures(figures),
    )
    write_report(output, page)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            Path(snakemake.input.tables[0]).parent,
            list(snakemake.input.figures),
            snakemake.input.layers,
            snakemake.output[0],
            params=dict(snakemake.params),
        )
