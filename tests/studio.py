"""The example studio and filled-in briefs of its services."""

from tests.models.briefing import FOLDER, SERVICES, an_answer, the_company

__all__ = ["FOLDER", "SERVICES", "an_answer", "answers_for", "the_company"]


def answers_for(service: str) -> dict:
    """A plain, fully answered brief."""
    return {question.slug: an_answer(question) for question in the_company().briefs[service].questions if question.type != "file"}
