"""
The command ``daily``: what is new, detected and written down, for one line in cron.
"""

import logging
import sys
import warnings
from contextlib import contextmanager, suppress
from dataclasses import replace
from logging.handlers import RotatingFileHandler

from sunpy_farside.cli import arguments, values
from sunpy_farside.errors import FarsideError
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.text import counted

__all__ = ["add_daily"]

_LOG = "daily.log"
# Size in bytes of a log before the next one begins, and number of earlier ones.
_LOG_SIZE, _LOGS = 1_000_000, 3
_SIMULATED = "The maps are simulated, not observed."
_DEMO_START, _DEMO_MAPS, _DEMO_SEED = "2022-05-01", 18, 9


def add_daily(commands):
    """
    Add the command ``daily``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "daily",
        parents=[arguments.common(), arguments.archive()],
        help="fetch what is new, detect, track and write the bulletin",
        description="Fetch new phase maps and region lists, detect by both methods, track, compare "
        "with JSOC's lists, and write the bulletin. Run it as often as you like.",
    )
    parser.add_argument(
        "--output", type=user_path, metavar="DIR", required=True, help="catalog and bulletin"
    )
    parser.add_argument(
        "--since",
        type=values.time,
        help="date of the first map to fetch (30 days ago, or 14 days before the latest detection)",
    )
    arguments.add_map_product(parser)
    arguments.add_missing(parser)
    parser.add_argument("--offline", action="store_true", help="fetch nothing")
    parser.add_argument("--demo", action="store_true", help="simulated maps, not fetched ones")
    parser.add_argument(
        "--noaa",
        type=user_path,
        nargs="+",
        metavar="SRS",
        help="NOAA's summaries: *SRS.txt, folders or tarballs of them",
    )
    arguments.add_model(parser)
    arguments.add_device(parser)
    alerts = parser.add_argument_group("alerts")
    alerts.add_argument(
        "--alert",
        type=values.not_negative,
        metavar="DAYS",
        help="alert when a persistent region comes round the east limb within so many days",
    )
    alerts.add_argument(
        "--alert-new",
        type=values.between(0, 1),
        metavar="RELIABILITY",
        help="alert when a new persistent region is at least so reliable, from 0 to 1",
    )
    alerts.add_argument(
        "--alert-command",
        metavar="COMMAND",
        help="program to run for each alert, given its text (by default, alerts go to alerts.atom)",
    )
    parser.set_defaults(run=_daily)


def _daily(options):
    from sunpy_farside.bulletin import write_bulletin
    from sunpy_farside.catalog.daily_run import run_day
    from sunpy_farside.cli.bulletin_day import day_of_run
    from sunpy_farside.io.locks import only_run
    from sunpy_farside.simulation.simulation_files import holds_simulation

    output, offline = options.output, options.offline or options.demo
    with _logged(output) as log:
        if options.demo:
            _simulate(output / "maps")
        simulated = holds_simulation(output / "maps")
        if simulated and not offline:
            msg = (
                f"{output}: expected a folder of observed maps, found simulated ones of --demo. "
                "Choose another output folder."
            )
            raise FarsideError(msg)
        run = run_day(
            output,
            product=options.product or "phase_map",
            missing=options.missing,
            since=options.since,
            offline=offline,
            noaa=options.noaa,
            url=options.url,
            email=options.email,
            model=options.model,
            device=options.device,
            progress=sys.stderr.isatty(),
        )
        for note in run.notes:
            log.warning(note)
        day = day_of_run(run, current=not offline)
        if day is not None and simulated:
            day = replace(day, notes=(_SIMULATED, *day.notes))
        if day is None:
            line = _nothing(output / "maps", options.product or "phase_map", offline)
        else:
            with only_run(output):
                write_bulletin(output, day)
                alerts = _alert(output, day.date, options, log)
            line = f"{_summary(run, day)}{alerts}: {output / 'bulletin.html'}"
        log.info(line)
    print(line)
    if run.notes:
        msg = f"{counted(len(run.notes), 'problem')}, see {output / _LOG}. {run.notes[0]}"
        raise ConnectionError(msg)


def _nothing(folder, product, offline):
    """
    Return the line about a catalog without a date.
    """
    from sunpy_farside.io.folders import count_maps
    from sunpy_farside.products import PRODUCTS
    from sunpy_farside.utils.text import counted

    number = count_maps(folder, product)
    if number:
        return f"no sequence of eleven maps yet: {counted(number, 'map')} in {folder}"
    pattern = PRODUCTS[product].pattern
    remedy = " Put maps there, or fetch them without --offline." if offline else ""
    return f"no maps of {product} yet: looked for {pattern} in {folder}.{remedy}"


class _Log(RotatingFileHandler):
    """
    Log that fails silently: a run does not end for want of a log.
    """

    def handleError(self, record):
        pass

    def close(self):
        with suppress(OSError):
            super().close()


@contextmanager
def _logged(output):
    """
    Write warnings and errors of a block to a log in a new or existing folder, and yield the logger.
    """
    log = logging.Logger("sunpy_farside.daily", logging.INFO)
    try:
        output.mkdir(parents=True, exist_ok=True)
        handler = _Log(output / _LOG, maxBytes=_LOG_SIZE, backupCount=_LOGS, encoding="utf-8")
    except OSError as error:
        msg = (
            f"{output}: expected a folder that can be written, found that it cannot "
            f"({error.strerror}). Choose another output folder, or change the permissions."
        )
        raise OSError(msg) from error
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    formatter.default_msec_format = None
    handler.setFormatter(formatter)
    log.addHandler(handler)

    def write(message, _category, *_args, **_kwargs):
        log.warning(" ".join(str(message).split()))

    shown = warnings.showwarning
    warnings.showwarning = write
    try:
        yield log
    except BaseException as error:
        log.error(" ".join(str(error).split()) or type(error).__name__)
        raise
    finally:
        warnings.showwarning = shown
        handler.close()


def _simulate(folder):
    from sunpy_farside.simulation import simulate_maps
    from sunpy_farside.simulation.simulation_files import write_simulation

    write_simulation(simulate_maps(_DEMO_START, _DEMO_MAPS, seed=_DEMO_SEED).maps, folder)


def _summary(run, day):
    import numpy as np

    tracks = day.series[0].tracks.tracks
    latest = tracks[tracks["last_date"] == tracks["last_date"].max()] if len(tracks) else tracks
    persistent = int(np.sum(latest["persistent"])) if len(latest) else 0
    last = day.series[0].tracks.members.meta["dates"][-1][:16]
    new, regions = counted(len(run.new), "new date"), counted(len(latest), "region")
    return f"{new} up to {last}, {regions}, {persistent} persistent"


def _alert(output, date, options, log):
    """
    Give the alerts that are due, and return their number as a part of the summary.
    """
    from sunpy_farside.catalog.alerts import append_to_feed, give_alerts, run_command

    if options.alert is None and options.alert_new is None:
        return ""
    command = options.alert_command

    def give(alert):
        log.info(alert.text)
        if command:
            run_command(command, alert)
        else:
            append_to_feed(output / "alerts.atom", alert)

    number = give_alerts(
        output, give, within=options.alert, reliability=options.alert_new, now=date
    )
    return f", {counted(number, 'alert')}"
