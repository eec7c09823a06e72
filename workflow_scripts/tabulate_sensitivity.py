"""Tabulate errors against every factor (reads: measures of settings; writes: CSV, MD)."""

from fibgap.experiment.sensitivity.plan import Case
from fibgap.experiment.sensitivity.rows import collect_rows
from fibgap.experiment.sensitivity.summary import summarise_rows
from fibgap.io.files import write_aside
from fibgap.report.tables import write_tables
from fibgap.report.tables.sensitivity import sensitivity_table
from fibgap.statistics import Bootstrap
from fibgap.workflow.job_log import job_log


def main(settings: dict, rows_path: str, table: list, *, params: dict) -> None:
    """Write all rows, and means with intervals; settings are paths by name."""
    rows = collect_rows(settings, [Case(**case) for case in params["cases"]])
    with write_aside(rows_path) as aside:
        rows.to_csv(aside, index=False)
    summary = summarise_rows(rows, Bootstrap(**params["bootstrap"]))
    write_tables(sensitivity_table(summary), *table)
    print(f"tabulate_sensitivity: {len(rows)} rows, {len(summary)} means")


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            dict(zip(snakemake.params.settings, snakemake.input, strict=True)),
            snakemake.output.rows,
            list(snakemake.output.table),
            params=dict(snakemake.params),
        )
