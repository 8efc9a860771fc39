"""Prepare: the configurations, the rules and the baselines of a run."""

from __future__ import annotations

from pathlib import Path

from ..options.config import ConfigError
from ..settings import declare_secrets
from .state import Run


def prepare(run: Run, paths: list[Path]) -> bool:
    """Read the configurations, rules and baselines that files need; False, with errors logged, if one has a mistake."""
    options, log = run.options, run.log
    configs = run.choices.prepare(paths)
    if log.errors:
        return False
    declare_secrets(name for config in configs for name in config.secret_names)
    if options.baseline or options.write_baseline or (not options.without_baseline and any(config.baseline for config in configs)):
        from ..acceptance.baseline import read_baselines  # only where there is one

        try:
            terms = {"by": options.by, "until": options.until, "since": options.today}
            run.baselines.update(read_baselines(configs, options.baseline, options.write_baseline, terms))
        except ConfigError as error:
            log.error(str(error))
    read = [baseline.path for baseline in run.baselines.values() if baseline.new is None]
    for path in read:
        log.read(path)
    if options.fail_on_stale_baseline and not log.errors and not read:
        log.error("--fail-on-stale-baseline: there is no baseline: name one with --baseline, or in the configuration")
    return not log.errors
