"""Write the report, one HTML file (reads: datasets, weights, figures, benchmarks; writes: HTML)."""

from fibgap.report.facts import CAPTIONS, facts_of
from fibgap.report.page import Picture, write_report
from fibgap.report.results import load_results
from fibgap.workflow.costs import cost_table
from fibgap.workflow.job_log import job_log


def main(metrics: str, reference: list, weights: dict, output: str, *, params: dict) -> None:
    """Put tables, statistics, figures and costs on one page; weights are paths by arm."""
    results = load_results(metrics, reference, weights, params)
    write_report(
        output,
        title=f"fibgap: {params['name']}",
        facts=facts_of(params["experiment"]),
        tables=list(results.tables.values()),
        agreement=results.agreement,
        agreement_sentences=results.agreement_sentences,
        statistics=list(results.statistics.values()),
        verdicts=results.verdicts,
        figures=[Picture(path, **CAPTIONS[kind]) for kind, path in params["figures"]],
        costs=cost_table(params["benchmarks"]),
        commands=params["commands"],
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            snakemake.input.metrics,
            list(snakemake.input.reference),
            dict(zip(snakemake.params.network_arms, snakemake.input.weights, strict=True)),
            snakemake.output[0],
            params=dict(snakemake.params),
        )
