"""
The command ``simulate``: maps with known regions.
"""

from sunpy_farside.cli import arguments, values
from sunpy_farside.utils.content import user_path

__all__ = ["add_simulate"]


def add_simulate(commands):
    """
    Add the command ``simulate``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "simulate",
        parents=[arguments.common()],
        help="write simulated phase maps with known regions",
        description="Write simulated phase maps and, in truth.ecsv, the regions behind them.",
    )
    parser.add_argument("start", type=values.time, help="date of the first map")
    parser.add_argument("number", type=values.positive, help="number of maps, 12 hours apart")
    parser.add_argument(
        "--output", type=user_path, metavar="DIR", required=True, help="folder of the maps"
    )
    parser.add_argument(
        "--seed", type=values.natural, default=1, help="the same seed gives the same maps (1)"
    )
    parser.add_argument(
        "--activity",
        type=values.between(0, 1.2),
        default=0.6,
        help="level of activity from 0, a quiet Sun, to 1, a strong maximum, at most 1.2 (0.6)",
    )
    arguments.add_sun(parser)
    arguments.add_scheduler(parser)
    parser.set_defaults(run=_simulate)


def _simulate(options):
    from sunpy_farside.simulation import simulate_maps
    from sunpy_farside.simulation.simulation_files import write_simulation
    from sunpy_farside.simulation.suns import load_sun

    simulated = simulate_maps(
        options.start,
        options.number,
        seed=options.seed,
        activity=options.activity,
        sun=load_sun(**arguments.sun_settings(options) or {}),
        scheduler=options.scheduler,
    )
    middle = simulated.maps[len(simulated.maps) // 2].date
    write_simulation(simulated.maps, options.output, simulated.regions(middle))
    print(
        f"{options.number} simulated phase maps and truth.ecsv ({middle.isot[:16]}): "
        f"{options.output}"
    )
