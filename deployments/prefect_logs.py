"""How Prefect's own lines are written: as all of ours (`models.logs`), in the processes that Prefect starts by itself as well."""


def as_ours(kind: str) -> dict[str, str]:
    """The variables with which Prefect, as soon as it is imported, writes `text` or `json` lines of ours to its console.

    Of the formatters in its logging.yml only `json` is named by a class, so that one is made ours; the format is then not used.
    """
    return {
        "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER": "json",
        "PREFECT_LOGGING_FORMATTERS_JSON_CLASS": f"models.logs.{'Json' if kind == 'json' else 'Text'}",
        "PREFECT_LOGGING_FORMATTERS_JSON_FORMAT": "%(message)s",
    }
