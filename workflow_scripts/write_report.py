"""Write the report, one HTML file (reads: datasets, weights, figures, benchmarks; writes: HTML)."""

import pandas as pd

from fibgap.footnotes import network_footnotes
from fibgap.progress import job_log
from fibgap.report import Picture, write_report
from fibgap.reporting import CAPTIONS, cost_table, facts_of
from fibgap.results import build_results
from fibgap.tables import read_reference


def main(metrics: str, reference: list, weights: dict, output: str, *, params: dict) -> None:
    """Put tables, statistics, figures and costs on one page; weights are paths by arm."""
    results = build_results(
        pd.read_csv(metrics),
        params["arms"],
        read_reference(*reference),
        footnotes=network_footnotes(weights, params["labels"]),
        confidence=params["confidence"],
        n_resamples=params["resamples"],
        base_seed=params["base_seed"],
    )
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
