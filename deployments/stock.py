"""`python -m deployments.stock > deployments/prefect.yaml`: every flow for a stock work pool of Prefect, as `prefect deploy` reads it."""

from datetime import timedelta

from deployments.serve import FLOWS, HOUSEKEEPING, deployment_of

HEAD = """\
# Every flow for a stock work pool of Prefect: a process, a container or a Kubernetes job for each run. Written by deployments/stock.py.
# Which kind is one word, in `pool` below. In the folder of the project, with STUDIO_WORKER=stock for our worker, and for this command ZONE,
# the studio's zone, and COMPANY, the host's folder of its set-up (docs/scale.md tells the rest):
#
#   prefect work-pool create studio-process --type process
#   prefect --no-prompt deploy --all --prefect-file deployments/prefect.yaml
#
# Anybody reads job variables in the UI: settings of the installation stand in secrets.env below STUDIO_HOME, where runs find them. One whose
# mail, payments or addresses are not the worker's does nothing.

name: studioflow
pull: []  # the code is where the run is: beside the worker, or in the image

definitions:
  lines: &lines  # as STUDIO_LOG=text; for json the class is models.logs.Json
    PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER: json
    PREFECT_LOGGING_FORMATTERS_JSON_CLASS: models.logs.Text
    PREFECT_LOGGING_FORMATTERS_JSON_FORMAT: "%(message)s"
  process: &process
    name: studio-process
    job_variables:
      env: *lines
  docker: &docker
    name: studio-docker
    job_variables:
      image: studioflow:latest
      image_pull_policy: IfNotPresent
      auto_remove: true
      networks: [studioflow_default]
      volumes: ["studioflow_home:/var/lib/studioflow", "{{ $COMPANY }}:/etc/studioflow:ro"]
      env: {<<: *lines, STUDIO_HOME: /var/lib/studioflow, STUDIO_COMPANY: /etc/studioflow}
  kubernetes: &kubernetes
    name: studio-kubernetes
    job_variables:
      image: studioflow:latest
      image_pull_policy: IfNotPresent
      namespace: studioflow
      finished_job_ttl: 600
      env: {<<: *lines, STUDIO_HOME: /var/lib/studioflow, STUDIO_COMPANY: /etc/studioflow}
  pool: &pool
    <<: *process

deployments:
"""


def text() -> str:
    """The file, whole."""
    return HEAD + "".join(_line(str(deployment_of(one).entrypoint), one.name, HOUSEKEEPING.get(one), deployment_of(one).tags[0]) for one in FLOWS)


def _line(entrypoint: str, name: str, often: timedelta | str | None, tag: str) -> str:
    when = ""
    if isinstance(often, str):
        when = f', schedules: [{{cron: "{often}", timezone: "{{{{ $ZONE }}}}"}}]'
    elif often:
        when = f", schedules: [{{interval: {often.total_seconds():.0f}}}]"
    return f"  - {{name: {name}, entrypoint: {entrypoint}, tags: [{tag}], work_pool: *pool{when}}}\n"


if __name__ == "__main__":
    print(text(), end="")
