"""Train a network of a configuration."""

from pathlib import Path

import click

from fibgap.cli.console import Console
from fibgap.cli.group import main
from fibgap.cli.help import Command
from fibgap.cli.options import common


@main.command(
    cls=Command,
    short_help="Train a NETWORK of your own.",
    examples=[
        "fibgap train config/quick.yaml compact -o trained",
        "fibgap fill slices --depths d.csv --weights trained/compact.safetensors -o volume.tif",
    ],
)
@click.argument("config", type=click.Path(path_type=Path))
@click.argument("network")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder for checkpoint, weights, history and card.",
)
@click.option("--gpu", is_flag=True, help="Train on a GPU; an error where there is none.")
@click.option("--minutes", type=float, help="Stop after an epoch, to go on later.")
@common
def train(
    config: Path,
    network: str,
    output: Path,
    gpu: bool,
    minutes: float | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train a NETWORK of a configuration CONFIG; it goes on where an earlier call stopped."""
    with Console(quiet=quiet, as_json=as_json) as console:
        from fibgap.errors import require

        require("torch", "Training", "train")
        from fibgap.network.__main__ import train as train_network

        status = train_network(config, network, output, gpus=int(gpu), budget=minutes)
        console.result({"status": status, "weights": str(output / f"{network}.safetensors")})
        console.say(f"training ended: {status}")
        console.say(f"written: {output / f'{network}.safetensors'}")
